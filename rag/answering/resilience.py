"""Retries, a deadline and a circuit breaker around a Generator that may fail.

There is no retry after the first token: a failure in the middle goes to the caller at once.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from collections.abc import Generator as Stream
from contextlib import closing
from dataclasses import dataclass

from rag.domain.answers import Usage
from rag.errors import ModelError
from rag.ports import Generator

_MAX_WAITED = 20.0


class ModelBusy(ModelError):
    """The model's server asks to retry later; `after` is its Retry-After, in seconds."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class ModelRefused(ModelError):
    """An error that a retry cannot change: a wrong key, a wrong model, a bad request."""


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """Times in seconds. After `failures` in a row the circuit is open for `pause`."""

    retries: int = 2
    backoff: float = 0.5
    deadline: float = 60.0
    failures: int = 5
    pause: float = 30.0


class _CircuitBreaker:
    """Refuses calls for a while after too many failures in a row.

    Closed, calls pass. Open, after `failures` in a row, they are refused for `pause` seconds. Then
    it is half-open: calls pass again; a success closes it, and a failure opens it at once.
    """

    def __init__(self, settings: RetrySettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0

    def check(self) -> None:
        """Raises ModelError while it is open."""
        with self._lock:
            if self._clock() < self._open_until:
                raise ModelError("the model has failed repeatedly and is left alone for a while")

    def record_success(self) -> None:
        with self._lock:
            self._failures = 0

    def record_failure(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._settings.failures:
                self._open_until = self._clock() + self._settings.pause


class Resilient:
    """A Generator that fails quickly while the one behind it is known to be failing."""

    def __init__(
        self,
        inner: Generator,
        settings: RetrySettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._settings = settings
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter
        self._breaker = _CircuitBreaker(settings, clock)

    @property
    def model(self) -> str:
        return self._inner.model

    def load(self) -> None:
        self._inner.load()

    def generate(self, system: str, user: str) -> Stream[str | Usage, None, None]:
        self._breaker.check()
        self._inner.load()  # the deadline is the model's, not that of loading a library
        until = self._clock() + self._settings.deadline
        try:
            yield from self._attempts(system, user, until)
        except ModelError:
            self._breaker.record_failure()
            raise
        self._breaker.record_success()

    def _attempts(self, system: str, user: str, until: float) -> Stream[str | Usage, None, None]:
        for attempt in range(self._settings.retries + 1):
            begun = False
            try:
                with closing(self._inner.generate(system, user)) as parts:
                    for part in parts:
                        begun = begun or part != ""
                        if self._clock() > until:
                            raise ModelError("the model takes longer than ask.deadline allows")
                        yield part
                return
            except ModelRefused:
                raise
            except ModelError as error:
                wait = self._wait(attempt, error)
                last = attempt == self._settings.retries
                if begun or last or self._clock() + wait > until:
                    raise
                self._sleep(wait)

    def _wait(self, attempt: int, error: ModelError) -> float:
        """Exponential backoff with jitter, in seconds, unless the server says when to retry."""
        if isinstance(error, ModelBusy) and error.after is not None:
            return min(error.after, _MAX_WAITED)
        return self._settings.backoff * 2.0**attempt * (0.5 + self._jitter())
