"""One log line for each answer: who wrote it, with which prompt, and how it went."""

from __future__ import annotations

import structlog

from rag.domain.search import Mode
from rag.ports import AnswerOutcome, ModelCall

log = structlog.stdlib.get_logger(__name__)


class AnswerLog:
    """The observer that logs answers; it is told no question, text or path, and so logs none."""

    def searched(self, mode: Mode, seconds: float, no_result: bool) -> None:
        """The request's own line and the metrics tell of searches."""

    def refused(self, count: int) -> None:
        """The audit log and the metrics tell of these."""

    def model_called(self, call: ModelCall) -> None:
        """The answer's line tells who wrote it; calls are counted and timed by the metrics."""

    def answer_given(self, outcome: AnswerOutcome) -> None:
        log.info(
            "answer",
            model=outcome.model,
            prompt=outcome.prompt,
            prompt_hash=outcome.prompt_hash,
            ms=round(outcome.seconds * 1000, 1),
            abstained=outcome.abstained,
            fell_back=outcome.fell_back,
            passages=outcome.passages,
            citations=outcome.citations,
            unsupported=outcome.unsupported,
            struck=outcome.struck,
        )
