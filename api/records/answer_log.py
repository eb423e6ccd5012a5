"""One log line for each answer: who wrote it, with which prompt, and how it went."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from rag.domain.search import Mode
from rag.ports import AnswerOutcome, ModelCall, Stage

log = structlog.stdlib.get_logger(__name__)


class AnswerLog:
    """Logs answers. It receives no question, text or path, and so logs none."""

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None:
        """Searches are covered by the request's log line and the metrics."""

    def refused(self, count: int) -> None:
        """Covered by the audit log and the metrics."""

    def model_called(self, call: ModelCall) -> None:
        """The answer's line names the model; the metrics count and time calls."""

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
