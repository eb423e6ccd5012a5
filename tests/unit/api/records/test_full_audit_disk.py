"""An audit log on a full disk: a lost line is counted once, and no two lines run together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from api.records.audit_file import AuditFile
from tests.catalogs import open_catalog


def test_a_line_that_was_cut_off_is_counted_once_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[int] = []
    lines = AuditFile(tmp_path / "audit.jsonl", 10_000, 2, lambda: failures.append(1))
    lines.write("first")
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
        lines.write("second")
    assert failures == [1]
    lines.write("third")
    text = (tmp_path / "audit.jsonl").read_text(encoding="utf-8")
    assert text == "first\nsec\nthird\n"


def test_the_catalog_and_its_log_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = open_catalog(tmp_path / "catalog.db")
    finally:
        os.umask(before)
    with database.read():
        modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.glob("catalog.db*")}
    database.close()
    assert set(modes.values()) == {0o600}
