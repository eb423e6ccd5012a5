"""Paired bootstrap: the difference of two runs with a confidence interval.

Questions are resampled, so each sample has the same questions on both sides (Efron and Tibshirani
1993; Sakai 2006 for rankings). The seed is fixed, so results are reproducible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DRAWS = 10_000
CONFIDENCE = 0.95
_SEED = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of after minus before over `count` questions, with its interval."""

    mean: float
    low: float
    high: float
    count: int


def signed(value: float, digits: int = 4) -> str:
    """A difference with its sign; one that rounds to zero is shown as `+0.0000`."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def paired(before: Sequence[float], after: Sequence[float]) -> Difference:
    """The difference of two runs over the same questions, in the same order."""
    import numpy as np

    if len(before) != len(after) or not before:
        raise ValueError("a paired comparison needs the same questions on both sides")
    change = np.asarray(after) - np.asarray(before)
    if not change.any():
        return Difference(0.0, 0.0, 0.0, len(change))
    rng = np.random.default_rng(_SEED)
    means = change[rng.integers(0, len(change), (DRAWS, len(change)))].mean(axis=1)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Difference(float(change.mean()), float(low), float(high), len(change))
