"""Retries, a deadline and a circuit breaker around a Generator that may fail.

What has begun to write is never begun again: a failure in the middle goes to the caller at once.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from collections.abc import Generator as Pieces
from contextlib import closing
from dataclasses import dataclass

from rag.domain.answers import Usage
from rag.errors import ModelError
from rag.ports import Generator

_MOST_WAITED = 20.0


class ModelBusy(ModelError):
    """The model's server asks to be asked later; `after` is its own word for when, in seconds."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class ModelRefused(ModelError):
    """The model's server will answer the same again: a wrong key, a wrong model, a bad request."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds. After `failures` in a row nothing is asked for `pause`."""

    retries: int = 2
    backoff: float = 0.5
    deadline: float = 60.0
    failures: int = 5
    pause: float = 30.0


class Resilient:
    """A Generator that fails quickly while the one behind it is known to be failing."""

    def __init__(
        self,
        inner: Generator,
        patience: Patience,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._failed = 0
        self._closed_until = 0.0

    @property
    def model(self) -> str:
        return self._inner.model

    def load(self) -> None:
        self._inner.load()

    def generate(self, system: str, user: str) -> Pieces[str | Usage, None, None]:
        self._refuse_while_open()
        self._inner.load()  # the deadline is the model's, not that of loading a library
        until = self._clock() + self._patience.deadline
        try:
            yield from self._attempts(system, user, until)
        except ModelError:
            self._count_failure()
            raise
        with self._lock:
            self._failed = 0

    def _attempts(self, system: str, user: str, until: float) -> Pieces[str | Usage, None, None]:
        for attempt in range(self._patience.retries + 1):
            begun = False
            try:
                with closing(self._inner.generate(system, user)) as pieces:
                    for piece in pieces:
                        begun = begun or piece != ""
                        if self._clock() > until:
                            raise ModelError("the model takes longer than ask.deadline allows")
                        yield piece
                return
            except ModelRefused:
                raise
            except ModelError as error:
                wait = self._wait(attempt, error)
                last = attempt == self._patience.retries
                if begun or last or self._clock() + wait > until:
                    raise
                self._sleep(wait)

    def _wait(self, attempt: int, error: ModelError) -> float:
        """Twice as long each time, spread so that many callers do not come back together."""
        if isinstance(error, ModelBusy) and error.after is not None:
            return min(error.after, _MOST_WAITED)
        return self._patience.backoff * 2.0**attempt * (0.5 + self._jitter())

    def _refuse_while_open(self) -> None:
        with self._lock:
            if self._clock() < self._closed_until:
                raise ModelError("the model has failed repeatedly and is left alone for a while")

    def _count_failure(self) -> None:
        with self._lock:
            self._failed += 1
            if self._failed >= self._patience.failures:
                # One caller tries again after the pause; its failure closes the door at once.
                self._closed_until = self._clock() + self._patience.pause
