"""The result of a comparison of two windows. It has numbers only: no question and no vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Measure(StrEnum):
    """What is compared. The values are labels of metrics."""

    QUESTIONS = "questions"
    UNKNOWN_WORDS = "unknown_words"
    SCORE = "score"
    SIMILARITY = "similarity"
    CONFIDENCE = "confidence"
    NO_RESULT = "no_result"
    OPENED_RANK = "opened_rank"
    NEGATIVE_FEEDBACK = "negative_feedback"


DESCRIPTIONS = {
    Measure.QUESTIONS: "the subjects of questions, by their embeddings",
    Measure.UNKNOWN_WORDS: "share of words that no document contains",
    Measure.SCORE: "score of the first hit",
    Measure.SIMILARITY: "cosine of the question and its nearest hit",
    Measure.CONFIDENCE: "probability that the first document answers",
    Measure.NO_RESULT: "share of questions that no document answers",
    Measure.OPENED_RANK: "rank of the first document that was opened",
    Measure.NEGATIVE_FEEDBACK: "share of feedback that is negative",
}


@dataclass(frozen=True, slots=True)
class Window:
    """Complete days (UTC) from `first` to `last`, and the requests in them."""

    first: date
    last: date
    requests: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure in both windows.

    `recent` and `reference` are means of days, None for the subjects of questions. `difference` is
    the statistic: the Kolmogorov-Smirnov distance, or the squared maximum mean discrepancy.
    `p_value` is multiplied by the number of measures compared. `daily` has a value for each day
    with data: its mean, or for the subjects of questions its distance from the reference window.
    `not_compared` says why there is no difference.
    """

    measure: Measure
    values_recent: int
    values_reference: int
    recent: float | None = None
    reference: float | None = None
    difference: float | None = None
    p_value: float | None = None
    drifted: bool = False
    daily: Mapping[date, float] | None = None
    not_compared: str | None = None


@dataclass(frozen=True, slots=True)
class DriftReport:
    """`made_at` is an ISO time in UTC; `alpha` is the probability of a false alarm of a run."""

    made_at: str
    recent: Window
    reference: Window
    alpha: float
    comparisons: tuple[Comparison, ...]

    @property
    def drifted(self) -> tuple[Measure, ...]:
        """The measures that differ."""
        return tuple(one.measure for one in self.comparisons if one.drifted)
