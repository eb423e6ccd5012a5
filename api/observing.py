"""Several observers as one: metrics count what traces show."""

from __future__ import annotations

from typing import Protocol

from rag.domain import Mode
from rag.ports import AnswerObserver, AnswerOutcome, ModelCall, SearchObserver


class Observer(SearchObserver, AnswerObserver, Protocol):
    """Told of every search, every answer and every call of a model."""


class Observers:
    """Tells each of them, in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def searched(self, mode: Mode, seconds: float, no_result: bool) -> None:
        for observer in self._observers:
            observer.searched(mode, seconds, no_result)

    def refused(self, count: int) -> None:
        for observer in self._observers:
            observer.refused(count)

    def model_called(self, call: ModelCall) -> None:
        for observer in self._observers:
            observer.model_called(call)

    def answer_given(self, outcome: AnswerOutcome) -> None:
        for observer in self._observers:
            observer.answer_given(outcome)
