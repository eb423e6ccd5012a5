"""The deterministic faithfulness: what it sees, and how it agrees with labels set by hand."""

from __future__ import annotations

import pytest

from evals.metrics.faithfulness import FaithfulnessChecker, without_program_text
from rag.faithfulness.support import MIN_SUPPORT
from tests.fakes import HashingEmbedder
from tests.labelled_pairs import PAIRS, agreement, pairs

CONTEXT = ["Run `kubectl -n orders rollout undo deploy/api --timeout=120s`, and wait 5 minutes."]


def score(answer: str) -> float:
    return FaithfulnessChecker(HashingEmbedder()).check(answer, CONTEXT).score


@pytest.mark.parametrize(
    "answer",
    [
        "Run `kubectl -n orders rollout undo deploy/api`, and wait 5 minutes.",
        "### Mitigation\n\nWait 5 minutes. [1]\n\n> 12 pages are stale",
    ],
)
def test_what_stands_in_the_context_is_faithful(answer: str) -> None:
    assert score(answer) >= MIN_SUPPORT


@pytest.mark.parametrize(
    "answer",
    [
        "Run `kubectl -n payments rollout undo deploy/api`.",
        "Run `kubectl -n orders rollout undo deploy/api --force`.",
        "Run `kubectl -n orders undo rollout deploy/api`.",
        "Wait 15 minutes after `rollout undo`.",
        "See also PGW-504 in the handbook.",
    ],
)
def test_a_swapped_name_flag_number_or_order_is_not(answer: str) -> None:
    assert score(answer) < MIN_SUPPORT
    assert FaithfulnessChecker(HashingEmbedder()).check(answer, CONTEXT).reasons


def test_nothing_is_faithful_to_nothing() -> None:
    assert FaithfulnessChecker(HashingEmbedder()).check("Restart it.", []).score == 0.0


def test_the_projects_own_words_do_not_count() -> None:
    assert without_program_text("### Mitigation\n\nWait. [1] _(stale)_\n\n> 3 gaps") == "Wait."


@pytest.mark.parametrize(
    "answer",
    [
        "Wait 5 minutes.\n\n```\n...\n```\n\n[1]",
        "```\nRun `kubectl -n orders rollout undo deploy/api`\n\n[1] [12] _(changes something)_",
    ],
)
def test_what_says_nothing_is_not_held_against_an_answer(answer: str) -> None:
    assert score(answer) >= MIN_SUPPORT


def test_what_is_named_is_seen_whatever_embeds_it() -> None:
    checker = FaithfulnessChecker(HashingEmbedder())
    for half in (0, 1):
        measured = agreement(checker, pairs(half))
        named = ("namespace", "flag", "number", "unit", "command", "entity")
        assert sum(measured.missed[kind] for kind in named) <= 0.1 * sum(
            measured.caught[kind] for kind in named
        )


def test_the_halves_are_about_alike_and_hold_every_pair() -> None:
    one, other = pairs(0), pairs(1)
    assert abs(len(one) - len(other)) < 10
    assert not {pair["id"] for pair in one} & {pair["id"] for pair in other}
    assert len(one) + len(other) == len(PAIRS.read_text("utf-8").splitlines())
