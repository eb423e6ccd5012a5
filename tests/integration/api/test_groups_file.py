"""The hierarchy of groups follows runbook.toml, from its first reading on."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.identity.groups_file import GroupsFile
from api.settings import load_settings

ONE = '[groups]\n"team:all" = ["team:payments"]\n'
OTHER = '[groups]\n"team:all" = ["team:security"]\n'
ALL = frozenset({"team:all"})


def failures() -> None:
    pytest.fail("the file could be read")


def saved(path: Path, text: str) -> None:
    """As an editor saves: another file takes the place of the one before."""
    aside = path.with_suffix(".new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def test_what_is_saved_while_a_service_starts_counts_from_its_first_request_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runbook.toml"
    saved(path, ONE)
    settings = load_settings(path)
    saved(path, OTHER)
    groups = GroupsFile(settings, failures)
    assert groups().expand(ALL) == {"team:all", "team:security"}


def test_a_later_change_counts_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runbook.toml"
    saved(path, ONE)
    calls: list[str] = []
    groups = GroupsFile(load_settings(path), lambda: calls.append("failed"))
    assert groups().expand(ALL) == {"team:all", "team:payments"}
    saved(path, OTHER)
    assert groups().expand(ALL) == {"team:all", "team:security"}
    saved(path, "[groups\n")
    assert groups().expand(ALL) == {"team:all", "team:security"}
    assert groups().expand(ALL) == {"team:all", "team:security"}
    assert calls == ["failed"]
