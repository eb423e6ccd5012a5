"""The Kubernetes manifests fit the API's schema, the settings, and what the docs promise."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import load_settings
from tests.kubernetes_schema import faults_of
from tests.setting_names import PREFIX, is_setting

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
# Parts of a manifest, merged into those of the base.
PATCHES = ("overlays/replicas/service.yaml", "overlays/replicas/disruption.yaml")
OVERLAYS = ("single-node", "replicas")
KUBECTL = shutil.which("kubectl")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


def manifests_in(text: str) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(text) if found]


@cache
def _built(overlay: str) -> str:
    done = subprocess.run(
        [str(KUBECTL), "kustomize", str(FOLDER / "overlays" / overlay)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def written() -> list[dict[str, Any]]:
    """Every manifest as it is written, but for the patches."""
    files = [path for path in FILES if path.relative_to(FOLDER).as_posix() not in PATCHES]
    return [found for path in files for found in manifests_in(path.read_text(encoding="utf-8"))]


def pods_of(manifests: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the pod of each manifest that has one."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template is not None:
            yield manifest["metadata"]["name"], template["spec"]


def test_every_manifest_fits_the_schema_of_the_api() -> None:
    manifests = written()
    assert len(manifests) > 10
    assert [fault for manifest in manifests for fault in faults_of(manifest)] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{apiVersion: v1, kind: Deploymant}", "no such kind"),
        ("{apiVersion: v1, kind: Service, specs: {}}", "Service.specs: Extra inputs"),
        ("{apiVersion: v1, kind: Service, spec: {ports: [{prt: 8}]}}", "ports.0.port: Field req"),
        ("{apiVersion: v1, kind: Service, spec: {ports: [{port: '80'}]}}", "valid integer"),
        ("{apiVersion: v1, kind: Service, spec: {ports: {port: 80}}}", "valid list"),
        (
            "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80, nme: x}]}}",
            "Service.spec.ports.0.nme: Extra inputs",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_is_found(text: str, fault: str) -> None:
    assert any(fault in found for found in faults_of(yaml.safe_load(text)))


def test_every_file_belongs_to_a_kustomization() -> None:
    named = set()
    for path in FOLDER.rglob("kustomization.yaml"):
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
        patches = [patch["path"] for patch in read.get("patches", ())]
        for name in (*read["resources"], *patches):
            assert (path.parent / name).exists(), (path, name)
            named.add((path.parent / name).resolve())
    assert set(FILES) <= named


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_builds_to_manifests_of_the_api(overlay: str) -> None:
    manifests = manifests_in(_built(overlay))
    assert [fault for manifest in manifests for fault in faults_of(manifest)] == []
    for name, pod in pods_of(manifests):
        for container in pod["containers"]:
            assert container["image"].rpartition(":")[2][0].isdigit(), name


def test_images_are_pinned_to_the_versions_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    base = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
    assert base["images"] == [{"name": "runbook-search", "newTag": version}]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert compose["services"]["runbook"]["image"] == f"runbook-search:{version}"
    [chroma] = yaml.safe_load(
        (FOLDER / "overlays" / "replicas" / "kustomization.yaml").read_text()
    )["images"]
    assert f"chromadb=={chroma['newTag']}\n" in (ROOT / "requirements.txt").read_text()


def test_variables_and_configuration_are_settings_that_exist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [path.read_text(encoding="utf-8") for path in FILES]
    pods = [pod for text in texts for _, pod in pods_of(manifests_in(text))]
    variables = {
        variable["name"]: variable
        for pod in pods
        for container in pod["containers"]
        for variable in container.get("env", ())
    }
    ours = {name for name in variables if name.startswith(PREFIX)}
    assert len(ours) >= 5
    assert {name for name in ours if not is_setting(name)} == set()
    for name in ours - {"RUNBOOK_CONFIG", "RUNBOOK_ASK__API_KEY"}:
        monkeypatch.setenv(name, variables[name]["value"])
    settings = load_settings(FOLDER / "base" / "runbook.toml")
    assert settings.vectors.mode == "http"
    assert settings.ingest.watch
    assert {source.credentials_env for source in settings.sources} <= set(variables)
    mounts = [one["mountPath"] for one in pods[0]["containers"][0]["volumeMounts"]]
    assert str(settings.state_folder) in mounts


def test_no_pod_has_privileges_a_token_or_a_root_that_it_can_write() -> None:
    pods = list(pods_of(written()))
    assert {name for name, _ in pods} == {"runbook-search", "runbook-search-nightly", "chroma"}
    for name, pod in pods:
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["limits"]["memory"], name


def test_secrets_are_references_and_never_values() -> None:
    for _, pod in pods_of(written()):
        for container in pod["containers"]:
            for variable in container.get("env", ()):
                if variable["name"].endswith(("_TOKEN", "_KEY", "_SECRET")):
                    assert "secretKeyRef" in variable["valueFrom"]
    assert not [found for found in written() if found["kind"] == "Secret"]


def test_probes_ask_the_process_for_life_and_the_index_for_traffic() -> None:
    pods = dict(pods_of(written()))
    [container] = pods["runbook-search"]["containers"]
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_service_alone_reaches_chroma_which_reaches_nothing() -> None:
    policies = {
        found["metadata"]["name"]: found["spec"]
        for found in written()
        if found["kind"] == "NetworkPolicy"
    }
    assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    service = {"matchLabels": {"app.kubernetes.io/name": "runbook-search"}}
    [rule] = policies["chroma"]["ingress"]
    assert rule["from"] == [{"podSelector": service}]
    assert "egress" not in policies["chroma"]
    assert "Egress" in policies["chroma"]["policyTypes"]
    assert "egress" not in policies["nightly"]


def test_a_restart_of_the_replicas_takes_no_pod_before_another_is_ready() -> None:
    [patch] = manifests_in((FOLDER / PATCHES[0]).read_text(encoding="utf-8"))
    assert patch["spec"]["replicas"] >= 2
    assert patch["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    [budget] = manifests_in((FOLDER / PATCHES[1]).read_text(encoding="utf-8"))
    assert budget["spec"]["minAvailable"] == 1
    base = next(found for found in written() if found["kind"] == "Deployment")
    assert base["spec"]["strategy"] == {"type": "Recreate"}  # an embedded index has one owner


def test_requests_in_flight_have_time_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pod = dict(pods_of(written()))["runbook-search"]
    [drain] = [
        variable["value"]
        for variable in pod["containers"][0]["env"]
        if variable["name"] == "RUNBOOK_SERVER__DRAIN_SECONDS"
    ]
    monkeypatch.setenv("RUNBOOK_SERVER__DRAIN_SECONDS", drain)
    settings = load_settings(FOLDER / "base" / "runbook.toml")
    in_flight = max(
        settings.limits.request_seconds, settings.server.stop_seconds + settings.ask.timeout
    )
    assert settings.server.drain_seconds > pod["containers"][0]["readinessProbe"]["periodSeconds"]
    assert pod["terminationGracePeriodSeconds"] > settings.server.drain_seconds + in_flight + 5
