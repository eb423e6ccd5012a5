"""POST /v1/webhooks: off by default, signed, and silent about what is a source."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.limits import Limits
from api.settings import Settings, SourceSettings
from api.webhooks import Webhooks
from tests.http_bench import Bench

SECRET = "s3cret"
URL = "https://git.example.com/ops/runbooks.git"
PUSH = {"ref": "refs/heads/main", "repository": {"clone_url": URL}}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def client(bench: Bench, hooks: Webhooks) -> TestClient:
    settings = Settings(sources=(SourceSettings(name="ops", git=URL),))
    return TestClient(create_app(replace(bench.services, settings=settings, webhooks=hooks)))


def github(door: TestClient, payload: object, secret: str = SECRET) -> tuple[int, str]:
    body = json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    response = door.post(
        "/v1/webhooks/github", content=body, headers={"X-Hub-Signature-256": signature}
    )
    return response.status_code, response.text


def test_a_hook_without_a_secret_is_off(bench: Bench) -> None:
    door = client(bench, Webhooks())
    assert github(door, PUSH, "")[0] == 404
    assert door.post("/v1/webhooks/gitlab", headers={"X-Gitlab-Token": ""}).status_code == 404


def test_a_push_to_the_branch_queues_one_job(bench: Bench) -> None:
    door = client(bench, Webhooks(github=SECRET))
    assert github(door, PUSH)[0] == 202
    assert github(door, PUSH)[0] == 202
    [job] = bench.services.jobs.list(10)
    assert (job.scope, job.asked_by) == ({"source": "ops", "paths": []}, "webhook:github")


def test_nothing_is_quoted_for_what_is_a_source(bench: Bench) -> None:
    door = client(bench, Webhooks(github=SECRET))
    mine = github(door, PUSH)
    others = [{**PUSH, "ref": "refs/heads/x"}, {"zen": "hello"}, "text", None]
    assert [github(door, payload) for payload in others] == [mine] * 4
    assert len(bench.services.jobs.list(10)) == 1


def test_a_wrong_signature_queues_nothing(bench: Bench) -> None:
    door = client(bench, Webhooks(github=SECRET, gitlab="t0ken"))
    assert github(door, PUSH, "guess")[0] == 401
    assert door.post("/v1/webhooks/github", json=PUSH).status_code == 401
    response = door.post("/v1/webhooks/gitlab", json=PUSH, headers={"X-Gitlab-Token": "guess"})
    assert response.status_code == 401
    assert bench.services.jobs.list(10) == []


def test_guesses_are_limited_and_do_not_fill_the_audit_log(bench: Bench) -> None:
    few = Limits(per_minute=10_000, concurrent=100, refusals_per_minute=3)
    bench.services = replace(bench.services, limits=few)
    door = client(bench, Webhooks(github=SECRET))
    assert [github(door, PUSH, "guess")[0] for _ in range(5)] == [401, 401, 401, 429, 429]
    assert [event["event"] for event in bench.audited.events] == ["refused"] * 3
    assert github(door, PUSH)[0] == 202


def test_a_large_push_queues_its_job_and_a_hostile_body_is_refused(bench: Bench) -> None:
    door = client(bench, Webhooks(github=SECRET, gitlab="t0ken"))
    assert github(door, {**PUSH, "commits": ["x" * 70_000]})[0] == 202
    assert len(bench.services.jobs.list(10)) == 1

    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 2**16

    for path in ("github", "gitlab"):
        signature = {"X-Hub-Signature-256": f"sha256={'0' * 64}", "X-Gitlab-Token": "t0ken"}
        response = door.post(f"/v1/webhooks/{path}", content=endless(), headers=signature)
        assert response.status_code == 413
    unsigned = door.post("/v1/webhooks/github", content=b"x" * 70_000)
    assert unsigned.status_code == 401
    assert github(door, {**PUSH, "commits": ["x" * (5 * 2**20)]})[0] == 413


def test_gitlab_shows_its_token(bench: Bench) -> None:
    door = client(bench, Webhooks(gitlab="t0ken"))
    push = {"ref": "refs/heads/main", "project": {"git_http_url": URL}}
    response = door.post("/v1/webhooks/gitlab", json=push, headers={"X-Gitlab-Token": "t0ken"})
    assert response.status_code == 202
    assert bench.services.jobs.list(10)[0].asked_by == "webhook:gitlab"
