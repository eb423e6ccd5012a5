"""What the query log says of each measure, day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from evals.drift.report import Measure
from rag.domain.feedback import Asked


class Value(NamedTuple):
    """A value of a measure, on its day (UTC)."""

    day: date
    value: float


class DayQuestion(NamedTuple):
    """A question on its day (UTC)."""

    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Samples:
    """`questions` have texts only where the query log keeps them."""

    requests: Sequence[date]
    questions: Sequence[DayQuestion]
    values: dict[Measure, list[Value]] = field(default_factory=dict)


def samples_of(
    asked: Iterable[Asked],
    verdicts: Iterable[tuple[datetime, int]],
    unknown_share: Callable[[str], float | None],
) -> Samples:
    """The values of each measure.

    The same question of the same principal counts once a day where its text or hash is kept:
    scripts and clients that ask again would outweigh everybody else.
    """
    once = _once_a_day(asked)
    values: dict[Measure, list[Value]] = {measure: [] for measure in Measure}
    questions = []
    for one in once:
        day = _day(one.at)
        values[Measure.NO_RESULT].append(Value(day, float(one.no_result)))
        for measure, value in (
            (Measure.SCORE, one.score),
            (Measure.SIMILARITY, one.similarity),
            (Measure.CONFIDENCE, one.confidence),
            (Measure.OPENED_RANK, one.opened_rank),
        ):
            if value is not None:
                values[measure].append(Value(day, float(value)))
        if one.question:
            questions.append(DayQuestion(day, one.question))
            if (share := unknown_share(one.question)) is not None:
                values[Measure.UNKNOWN_WORDS].append(Value(day, share))
    values[Measure.NEGATIVE_FEEDBACK] = [
        Value(_day(at), float(score < 0)) for at, score in verdicts
    ]
    return Samples([_day(one.at) for one in once], questions, values)


def first_days(today: date, recent_days: int, reference_days: int) -> tuple[date, date]:
    """The first day of the reference window and of the recent one, which ends yesterday."""
    recent = today - timedelta(days=recent_days)
    return recent - timedelta(days=reference_days), recent


def _once_a_day(asked: Iterable[Asked]) -> list[Asked]:
    found: dict[object, Asked] = {}
    for one in asked:
        question = one.question or one.question_hash
        key = (one.principal, _day(one.at), question) if question else (one.principal, one.id)
        found.setdefault(key, one)
    return list(found.values())


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
