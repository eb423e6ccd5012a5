"""Support: what a sentence owes to what it cites."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.faithfulness.support import Support, SupportChecker, passage_units
from rag.text.markdown import markdown_text
from tests.answers import WideEmbedder

PASSAGE = """\
Restart the payment worker when the queue stops for 5 minutes. Never delete the payment queue.

1. Set the limit to 20 % before the night run:

   ```bash
   kubectl -n payments scale deploy/payment-worker --replicas=3
   ```
"""


def support(sentence: str, passages: Sequence[str]) -> Support:
    return SupportChecker(WideEmbedder()).check(
        sentence, [markdown_text(passage) for passage in passages]
    )


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
    checked = support(sentence, ["Something else.", PASSAGE])
    assert checked.supported
    assert checked.passage == 1


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
    checked = support(sentence, [PASSAGE])
    assert not checked.supported
    assert any(reason in why for why in checked.reasons)


def test_nothing_is_supported_by_nothing_or_by_something_else() -> None:
    assert support("Restart it.", []).reasons == ("cites nothing",)
    assert not support("Bananas are yellow fruit.", [PASSAGE]).supported


def test_a_name_counts_wherever_it_stands_in_all_that_is_cited() -> None:
    both = ["The queue stops at night.", "Its worker is payment-worker."]
    checked = support("The queue of payment-worker stops at night.", both)
    assert checked.reasons == ()


SOURCE = """\
Publish the new key, wait 24 hours, sign with it, and remove the old one.

- Do not raise `gateway.timeout` above 8 s. Checkout gives up at 10 s.
- Only the commander lowers the level; the service's on-call is told after the change.
- `north` gets 0 and `south` gets 100. A payment without an order is reported.
- The block is lifted automatically as soon as the node is under the high watermark.

```bash
kubectl -n orders rollout undo deploy/api
kubectl -n orders rollout status deploy/api --timeout=120s
```
"""


@pytest.mark.parametrize(
    "sentence",
    [
        "Keep `gateway.timeout` at 8 s or less.",
        "Raising `gateway.timeout` above 8 s would be wrong, checkout gives up at 10 s.",
        "Publish the new key and wait one day before you sign with it.",
        "Run `kubectl -n orders rollout undo deploy/api`, then watch `rollout status`.",
        "An order is lacking where a payment without an order is reported.",
        "The level is lowered by the commander only.",
        "`south` gets 100, `north` gets 0.",
    ],
)
def test_a_paraphrase_has_no_fault(sentence: str) -> None:
    assert support(sentence, [SOURCE]).reasons == ()


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Raise `gateway.timeout` above 8 s.", "is not negated"),
        ("`gateway.timeout` may be raised above 8 s.", "is not negated"),
        ("Keep `gateway.timeout` above 8 s.", "bounded from the other side"),
        ("Keep `gateway.timeout` at 10 s, checkout gives up at 8 s.", "are exchanged in"),
        ("Checkout gives up at 10 minutes.", "another unit"),
        ("`north` gets 100 and `south` gets 0.", "are exchanged in"),
        ("Sign with the new key, wait 24 hours, publish it, remove the old one.", "listed before"),
        ("The service's on-call is checked before the change.", "comes before"),
        ("First `rollout status`, then `rollout undo`.", "comes before"),
        ("An order without a payment is reported.", "the other way round"),
        ("The block is lifted manually as soon as the node is under it.", "says manually"),
        ("The block is lifted automatically as soon as the node is under the flood.", "says flood"),
        ("Anybody lowers the level.", "of everything"),
        ("Checkout gives up at 10 s except at night.", "an exception"),
        ("Run `kubectl -n payments rollout undo deploy/api`.", "payments is not in"),
        ("Run `kubectl -n orders undo rollout deploy/api`.", "are not adjacent"),
        ("Undo the rollout in the namespace payments.", "payments is not in"),
    ],
)
def test_what_changed_sides_places_or_names_is_a_fault(sentence: str, reason: str) -> None:
    checked = support(sentence, [SOURCE])
    assert any(reason in why for why in checked.reasons), checked.reasons


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
def test_any_text_can_be_checked(sentence: str, passages: list[str]) -> None:
    checked = support(sentence, passages)
    assert 0.0 <= checked.score <= 1.0
    assert -1 <= checked.passage < max(1, len(passages))


@given(
    st.lists(st.sampled_from(list(passage_units(markdown_text(SOURCE)))), min_size=1, max_size=4)
)
def test_what_stands_there_is_supported_wherever_it_stands(units: list[str]) -> None:
    passage = "\n\n".join(units)
    assert all(support(unit, ["Else.", passage]).score == 1.0 for unit in units)
