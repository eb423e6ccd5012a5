"""The deterministic faithfulness: what it sees, and how it agrees with labels set by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.faithfulness import LEAST_FAITHFUL, FaithfulnessChecker, told_by_pages
from tests.fakes import HashingEmbedder

PAIRS = Path(__file__).parents[2] / "evals" / "suites" / "faithfulness.jsonl"
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
    assert score(answer) >= LEAST_FAITHFUL


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
    assert score(answer) < LEAST_FAITHFUL
    assert FaithfulnessChecker(HashingEmbedder()).check(answer, CONTEXT).reasons


@pytest.mark.parametrize("first", [1, 100_000])
def test_where_is_looked_first_decides_nothing(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()[:40]]
    contexts = [text for pair in pairs for text in pair["context"]]
    usual = FaithfulnessChecker(HashingEmbedder())
    told = [usual.check(pair["answer"], contexts) for pair in pairs]
    monkeypatch.setattr("evals.faithfulness._LOOKED_AT_FIRST", first)
    other = FaithfulnessChecker(HashingEmbedder())
    other.expect((pair["answer"], contexts) for pair in pairs)
    assert [other.check(pair["answer"], contexts) for pair in pairs] == told


def test_nothing_is_faithful_to_nothing() -> None:
    assert FaithfulnessChecker(HashingEmbedder()).check("Restart it.", []).score == 0.0


def test_the_projects_own_words_do_not_count() -> None:
    assert told_by_pages("### Mitigation\n\nWait. [1] _(stale)_\n\n> 3 gaps") == "Wait."


def test_agreement_with_labels_set_by_hand_keeps_its_floor() -> None:
    """What docs/evals.md reports with the real model; names decide, and wording hardly counts."""
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    checker = FaithfulnessChecker(HashingEmbedder())
    told = [(checker.check(one["answer"], one["context"]).score, one["faithful"]) for one in pairs]
    good = [value for value, faithful in told if faithful]
    bad = [value for value, faithful in told if not faithful]
    assert len(pairs) >= 120
    wins = sum((one > other) + 0.5 * (one == other) for one in good for other in bad)
    assert wins / len(good) / len(bad) >= 0.65
    assert sum(value < LEAST_FAITHFUL for value in bad) >= 55
    assert sum(value < LEAST_FAITHFUL for value in good) <= 0.03 * len(good)
