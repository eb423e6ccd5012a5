"""Mistakes in the settings are named with their place and with what was probably meant."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from api.settings import load_settings
from rag.errors import ConfigurationError

SOURCE = '[[sources]]\nname = "a"\npath = "a"\n\n'


def refused(path: Path, text: str = "") -> str:
    file = path / "runbook.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[search]\ncandidats = 5\n",
            ':2: unknown key "candidats" in [search]; did you mean "candidates"?',
        ),
        ("[serch]\ncandidates = 5\n", ":1: unknown table or key [serch]; did you mean [search]?"),
        ("[server]\ncandidates = 5\n", "it belongs in [search]"),
        ("[server]\nzzz = 5\n", 'unknown key "zzz" in [server]'),
        (
            f'{SOURCE}[[sources]]\nname = "b"\npth = "b"\n',
            ':7: unknown key "pth" in [[sources]]; did you mean "path"?',
        ),
        ("[identity.oidc]\nisuer = 'x'\n", 'unknown key "isuer" in [identity.oidc]'),
        ("[search]\n\n# so many\ncandidates = 5\n", ":4: search.candidates: "),
        ('[sources]\nname = "a"\npath = "a"\n', ":1: sources: write [[sources]]"),
        (f'{SOURCE}acl = "public"\n', 'sources.0.acl: give a list, such as ["public"]'),
        ("search = 5\n", ":1: search: give a table"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RUNBOOK_SERVER__PRT", "1", "did you mean"),
        ("RUNBOOK_SERVR__PORT", "1", 'did you mean "RUNBOOK_SERVER__PORT"?'),
        ("runbook_server__port", "many", "valid integer"),
        ("RUNBOOK_SERVER__PORT", "many", "valid integer"),
        ("RUNBOOK_SERVER", '{"prt": 1}', "RUNBOOK_SERVER"),
        ("RUNBOOK_SERVER", "9000", "JSON"),
        ("RUNBOOK_SOURCES", "docs", "JSON"),
        ("RUNBOOK_REVIEW__OWNERS", "me", "JSON"),
    ],
)
def test_a_mistake_in_a_variable_blames_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    message = refused(tmp_path, "[server]\nport = 9000\n")
    assert f"the environment variable {name}" in message
    assert said in message
    assert "runbook.toml" not in message


def test_a_variable_is_not_blamed_for_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_SERVER", '{"host": "127.0.0.1"}')
    assert "runbook.toml:2: server.port" in refused(tmp_path, "[server]\nport = 'x'\n")


def test_the_value_of_a_variable_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RUNBOOK_ASK__API_KYE", "RUNBOOK_EVALS", "RUNBOOK_ASK__TIMEOUT"):
        monkeypatch.setenv(name, "hunter2")
        assert "hunter2" not in refused(tmp_path)
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value", "warned"),
    [
        ("RUNBOOK_CONFG", "x.toml", True),
        ("RUNBOOK_SERVER_PORT", "9000", True),
        ("RUNBOOK_SERVER_PORT", "tcp://10.0.0.1:8080", False),  # Kubernetes names services so
        ("RUNBOOK_SERVICE_HOST", "10.0.0.1", False),
        ("RUNBOOK_URL", "http://127.0.0.1:8080", False),
        ("RUNBOOKS_TOKEN", "hunter2", False),
        ("RUNBOOK_SOURCE", "secret", False),  # what a source's credentials_env names
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_warned_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
    warned: bool,
) -> None:
    file = tmp_path / "runbook.toml"
    git = 'git = "https://h.invalid/a"\ncredentials_env = "RUNBOOK_SOURCE"\n'
    file.write_text(f'[[sources]]\nname = "a"\n{git}')
    monkeypatch.setenv(name, value)
    with caplog.at_level(logging.WARNING):
        load_settings(file)
    assert bool(caplog.records) is warned
    assert all(name in record.getMessage() for record in caplog.records)
