"""Secrets from files that `…_FILE` variables name."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.compose.parts import secret_from_environment
from api.settings import Settings, load_settings
from api.settings.secret_files import file_variables
from rag.errors import ConfigurationError


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "secret"
    file.write_text("s3cret value\n")
    return file


def test_every_secret_among_the_settings_can_stand_in_a_file() -> None:
    assert set(file_variables(Settings)) == {
        "RUNBOOK_ASK__API_KEY_FILE",
        "RUNBOOK_EVALS__JUDGE_API_KEY_FILE",
        "RUNBOOK_IDENTITY__OIDC__SIGN_IN__CLIENT_SECRET_FILE",
        "RUNBOOK_SLACK__SIGNING_SECRET_FILE",
    }


@pytest.mark.parametrize("name", ["RUNBOOK_ASK__API_KEY_FILE", "runbook_ask__api_key_file"])
def test_the_file_holds_the_value(secret: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, str(secret))
    monkeypatch.setenv("RUNBOOK_ASK__MODEL", "m")
    settings = load_settings()
    assert settings.ask.api_key.get_secret_value() == "s3cret value"
    assert settings.ask.model == "m"


def test_an_optional_secret_is_read_too(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_SLACK__SIGNING_SECRET_FILE", str(secret))
    found = load_settings().slack.signing_secret
    assert found is not None
    assert found.get_secret_value() == "s3cret value"


def test_a_secret_that_a_setting_names_is_read_from_its_file(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOKS_TOKEN_FILE", str(secret))
    assert secret_from_environment("RUNBOOKS_TOKEN", "key") == "s3cret value"


def test_an_empty_variable_names_no_file(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_ASK__API_KEY", "direct")
    monkeypatch.setenv("RUNBOOK_ASK__API_KEY_FILE", "")
    assert load_settings().ask.api_key.get_secret_value() == "direct"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "not UTF-8")],
)
def test_a_file_without_a_secret_is_named(
    secret: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    secret.unlink() if content is None else secret.write_bytes(content)
    monkeypatch.setenv("RUNBOOK_ASK__API_KEY_FILE", str(secret))
    with pytest.raises(ConfigurationError, match=f"RUNBOOK_ASK__API_KEY_FILE: .*secret: .*{said}"):
        load_settings()


def test_a_value_and_a_file_are_a_conflict(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_ASK__API_KEY_FILE", str(secret))
    monkeypatch.setenv("RUNBOOK_ASK__API_KEY", "another value")
    with pytest.raises(ConfigurationError, match="both set") as refused:
        load_settings()
    assert "value" not in str(refused.value)


def test_only_secrets_stand_in_files(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_ASK__MODEL_FILE", str(secret))
    with pytest.raises(ConfigurationError, match="RUNBOOK_ASK__MODEL_FILE is no setting"):
        load_settings()
