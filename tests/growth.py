"""Measures how the time of a function grows with the length of its input.

Time is processor time of the measuring thread, so other work on the machine does not count, and
only ratios are judged. A linear function takes 4 times as long for 4 times the input, a quadratic
one 16 times; the bound lies between them. Times below the floor say nothing and pass: they are the
times of a long input, and a quadratic function is far above it there.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHORT, LONG = 4_000, 16_000  # characters
MAX_RATIO = 8.0
FLOOR_SECONDS = 0.004
_TRIES = 3


def superlinear_ratio(
    run: Callable[[str], object], make: Callable[[int], str], *, short: int = SHORT
) -> float | None:
    """The factor by which the time grows from `short` characters to 4 times as many.

    None where it is within MAX_RATIO or too short to matter. `make` gives a text of about the
    length asked for. A ratio over the bound is measured again before it counts.
    """
    few, many = make(short), make(4 * short)
    ratio = 0.0
    for repeats in range(1, _TRIES + 1):
        long = _seconds(run, many, repeats)
        if long < FLOOR_SECONDS:
            return None
        ratio = long / max(_seconds(run, few, repeats + 2), 1e-7)
        if ratio <= MAX_RATIO:
            return None
    return ratio


def _seconds(run: Callable[[str], object], text: str, repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        start = time.thread_time()
        run(text)
        best = min(best, time.thread_time() - start)
    return best
