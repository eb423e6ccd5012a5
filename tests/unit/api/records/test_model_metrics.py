"""The metrics of answers and models: names of the contract, bounded labels."""

from __future__ import annotations

from api.records.metrics import Metrics
from rag.domain.answers import Usage
from rag.ports import AnswerOutcome, ModelCall
from tests.unit.api.records.test_metrics import samples


def call(*, failed: bool) -> ModelCall:
    return ModelCall("m", 1.0, 0.7, Usage(100, 20), failed)


def test_calls_are_timed_and_their_tokens_and_failures_counted() -> None:
    metrics = Metrics()
    for failed in (False, False, False, True):
        metrics.model_called(call(failed=failed))
    found = samples(metrics)
    assert found[("runbook_model_latency_seconds_count", "model=m")] == 4
    assert found[("runbook_model_latency_seconds_bucket", "le=0.5", "model=m")] == 0
    assert found[("runbook_tokens_in_total", "model=m")] == 400
    assert found[("runbook_tokens_out_total", "model=m")] == 80
    assert found[("runbook_llm_error_rate",)] == 0.25
    assert found[("runbook_model_calls_total", "model=m", "outcome=failed")] == 1


def test_the_error_rate_forgets_old_calls() -> None:
    metrics = Metrics()
    metrics.model_called(call(failed=True))
    for _ in range(100):
        metrics.model_called(call(failed=False))
    assert samples(metrics)[("runbook_llm_error_rate",)] == 0


def test_answers_are_counted_by_model_prompt_and_outcome() -> None:
    metrics = Metrics()
    outcome = AnswerOutcome("m", "answer@1", "abc", 1.0, 0.5, False, True, 10, 3, 2, 1)
    metrics.answer_given(outcome)
    found = samples(metrics)
    labels = ("model=m", "outcome=fell_back", "prompt=answer@1", "prompt_hash=abc")
    assert found[("runbook_answers_total", *labels)] == 1
    assert found[("runbook_answer_faults_total", "fault=unsupported")] == 2
    assert found[("runbook_answer_faults_total", "fault=struck")] == 1
