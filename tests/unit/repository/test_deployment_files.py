"""The container files keep what the operators' guide promises."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import load_settings
from fuzz.targets import TARGETS
from tests.setting_names import is_setting

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_the_service_stands_alone_by_default(compose: Any) -> None:
    plain = [name for name, found in compose["services"].items() if "profiles" not in found]
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
    users = [name for name, found in compose["services"].items() if "models" in found["networks"]]
    assert sorted(users) == ["ollama", "runbook"]
    asked = compose["services"]["runbook"]["environment"]
    assert asked["RUNBOOK_ASK__PROVIDER"] == "${RUNBOOK_ASK__PROVIDER:-none}"
    assert asked["RUNBOOK_ASK__BASE_URL"] == "${RUNBOOK_ASK__BASE_URL:-http://ollama:11434}"


def services(compose: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = compose["services"]
    assert set(found) == {"runbook", "chroma", "ollama", "open-webui", "prometheus", "grafana"}
    return found


def test_every_image_is_pinned_by_version(compose: Any) -> None:
    for name, service in services(compose).items():
        assert re.fullmatch(
            r"[a-z0-9./-]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", service["image"]
        ), name


def test_open_webui_is_past_its_known_vulnerabilities(compose: Any) -> None:
    version = re.search(r":v(\d+)\.(\d+)\.(\d+)", compose["services"]["open-webui"]["image"])
    assert version is not None
    assert tuple(map(int, version.groups())) > (0, 6, 35)


def test_every_service_has_limits_of_memory_processors_and_processes(compose: Any) -> None:
    for name, service in services(compose).items():
        assert re.fullmatch(r"\d+[mg]|\$\{OLLAMA_MEMORY:-\d+g\}", service["mem_limit"]), name
        assert 0 < service["cpus"] <= 4, name
        assert 0 < service["pids_limit"] <= 1024, name


def test_no_service_has_or_gains_privileges(compose: Any) -> None:
    for name, service in services(compose).items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        unwanted = {"cap_add", "privileged", "devices", "pid", "ipc", "network_mode", "userns_mode"}
        assert not unwanted & set(service), name


def test_every_root_is_read_only_but_for_one_that_says_why(compose: Any) -> None:
    written = {name for name, one in services(compose).items() if one["read_only"] is not True}
    assert written == {"open-webui"}
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.search(r"# .*outside its volume.*\n +read_only: false", text)
    for name in set(services(compose)) - written:
        assert all("size=" in one for one in compose["services"][name]["tmpfs"]), name


def test_what_is_mounted_is_a_volume_or_read_only(compose: Any) -> None:
    for name, service in services(compose).items():
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            assert source in compose["volumes"] or mount.endswith(":ro"), (name, mount)


def test_ports_are_bound_to_loopback(compose: Any) -> None:
    ports = [port for one in services(compose).values() for port in one.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_prometheus_and_grafana_are_provisioned_from_files_of_the_repository(compose: Any) -> None:
    for name in ("prometheus", "grafana"):
        assert compose["services"][name]["profiles"] == ["monitoring"]
        files = [volume for volume in compose["services"][name]["volumes"] if volume[0] == "."]
        assert all((ROOT / volume.split(":")[0]).exists() for volume in files), name
    assert compose["services"]["prometheus"]["networks"] == ["metrics"]
    assert compose["networks"]["metrics"]["internal"] is True


def test_the_password_of_grafana_is_read_from_a_file(compose: Any) -> None:
    grafana = compose["services"]["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"] == (
        "/run/secrets/grafana-password"
    )
    assert grafana["secrets"] == ["grafana-password"]
    assert "file" in compose["secrets"]["grafana-password"]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/grafana-password" in ignored
    assert "grafana-password" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_services_whose_image_has_a_client_have_a_health_check(compose: Any) -> None:
    for name in ("ollama", "prometheus", "grafana"):
        assert compose["services"][name]["healthcheck"]["test"][0] == "CMD", name


def test_environment_variables_are_settings_that_exist(compose: Any) -> None:
    names = list(compose["services"]["runbook"]["environment"])
    assert names
    assert [name for name in names if not is_setting(name)] == []


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        ("RUNBOOK_VECTORS__MODE", True),
        ("RUNBOOK_IDENTITY__OIDC__ISSUER", True),
        ("RUNBOOK_STATE", True),
        ("RUNBOOK_CONFIG", True),
        ("RUNBOOK_VECTORS__HOTS", False),
        ("RUNBOOK_VECTORS", True),
        ("RUNBOOK_SERVER__PORT__NUMBER", False),
        ("RUNBOOK_PORT", False),
        ("VECTORS__MODE", False),
    ],
)
def test_a_setting_that_does_not_exist_is_found(name: str, exists: bool) -> None:
    assert is_setting(name) is exists


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


def test_the_base_image_is_pinned_by_version_once() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+$", dockerfile, re.MULTILINE)


def test_the_health_check_does_not_wait_for_the_first_index() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "/healthz" in dockerfile[dockerfile.index("HEALTHCHECK") :]
    assert '"--ingest"' in dockerfile


def test_the_nightly_run_fuzzes_within_its_time_limit() -> None:
    workflow = yaml.safe_load((ROOT / "deploy" / "ci" / "nightly.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["fuzz"]
    [run] = [step["run"] for step in job["steps"] if "run" in step]
    seconds = re.fullmatch(r"make fuzz FUZZ_SECONDS=(\d+)", run)
    assert seconds is not None
    assert len(TARGETS) * int(seconds[1]) < job["timeout-minutes"] * 60
    assert "fuzz:" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_image_holds_every_package_of_the_distribution() -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = found["tool"]["setuptools"]["packages"]["find"]["include"]
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
