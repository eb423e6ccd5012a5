"""Measures how the time of a function grows with the length of its input.

Time is processor time of the measuring thread, so other work on the machine does not count, and
only ratios are judged. For 4 times the input a linear function takes 4 times as long, a quadratic
one 16 times; the bound lies between them. A time below the floor passes: a quadratic function is
far above it at the greater length.
"""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A quadratic pattern takes some ten milliseconds for so many, a linear one stays below the floor.
LENGTH = 3_000  # characters
MAX_RATIO = 8.0
FLOOR_SECONDS = 0.002
# A run that takes as long is stopped: no linear function takes a hundredth of it.
LIMIT_SECONDS = 2.0
_TRIES = 3


class _StoppedError(Exception):
    """A run was stopped at the limit."""


def superlinear(
    run: Callable[[str], object], make: Callable[[int], str], length: int = LENGTH
) -> str | None:
    """How the time grows, in words, where it grows faster than the length of the input; else None.

    `make` gives a text of about the length that it is asked for. A ratio over the bound counts
    only when it is found again by more careful measurements.
    """
    many, few = make(length), make(length // 4)
    smallest = float("inf")
    for repeats in range(1, _TRIES + 1):
        long = _seconds(run, many, min(2, repeats))
        if long < FLOOR_SECONDS:
            return None
        if long >= LIMIT_SECONDS:
            return f"more than {LIMIT_SECONDS:g} s for {length} characters"
        smallest = min(smallest, long / max(_seconds(run, few, repeats + 2), 1e-7))
        if smallest <= MAX_RATIO:
            return None
    return f"{smallest:.0f} times as long for {length} characters as for a quarter of them"


def _seconds(run: Callable[[str], object], text: str, repeats: int) -> float:
    best = LIMIT_SECONDS
    for _ in range(repeats):
        start = time.thread_time()
        try:
            with _uncollected(), _limited():
                run(text)
        except _StoppedError:
            return LIMIT_SECONDS
        best = min(best, time.thread_time() - start)
    return best


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection, whose time depends on what earlier tests left in memory."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _limited() -> Iterator[None]:
    """Stops a run at the limit, within a regular expression too; only the main thread can be."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(*_: object) -> None:
    raise _StoppedError
