"""Support: what a sentence owes to what it cites."""

from __future__ import annotations

import pytest

from rag.support import support
from tests.answers import WideEmbedder

PASSAGE = """\
Restart the payment worker when the queue stops for 5 minutes. Never delete the payment queue.

1. Set the limit to 20 % before the night run:

   ```bash
   kubectl -n payments scale deploy/payment-worker --replicas=3
   ```
"""


@pytest.mark.parametrize(
    "sentence",
    [
        "Restart the payment worker when the queue stops for 5 minutes.",
        "Restart the **payment worker** when the queue stops for five minutes [1].",
        "Never delete the payment queue.",
        "Set the limit to 20 % before the night run:",
        "kubectl -n payments scale deploy/payment-worker --replicas=3",
    ],
)
def test_what_the_passage_says_is_supported(sentence: str) -> None:
    told = support(sentence, ["Something else.", PASSAGE], WideEmbedder())
    assert told.supported
    assert told.passage == 1


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Restart the payment worker when the queue stops for 50 minutes.", "50 is not in"),
        ("Restart the payment worker when the queue stops for 5 seconds.", "another unit"),
        ("Delete the payment queue.", "negated"),
        ("Do not restart the payment worker when the queue stops for 5 minutes.", "negated"),
        ("Set the limit to 20 % after the night run.", "says after"),
        ("Scale deploy/payment-worker with `--replicas=30`.", "--replicas=30 is not in"),
        ("Restart the `billing-worker` when the queue stops.", "billing-worker is not in"),
    ],
)
def test_what_was_changed_is_named(sentence: str, reason: str) -> None:
    told = support(sentence, [PASSAGE], WideEmbedder())
    assert not told.supported
    assert any(reason in why for why in told.reasons)


def test_nothing_is_supported_by_nothing_or_by_something_else() -> None:
    assert support("Restart it.", [], WideEmbedder()).reasons == ("cites nothing",)
    assert not support("Bananas are yellow fruit.", [PASSAGE], WideEmbedder()).supported


def test_a_name_counts_wherever_it_stands_in_all_that_is_cited() -> None:
    both = ["The queue stops at night.", "Its worker is payment-worker."]
    told = support("The queue of payment-worker stops at night.", both, WideEmbedder())
    assert told.reasons == ()
