"""Settings: the file, the environment over it, and what is wrong told with its key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli.main import cli
from api.settings import Settings, load_settings
from rag.errors import ConfigurationError


def write(folder: Path, text: str) -> Path:
    path = folder / "runbook.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.sources == ()
    assert settings.state_folder == tmp_path / ".runbook"


def test_paths_are_those_beside_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[[sources]]\nname = "a"\npath = "docs"\nacl = ["team:a"]\n')
    settings = load_settings(path)
    assert settings.source_root(settings.sources[0]) == tmp_path / "docs"
    assert settings.sources[0].acl == frozenset({"team:a"})


def test_the_environment_stands_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[server]\nport = 1000\nhost = '0.0.0.0'\n")
    monkeypatch.setenv("RUNBOOK_SERVER__PORT", "2000")
    settings = load_settings(path)
    assert (settings.server.port, settings.server.host) == (2000, "0.0.0.0")  # noqa: S104


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1\n", 'unknown key "prot" in [server]'),
        ("[server]\nport = 'x'\n", "server.port"),
        ('[[sources]]\nname = "a"\npath = "d"\nacl = ["not a tag"]\n', "not an ACL tag"),
        ('[[sources]]\nname = "a"\npath = "d"\nacl = "public"\n', "sources.0.acl"),
        ('[[sources]]\nname = "../a"\npath = "d"\n', "sources.0.name"),
        (2 * '[[sources]]\nname = "a"\npath = "d"\n', "given twice"),
        ('[[sources]]\nname = "a"\n', "or a `connector`"),
        ('[[sources]]\nname = "a"\npath = "d"\nconnector = "s3"\n', "one of them"),
        ('[[sources]]\nname = "a"\npath = "d"\noptions = { b = 1 }\n', "belong to a `connector`"),
        ("nonsense", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_reported_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        load_settings(write(tmp_path, text))
    assert "runbook.toml" in str(caught.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="runbook init"):
        load_settings(tmp_path / "nowhere.toml")


def test_init_writes_a_file_that_says_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    written = (tmp_path / "runbook.toml").read_text(encoding="utf-8")
    keys = re.findall(r"^# (\[\w+\]|(?!acl|url|site)\w+ = \S+)", written, re.MULTILINE)
    assert len(keys) > 15
    settings = load_settings(write(tmp_path, "\n".join(keys)))
    defaults = Settings(directory=tmp_path)
    for section in (
        "embedding",
        "chunking",
        "ingest",
        "vectors",
        "search",
        "rerank",
        "server",
        "mcp",
        "slack",
        "telemetry",
        "feedback",
        "log",
        "identity",
        "limits",
        "audit",
    ):
        assert getattr(settings, section) == getattr(defaults, section)


def test_init_leaves_a_file_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "# mine\n")
    done = CliRunner().invoke(cli, ["init"])
    assert isinstance(done.exception, ConfigurationError)
    assert (tmp_path / "runbook.toml").read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ('[ask]\napi_key = "k"\n', "RUNBOOK_ASK__API_KEY"),
        ('[evals]\njudge_api_key = "k"\n', "RUNBOOK_EVALS__JUDGE_API_KEY"),
    ],
)
def test_a_key_in_the_file_is_refused(tmp_path: Path, text: str, variable: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        load_settings(write(tmp_path, text))
