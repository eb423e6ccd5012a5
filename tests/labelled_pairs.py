"""The pairs of context and answer that ship with labels set by hand, in two fixed halves.

The support check was made on the first half; only figures of the second were looked at, never
its texts. Neighbours share contexts, so the halves are blocks of thirty.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.metrics.faithfulness import FaithfulnessChecker
from rag.faithfulness.support import MIN_SUPPORT

PAIRS = Path(__file__).parents[1] / "evals" / "suites" / "faithfulness.jsonl"
_BLOCK = 30


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a checker agrees with the labels; `caught` and `missed` count by kind of swap."""

    auc: float
    false_alarms: float
    caught: Counter[str]
    missed: Counter[str]

    @property
    def share_caught(self) -> float:
        return self.caught.total() / (self.caught.total() + self.missed.total())

    @property
    def balanced_accuracy(self) -> float:
        return (self.share_caught + 1 - self.false_alarms) / 2


def pairs(half: int) -> list[dict[str, Any]]:
    """The pairs of half 0 or 1."""
    found = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    return [pair for pair in found if (_number(pair) - 1) // _BLOCK % 2 == half]


def agreement(checker: FaithfulnessChecker, observations: Sequence[dict[str, Any]]) -> Agreement:
    scored = [(checker.check(pair["answer"], pair["context"]).score, pair) for pair in observations]
    good = [score for score, pair in scored if pair["faithful"]]
    bad = [score for score, pair in scored if not pair["faithful"]]
    wins = sum((one > other) + 0.5 * (one == other) for one in good for other in bad)
    caught: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for score, pair in scored:
        if not pair["faithful"]:
            (caught if score < MIN_SUPPORT else missed)[pair["swap"]] += 1
    alarms = sum(score < MIN_SUPPORT for score in good) / len(good)
    return Agreement(wins / len(good) / len(bad), alarms, caught, missed)


def _number(pair: dict[str, Any]) -> int:
    return int(pair["id"].split("-")[1])
