"""The soak of bench/soak.py, cut short: changes, clients, kills and two generations at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import Plan, Soak
from tests.processes import HASHING, environment


def test_nothing_fails_tears_or_leaks_while_everything_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    plan = Plan(
        seconds=25,
        kill_every=9,
        clients=6,
        pages=25,
        build=("--model", "other"),
        program=tuple(HASHING),
    )
    seen = Soak(tmp_path, plan).run()
    assert seen.violations == []
    assert seen.kills >= 1
    assert seen.requests > 100
    assert seen.searchable
    assert set(seen.generations) == {"build", "promote", "rollback"}
