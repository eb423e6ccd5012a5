"""docs/configuration.md lists every setting, as the settings' models have it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from api.settings import Settings
from api.settings.reference import render_reference

PAGE = Path(__file__).parents[4] / "docs" / "configuration.md"


def test_the_page_is_current() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == render_reference(), (
        "run `python -m api.settings.reference > docs/configuration.md`"
    )


def test_every_section_and_key_is_listed() -> None:
    page = render_reference()
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            [part] = re.findall(rf"^## `\[{name}\]`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.M)
            listed = set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE))
            nested = set(re.findall(rf"^## `\[{name}\.(\w+)\]`", page, re.MULTILINE))
            assert listed | nested == set(section.model_fields), name


@pytest.mark.parametrize(
    "row",
    [
        "| `port` | integer >= 0, <= 65535 | `8080` |",
        "| `name` | string | required |",
        '| `mode` | one of `embedded`, `http` | `"embedded"` |',
        "| `groups` | table of list of string | none |",
        "## `[[sources]]`",
        "## `[identity.oidc]`",
    ],
)
def test_types_bounds_and_defaults_are_shown(row: str) -> None:
    assert row in render_reference().splitlines()


def test_values_of_secrets_and_internal_fields_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNBOOK_ASK__API_KEY", "a-secret-key")
    page = render_reference()
    assert "a-secret-key" not in page
    assert "read_from" not in page
