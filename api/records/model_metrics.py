"""What Prometheus may know of answers and of the model that writes them.

Labels are bounded: `model` is the configured one or `extractive`, `prompt` a version that is
installed, with the hash of its text.
"""

from __future__ import annotations

import threading
from collections import deque

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rag.ports import AnswerOutcome, ModelCall

# Seconds. A model takes from a fraction of a second to its deadline.
_LATENCY_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)
_RATE_OVER = 100


class ModelMetrics:
    """The metrics of the answer path, in the registry that they are given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._latency = Histogram(
            "runbook_model_latency_seconds",
            "Wall time of one call of the language model, from prompt to last token or failure.",
            ("model",),
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self._tokens_in = Counter(
            "runbook_tokens_in_total",
            "Tokens that the language model read.",
            ("model",),
            registry=registry,
        )
        self._tokens_out = Counter(
            "runbook_tokens_out_total",
            "Tokens that the language model wrote.",
            ("model",),
            registry=registry,
        )
        self._calls = Counter(
            "runbook_model_calls_total",
            "Calls of the language model, by how they ended; alert on a rate of these.",
            ("model", "outcome"),
            registry=registry,
        )
        # A rate over time is made from the counter; this one is for a glance, and counts calls.
        # Of several workers it shows the one that fails most.
        self._error_rate = Gauge(
            "runbook_llm_error_rate",
            f"Share of the last {_RATE_OVER} calls of the language model that failed, 0 to 1.",
            registry=registry,
            multiprocess_mode="max",
        )
        self._answers = Counter(
            "runbook_answers_total",
            "Answers given, by who wrote them, the prompt in use, and how they turned out.",
            ("model", "prompt", "prompt_hash", "outcome"),
            registry=registry,
        )
        self._statements = Counter(
            "runbook_answer_faults_total",
            "Statements that no citation supports, and commands that were struck out.",
            ("fault",),
            registry=registry,
        )
        for fault in ("unsupported", "struck"):
            self._statements.labels(fault)
        self._lock = threading.Lock()
        self._last: deque[bool] = deque(maxlen=_RATE_OVER)

    def called(self, call: ModelCall) -> None:
        self._latency.labels(call.model).observe(call.seconds)
        self._tokens_in.labels(call.model).inc(call.usage.tokens_in)
        self._tokens_out.labels(call.model).inc(call.usage.tokens_out)
        self._calls.labels(call.model, "failed" if call.failed else "done").inc()
        with self._lock:
            self._last.append(call.failed)
            self._error_rate.set(sum(self._last) / len(self._last))

    def answered(self, outcome: AnswerOutcome) -> None:
        outcome_label = "fell_back" if outcome.fell_back else "answered"
        self._answers.labels(
            outcome.model,
            outcome.prompt,
            outcome.prompt_hash,
            "abstained" if outcome.abstained else outcome_label,
        ).inc()
        self._statements.labels("unsupported").inc(outcome.unsupported)
        self._statements.labels("struck").inc(outcome.struck)
