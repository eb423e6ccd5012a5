"""The comparison of the last days of the query log with those before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.drift.comparing import NOT_KEPT, compare, shifted_questions
from evals.drift.history import MAX_REPORTS, append_report, last_report, past_reports
from evals.drift.report import Comparison, DriftReport, Measure
from evals.drift.samples import Samples, samples_of
from rag.domain.feedback import Asked

NOW = datetime(2026, 6, 1, 3, 17, tzinfo=UTC)
Verdicts = Sequence[tuple[datetime, int]]


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Words hashed into a small vector of unit length."""
    vectors = np.zeros((len(texts), 32), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.split():
            vectors[row, sum(map(ord, word)) % 32] += 1
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float32)


def log(per_day: int = 20, days: int = 28) -> Iterator[Asked]:
    """Requests of the days before NOW, different from each other."""
    generator = np.random.default_rng(4)
    words = ("disk", "broker", "deploy", "login", "queue", "certificate", "latency", "backup")
    for back in range(days, 0, -1):
        for number in range(per_day):
            at = NOW - timedelta(days=back) + timedelta(minutes=number)
            first, second = generator.choice(words, 2, replace=False)
            yield Asked(
                id=f"{back}-{number}",
                principal=f"key:{number}",
                at=at,
                question=f"{first} and {second}",
                no_result=number % 5 == 0,
                score=0.5 + 0.02 * number,
                similarity=0.4 + 0.01 * number,
                confidence=0.3 + 0.02 * number,
                opened_rank=1 + number % 3,
            )


def recent(one: Asked) -> bool:
    return one.at >= datetime(2026, 5, 25, tzinfo=UTC)


def samples(asked: Sequence[Asked], verdicts: Verdicts = ()) -> Samples:
    return samples_of(asked, verdicts, lambda text: float("zyzzyva" in text))


def report(asked: Sequence[Asked], verdicts: Verdicts = ()) -> DriftReport:
    return compare(samples(asked, verdicts), embed, NOW, 7, 21)


def of(found: DriftReport, measure: Measure) -> Comparison:
    return next(one for one in found.comparisons if one.measure == measure)


def test_weeks_that_are_alike_have_not_drifted() -> None:
    found = report(list(log()))
    assert found.drifted == ()
    assert [one.measure for one in found.comparisons] == list(Measure)
    assert (found.recent.first, found.recent.last) == (date(2026, 5, 25), date(2026, 5, 31))
    assert (found.reference.first, found.reference.last) == (date(2026, 5, 4), date(2026, 5, 24))
    assert (found.recent.requests, found.reference.requests) == (140, 420)
    assert of(found, Measure.NO_RESULT).recent == pytest.approx(0.2)


def test_each_measure_that_changes_is_named() -> None:
    base = list(log())
    asked = [
        replace(
            one,
            question=f"zyzzyva {one.question}",
            no_result=True,
            score=0.1,
            similarity=0.1,
            confidence=0.05,
            opened_rank=9,
        )
        if recent(one)
        else one
        for one in base
    ]
    verdicts = [(one.at, -1 if recent(one) else 1) for one in base[::2]]
    found = report(asked, verdicts)
    assert set(found.drifted) == set(Measure)
    for one in found.comparisons:
        assert one.p_value is not None
        assert one.p_value < 0.01
        assert one.daily is not None
        assert len(one.daily) == 28


def test_a_certain_difference_that_is_too_small_to_matter_is_no_drift() -> None:
    asked = [
        replace(one, no_result=False if recent(one) and one.id.endswith("-5") else one.no_result)
        for one in log(per_day=40)
    ]
    found = of(report(asked), Measure.NO_RESULT)
    assert found.p_value is not None
    assert found.p_value < 0.01
    assert found.difference == pytest.approx(0.025)
    assert not found.drifted


def test_a_question_asked_again_by_the_same_principal_counts_once_a_day() -> None:
    asked = list(log())
    script = [replace(asked[-1], id=f"again-{number}", no_result=True) for number in range(500)]
    assert report([*asked, *script]) == report(asked)
    hashed = [replace(one, question=None, question_hash="same") for one in asked[-20:]]
    assert len(samples([replace(one, principal="key:1") for one in hashed]).requests) == 1
    unkept = [replace(one, question=None) for one in asked[-20:]]
    assert len(samples(unkept).requests) == 20


@pytest.mark.parametrize("hashed", ["a hash", None])
def test_without_questions_the_other_measures_are_compared(hashed: str | None) -> None:
    asked = [
        replace(one, question=None, question_hash=hashed and one.question, no_result=recent(one))
        for one in log()
    ]
    found = report(asked)
    for measure in (Measure.QUESTIONS, Measure.UNKNOWN_WORDS):
        assert of(found, measure).not_compared == NOT_KEPT
    assert found.drifted == (Measure.NO_RESULT,)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ([], "fewer than 30 values"),
        ([one for one in log() if not recent(one)], "fewer than 30 values"),
        (list(log(days=8)), "fewer than 30 values"),
        ([one for one in log(per_day=100) if one.at.day in (7, 27)], "too few days"),
    ],
)
def test_too_little_to_compare_is_said(asked: list[Asked], why: str) -> None:
    found = report(asked)
    assert found.drifted == ()
    reason = of(found, Measure.NO_RESULT).not_compared
    assert reason is not None
    assert why in reason


def test_today_and_days_before_the_reference_window_do_not_count() -> None:
    asked = list(log())
    outside = [
        replace(one, id=f"{one.id}-{days}", at=one.at + timedelta(days=days), no_result=True)
        for one in asked[-20:]
        for days in (1, -40)
    ]
    assert report([*asked, *outside]) == report(asked)


def test_the_questions_that_differ_most_are_of_the_recent_window() -> None:
    asked = [
        replace(one, question="vault sealed") if recent(one) and one.id.endswith("7") else one
        for one in log()
    ]
    found = shifted_questions(samples(asked).questions, embed, NOW, 7, 21, 3)
    assert found[0].text == "vault sealed"
    assert len(found) == 3
    assert shifted_questions(samples([]).questions, embed, NOW, 7, 21, 3) == []


def test_a_report_has_no_question_and_the_newest_are_kept(tmp_path: Path) -> None:
    asked = [replace(one, question=f"{one.question} zyzzyva") for one in log()]
    found = report(asked)
    for number in range(MAX_REPORTS + 5):
        append_report(tmp_path, replace(found, made_at=f"{number}"))
    [file] = tmp_path.iterdir()
    assert "zyzzyva" not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
    kept = past_reports(tmp_path)
    assert [one.made_at for one in (kept[0], kept[-1])] == ["5", f"{MAX_REPORTS + 4}"]
    assert last_report(tmp_path) == kept[-1]
    assert kept[-1].comparisons == found.comparisons
    file.write_text("{not a report\n", encoding="utf-8")
    assert last_report(tmp_path) is None
    assert last_report(tmp_path / "absent") is None
