"""Ragas' metrics with a judge in a process of its own, well-behaved and not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from evals.metrics.judged_metrics import JUDGED, Judge, JudgedMetrics
from evals.metrics.ragas_metrics import FAITHFULNESS, RagasMetrics
from evals.metrics.scoring import QuestionResult, Scored
from evals.running.system import Observation, Response
from evals.suite.suite import GoldPassage
from tests.eval_cases import asked, cited, passage, question
from tests.fakes import HashingEmbedder
from tests.processes import ROOT, environment

TEXT = "Restart the broker with `systemctl restart kafka`."


def answered(text: str = TEXT, reference: str = TEXT) -> QuestionResult:
    passages = [GoldPassage("a.md", "systemctl restart kafka")]
    of = question(passages=passages, reference=reference)
    found = passage("a.md", text=TEXT)
    response = Response(text, False, (cited("a.md"),))
    return asked(of, Observation((found,), False, 1.0, response, context=(TEXT,)))


@contextmanager
def judged_by(behaviour: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.judge_server", behaviour]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.terminate()


def scored(behaviour: str, timeout: float = 20.0) -> Scored:
    with judged_by(behaviour) as url:
        judge = Judge(url, "judge", timeout=timeout)
        return JudgedMetrics(judge, HashingEmbedder()).score([answered()])


def test_a_good_judge_scores_every_metric() -> None:
    found = scored("good")
    assert found.unmeasured == ()
    assert set(found.scores["q1"]) == set(JUDGED)
    assert found.scores["q1"]["faithfulness"] == 1.0
    assert found.scores["q1"]["context_recall"] == 1.0
    assert found.scores["q1"]["context_precision"] == pytest.approx(1.0)
    assert found.scores["q1"]["noise_sensitivity"] == 0.0


def test_a_question_without_a_reference_is_judged_by_what_needs_none() -> None:
    with judged_by("good") as url:
        found = JudgedMetrics(Judge(url, "judge", repeats=1), HashingEmbedder()).score(
            [answered(reference="")]
        )
    assert found.unmeasured == ()
    assert set(found.scores["q1"]) == {"faithfulness", "response_relevancy"}


@pytest.mark.parametrize(
    ("behaviour", "reasons"),
    [
        ("hanging", {"timed out"}),
        ("malformed", {"malformed answer"}),
        ("broken", {"HTTP 500"}),
    ],
)
def test_a_judge_that_misbehaves_leaves_everything_unmeasured(
    behaviour: str, reasons: set[str]
) -> None:
    found = scored(behaviour, timeout=0.5 if behaviour == "hanging" else 20.0)
    assert found.scores["q1"] == {}
    assert {one.metric for one in found.unmeasured} == set(JUDGED)
    assert {one.reason for one in found.unmeasured} == reasons


def test_nan_is_unmeasured_and_no_zero() -> None:
    found = scored("empty")
    lost = {one.metric: one.reason for one in found.unmeasured}
    assert lost["faithfulness"] == "not a number"
    assert "faithfulness" not in found.scores["q1"]


def test_metrics_without_a_judge_score_what_applies() -> None:
    plain = question("q2", reference="")
    found = RagasMetrics(HashingEmbedder(), HashingEmbedder()).score(
        [answered(), asked(plain, Observation((passage("b.md"),), False, 1.0))]
    )
    assert found.unmeasured == ()
    assert found.scores["q1"].keys() == {
        "id_based_context_precision",
        "id_based_context_recall",
        "non_llm_context_precision_with_reference",
        "non_llm_context_recall",
        "semantic_similarity",
        FAITHFULNESS,
    }
    assert found.scores["q1"]["non_llm_context_recall"] == 1.0
    assert found.scores["q1"][FAITHFULNESS] == 1.0
    assert found.scores["q2"] == {
        "id_based_context_precision": 0.0,
        "id_based_context_recall": 0.0,
    }
