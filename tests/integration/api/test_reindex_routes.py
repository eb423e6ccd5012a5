"""POST /v1/reindex and /v1/jobs: who may ask, and what a job tells to whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings, SourceSettings
from rag.domain.access import Right
from rag.domain.jobs import JobState
from tests.http_bench import Bench

INDEX = frozenset({Right.INDEX})
ADMIN = frozenset({Right.ADMIN})


@dataclass
class Door:
    """A client, and the keys that it knocks with."""

    bench: Bench
    client: TestClient

    def call(self, method: str, path: str, rights: frozenset[str], **more: Any) -> Any:
        key = self.bench.key(frozenset({"team:x"}), rights)
        return self.client.request(method, path, headers={"Authorization": f"Bearer {key}"}, **more)

    def queued(self, rights: frozenset[str] = INDEX, **body: Any) -> str:
        response = self.call("POST", "/v1/reindex", rights, json=body)
        assert response.status_code == 202, response.text
        return str(response.json()["job"])


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    bench = Bench(tmp_path)
    settings = Settings(sources=(SourceSettings(name="docs", path=Path("docs")),))
    services = replace(bench.services, settings=settings)
    yield Door(bench, TestClient(create_app(services)))
    bench.database.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/reindex"),
        ("GET", "/v1/jobs"),
        ("GET", "/v1/jobs/0123456789abcdef"),
        ("DELETE", "/v1/jobs/0123456789abcdef"),
    ],
)
def test_only_administrators_and_keys_with_the_right_may_ask(
    door: Door, method: str, path: str
) -> None:
    assert door.client.request(method, path).status_code == 401
    assert door.call(method, path, frozenset({Right.SEARCH})).status_code == 403
    for rights in (INDEX, ADMIN):
        assert door.call(method, path, rights).status_code in (200, 202, 404)


def test_a_merge_hook_needs_no_body_and_hammers_one_job(door: Door) -> None:
    first = door.call("POST", "/v1/reindex", INDEX)
    assert first.status_code == 202
    assert door.queued() == first.json()["job"]
    assert door.queued(source="docs") != first.json()["job"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source": "other"}, "body.source"),
        ({"paths": ["a.md"]}, "body.paths"),
        ({"source": "docs", "paths": ["/etc/passwd"]}, "body.paths"),
        ({"source": "docs", "paths": ["a/../../b.md"]}, "body.paths"),
    ],
)
def test_what_cannot_be_indexed_is_refused(door: Door, body: Any, field: str) -> None:
    response = door.call("POST", "/v1/reindex", INDEX, json=body)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_a_job_tells_counts_to_keys_and_names_to_administrators(door: Door) -> None:
    jobs, identity = door.bench.services.jobs, door.queued()
    jobs.claim()
    held = {"source": "docs", "path": "secret/plan.md", "line": 3, "reason": "unknown kind 'plan'"}
    jobs.finish(identity, JobState.DONE, result={"added": 2, "quarantined": [held]})
    response = door.call("GET", f"/v1/jobs/{identity}", INDEX)
    assert response.json()["result"] == {"added": 2, "quarantined": 1}
    assert "secret" not in response.text
    assert "secret" not in door.call("GET", "/v1/jobs", INDEX).text
    full = door.call("GET", f"/v1/jobs/{identity}", ADMIN).json()
    assert full["result"]["quarantined_documents"] == [held]


def test_why_a_job_failed_is_for_administrators(door: Door) -> None:
    jobs, identity = door.bench.services.jobs, door.queued()
    jobs.claim()
    jobs.finish(identity, JobState.FAILED, error="ConfigurationError", reason="/srv/docs is gone")
    body = door.call("GET", f"/v1/jobs/{identity}", INDEX).json()
    assert (body["state"], body["error"], body["reason"]) == ("failed", "ConfigurationError", None)
    assert door.call("GET", f"/v1/jobs/{identity}", ADMIN).json()["reason"] == "/srv/docs is gone"


def test_a_job_about_paths_tells_strangers_neither_paths_nor_counts(door: Door) -> None:
    asked = door.call(
        "POST", "/v1/reindex", INDEX, json={"source": "docs", "paths": ["payroll/ceo.md"]}
    )
    identity = asked.json()["job"]
    stranger = door.call("GET", f"/v1/jobs/{identity}", INDEX)
    assert "payroll" not in stranger.text
    assert stranger.json()["progress"] is None
    admin = door.call("GET", f"/v1/jobs/{identity}", ADMIN).json()
    assert admin["scope"] == {"source": "docs", "paths": ["payroll/ceo.md"]}
    assert admin["progress"] == {"found": 0, "done": 0, "chunks": 0}


def test_a_queued_job_is_cancelled(door: Door) -> None:
    identity = door.queued()
    assert door.call("DELETE", f"/v1/jobs/{identity}", INDEX).json()["state"] == "cancelled"
    assert door.call("GET", "/v1/jobs", INDEX).json()["jobs"][0]["state"] == "cancelled"
