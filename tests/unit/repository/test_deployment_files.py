"""The container files keep what the operators' guide promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import load_settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_the_service_stands_alone_by_default(compose: Any) -> None:
    plain = [name for name, told in compose["services"].items() if "profiles" not in told]
    assert plain == ["runbook"]
    assert compose["services"]["chroma"]["profiles"] == ["chroma"]


def test_nobody_outside_reaches_chroma(compose: Any) -> None:
    chroma = compose["services"]["chroma"]
    assert "ports" not in chroma
    assert chroma["networks"] == ["vectors"]
    assert compose["networks"]["vectors"]["internal"] is True


def test_the_chat_asks_v1_with_a_key_from_the_environment(compose: Any) -> None:
    chat = compose["services"]["open-webui"]
    assert chat["profiles"] == ["open-webui"]
    assert chat["environment"]["OPENAI_API_BASE_URL"] == "http://runbook:8080/v1"
    assert chat["environment"]["OPENAI_API_KEY"] == "${RUNBOOK_API_KEY:-}"
    assert all(port.startswith("127.0.0.1:") for port in chat["ports"])
    assert set(chat["networks"]) & set(compose["services"]["runbook"]["networks"]) == {"front"}


def test_the_language_model_is_reached_by_the_service_alone(compose: Any) -> None:
    model = compose["services"]["ollama"]
    assert model["profiles"] == ["ollama"]
    assert "ports" not in model
    users = [name for name, told in compose["services"].items() if "models" in told["networks"]]
    assert sorted(users) == ["ollama", "runbook"]
    asked = compose["services"]["runbook"]["environment"]
    assert asked["RUNBOOK_ASK__PROVIDER"] == "${RUNBOOK_ASK__PROVIDER:-none}"
    assert asked["RUNBOOK_ASK__BASE_URL"] == "${RUNBOOK_ASK__BASE_URL:-http://ollama:11434}"


def test_every_image_is_pinned(compose: Any) -> None:
    images = [told["image"] for told in compose["services"].values()]
    assert all(re.search(r":v?\d+\.\d+\.\d+$", image) for image in images)


def test_the_service_is_bound_to_loopback_and_cannot_write_its_image(compose: Any) -> None:
    service = compose["services"]["runbook"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_the_chroma_server_is_of_the_pinned_client_version(compose: Any) -> None:
    pinned = re.search(r"^chromadb==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert compose["services"]["chroma"]["image"].endswith(f":{pinned[1]}")


def test_the_image_runs_without_root_and_copies_what_it_installs() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    users = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)
    assert users
    assert users[-1] != "root"
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        assert all((ROOT / name).exists() for name in copied.split()), copied


def test_the_image_holds_every_package_of_the_distribution() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = told["tool"]["setuptools"]["packages"]["find"]["include"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name in (pattern.rstrip("*") for pattern in packages):
        assert f"COPY {name} ./{name}\n" in dockerfile


def test_the_containers_configuration_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_VECTORS__MODE", "http")
    monkeypatch.setenv("RUNBOOK_CONFIG", "/data/runbook.toml")
    settings = load_settings(ROOT / "deploy" / "runbook.toml")
    assert settings.vectors.mode == "http"
    assert [source.name for source in settings.sources] == ["runbooks"]


def test_requirements_name_no_place() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8")
