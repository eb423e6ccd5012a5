"""Correction of words that are one letter away from a word that can be found."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.access.acl import AccessFilter
from rag.retrieval.spelling import SpellingCorrector, spellings_one_edit_away

EVERYTHING = AccessFilter(frozenset(), everything=True)


class Words:
    """A vocabulary of a few words, each with a count."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    def known(self, words: Sequence[str], *, access: AccessFilter) -> set[str]:
        return {word for word in words if word in self.counts}

    def commonest(self, words: Sequence[str], *, access: AccessFilter) -> str | None:
        found = [word for word in words if word.lower() in self.counts]
        return max(found, key=lambda word: self.counts[word.lower()], default=None)


CORRECTOR = SpellingCorrector(
    Words(restart=3, certificate=2, expired=1, kubenodenotready=1, node=5),
    lambda word: word == "restate",
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("how do I restrat it", "how do I restart it"),
        ("the certficate is expierd", "the certificate is expired"),
        ("why is KubeNodeNotRedy firing", "why is KubeNodeNotReady firing"),
        ("restartt the node", "restart the node"),
        ("restarx!", "restart!"),
    ],
)
def test_a_letter_too_few_too_many_exchanged_or_wrong_is_corrected(typed: str, meant: str) -> None:
    assert CORRECTOR.corrected(typed, access=EVERYTHING) == meant


@pytest.mark.parametrize(
    "question",
    [
        "restart the node",
        "restate the node",  # an ordinary word
        "nodd",  # short words have too many neighbours
        "look at /srv/restrat/node.log on restrat.example.org",
        "restrat-3 and restrat_count",
        "ein Zertifikat erneuern bitte sofort restrat",  # another language
    ],
)
def test_what_is_no_misspelling_stays(question: str) -> None:
    assert CORRECTOR.corrected(question, access=EVERYTHING) == question


def test_edits_keep_the_first_letter() -> None:
    assert all(edit.startswith("k") for edit in spellings_one_edit_away("kafka"))
