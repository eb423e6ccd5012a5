"""Composes the observers of searches and answers: metrics always, traces if configured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from api.settings import Settings
from rag.domain.search import Mode
from rag.ports import AnswerObserver, AnswerOutcome, ModelCall, SearchObserver, Stage

if TYPE_CHECKING:
    from api.records.tracing import Tracing

# Who runs the language model, in OpenTelemetry's words.
_SYSTEMS = {"none": "", "openai": "openai", "ollama": "ollama", "local": "llama_cpp"}


class Observer(SearchObserver, AnswerObserver, Protocol):
    """Told of every search, every answer and every call of a model."""


class Observers:
    """Tells each of them, in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None:
        for observer in self._observers:
            observer.searched(mode, seconds, no_result, stages)

    def refused(self, count: int) -> None:
        for observer in self._observers:
            observer.refused(count)

    def model_called(self, call: ModelCall) -> None:
        for observer in self._observers:
            observer.model_called(call)

    def answer_given(self, outcome: AnswerOutcome) -> None:
        for observer in self._observers:
            observer.answer_given(outcome)


def tracing_to(settings: Settings) -> Tracing | None:
    """What sends spans to the configured endpoint; None when there is none."""
    chosen = settings.telemetry
    if not chosen.otlp_endpoint:
        return None
    from api.records.tracing import Tracing

    headers = {name: value.get_secret_value() for name, value in chosen.otlp_headers.items()}
    system = _SYSTEMS[settings.ask.provider]
    return Tracing(chosen.otlp_endpoint, headers, chosen.timeout_seconds, system)
