"""`runbook serve`: what the garbage collector need not look at."""

from __future__ import annotations

import gc

import pytest

from api.cli.serve_settings import warm_then_freeze


def test_what_is_loaded_when_it_is_warm_is_exempt_from_collection() -> None:
    steps: list[int] = []
    try:
        warm_then_freeze(lambda: steps.append(gc.get_freeze_count()))()
        assert gc.get_freeze_count() > steps[0]
    finally:
        gc.unfreeze()


def test_a_process_that_cannot_be_warmed_is_not_ready() -> None:
    def fail() -> None:
        raise RuntimeError("no index")

    with pytest.raises(RuntimeError, match="no index"):
        warm_then_freeze(fail)()
    assert gc.get_freeze_count() == 0
