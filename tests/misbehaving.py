"""A token counter that goes wrong on order, in the process that reads documents."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

from rag.ports import TokenCounterSource

LOOP, SLEEP, SWELL, CRASH, RAISE = "loop!", "sleep!", "swell!", "crash!", "raise!"

MISBEHAVING = TokenCounterSource(f"{__name__}:make_misbehaving_counter", "")


def make_misbehaving_counter(argument: str) -> Callable[[Sequence[str]], list[int]]:
    """A counter that does what a text orders: it stands for any reader that goes wrong."""

    def count(texts: Sequence[str]) -> list[int]:
        for text in texts:
            _obey(text)
        return [len(text.split()) for text in texts]

    return count


def _obey(text: str) -> None:
    if LOOP in text:
        while True:
            pass
    if SLEEP in text:
        time.sleep(600)
    if SWELL in text:
        held = [bytearray(1 << 20) for _ in range(1 << 20)]
        raise AssertionError(len(held))
    if CRASH in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if RAISE in text:
        raise KeyError(text)
