"""Incidents over HTTP and on the command line: what is made of inputs, and for whom."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.incident_data import Truth, generate, log_names
from tests.corpus import PAGES
from tests.http_bench import assert_problem
from tests.inprocess import Done, run
from tests.serving import Served, service_over

RUNBOOK = """\
---
title: {service} fails after a release
service: {service}
alerts: [HighErrorRate]
acl: [team:payments]
---
# {service} fails after a release

## Check

```bash
kubectl -n {service} get pods
```

## Do not

```bash
kubectl delete namespace {service}
```

## Roll back

```bash
kubectl -n {service} rollout undo deploy/{service}
```
"""
SECRET = "AKIA" + "Z7Q2MX4TLW5RKD3P"
ERROR = {"ts": "2026-03-14T09:00:00Z", "level": "error", "msg": f"zanzibar login {SECRET} failed"}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("inputs")
    return folder, generate(folder, 1, 1_200)


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, truth: tuple[Path, Truth]
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("incidents")
    pages = {**PAGES, "failing.md": RUNBOOK.format(service=truth[1].service)}
    config = '[[sources]]\nname = "docs"\npath = "docs"\n[incidents]\nnotes = "notes"\n'
    (folder / "runbook.toml").write_text(config)
    with service_over(folder, pages, incidents={"notes": "notes"}) as made:
        yield made


def opened(service: Served, key: str, **more: Any) -> str:
    answer = service.post(key, "/v1/incidents", {"name": "Releases fail", **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def got(service: Served, key: str, path: str) -> Any:
    return service.client.get(path, headers={"Authorization": f"Bearer {key}"})


def test_inputs_become_timeline_hypotheses_checks_and_warnings(
    service: Served, truth: tuple[Path, Truth]
) -> None:
    folder, known = truth
    key = service.key("team:payments")
    incident = opened(service, key, acl=["team:payments"])
    for name in (*log_names(), "deploys.json", "alerts.json", "events.json", "metrics.json"):
        kind = "logs" if name.endswith(".log") else name.removesuffix(".json")
        body = {"kind": kind, "name": name, "content": (folder / name).read_text()}
        answer = service.post(key, f"/v1/incidents/{incident}/inputs", body)
        assert answer.status_code == 201, answer.text
    view = got(service, key, f"/v1/incidents/{incident}").json()
    assert view["first_symptom"]["service"] == known.service
    assert view["changes_before"][0]["what"] == known.cause
    assert view["hypotheses"][0]["strength"] == "strong"
    assert view["hypotheses"][0]["evidence"][0]["source"] == "deploys.json"
    assert view["checks"][0]["command"] == f"kubectl -n {known.service} get pods"
    assert {one["risk"] for one in view["checks"]} == {"read_only"}
    assert view["avoid"][0]["command"] == f"kubectl delete namespace {known.service}"
    assert view["avoid"][0]["risk"] == "destructive"
    assert view["checks"][0]["citation"]["path"] == "failing.md"
    assert view["missing"] == []
    report = got(service, key, f"/v1/incidents/{incident}/report").json()["markdown"]
    assert known.cause in report
    status = got(service, key, f"/v1/incidents/{incident}/status").json()["markdown"]
    assert known.service in status
    assert "deploy" not in status
    assert "root cause" not in f"{report}{status}{json.dumps(view)}".lower()


def test_an_incident_of_a_team_is_seen_by_nobody_else(service: Served) -> None:
    mine = service.key("team:payments")
    incident = opened(service, mine, acl=["team:payments"], name="Zanzibar is down")
    body = {"kind": "logs", "name": "zanzibar.log", "content": json.dumps(ERROR)}
    assert service.post(mine, f"/v1/incidents/{incident}/inputs", body).status_code == 201
    colleague = service.key("team:payments")
    assert got(service, colleague, f"/v1/incidents/{incident}").status_code == 200
    for other in (service.key("team:security"), service.key("public")):
        for path in ("", "/report", "/status"):
            answer = got(service, other, f"/v1/incidents/{incident}{path}")
            assert_problem(answer, 404, "not-found")
        assert_problem(
            service.post(other, f"/v1/incidents/{incident}/inputs", body), 404, "not-found"
        )
        assert_problem(service.post(other, f"/v1/incidents/{incident}/close", {}), 404, "not-found")
        assert "anzibar" not in got(service, other, "/v1/incidents").text


def test_without_tags_an_incident_is_its_openers_alone(service: Served) -> None:
    key = service.key("team:payments")
    incident = opened(service, key)
    assert got(service, key, f"/v1/incidents/{incident}").status_code == 200
    colleague = service.key("team:payments")
    assert got(service, colleague, f"/v1/incidents/{incident}").status_code == 404


def test_nobody_opens_an_incident_for_a_team_of_others(service: Served) -> None:
    body = {"name": "x", "acl": ["team:security"]}
    answer = service.post(service.key("team:payments"), "/v1/incidents", body)
    assert_problem(answer, 403, "forbidden")


def test_a_secret_in_an_input_is_stored_nowhere(service: Served) -> None:
    key = service.key("team:payments")
    incident = opened(service, key, name=f"login with {SECRET}")
    body = {"kind": "logs", "name": "a.log", "content": json.dumps(ERROR)}
    service.post(key, f"/v1/incidents/{incident}/inputs", body)
    service.post(key, f"/v1/incidents/{incident}/close", {})
    folder = service.services.settings.directory
    stored = [one for one in folder.rglob("*") if one.is_file()]
    assert any(one.name == "facts.json" for one in stored)
    assert not [one for one in stored if SECRET.encode() in one.read_bytes()]


def test_a_closed_incident_is_found_by_the_next_one(service: Served) -> None:
    key = service.key("team:payments")
    incident = opened(service, key, acl=["team:payments"], name="Frumious bandersnatch overload")
    body = {"kind": "logs", "name": "b.log", "content": json.dumps(ERROR)}
    service.post(key, f"/v1/incidents/{incident}/inputs", body)
    closed = service.post(key, f"/v1/incidents/{incident}/close", {}).json()
    assert closed["status"] == "closed"
    service.reindex()
    again = {"name": "Frumious bandersnatch overload", "acl": ["team:payments"]}
    similar = service.post(key, "/v1/incidents", again).json()["similar"]
    assert closed["note"] in [hit["document"]["path"] for hit in similar]
    assert {hit["document"]["kind"] for hit in similar} <= {"note", "postmortem"}
    other = service.post(service.key("team:security"), "/v1/incidents", {"name": again["name"]})
    assert closed["note"] not in other.text


def test_a_note_names_no_document_that_one_of_its_readers_may_not_read(
    service: Served, truth: tuple[Path, Truth]
) -> None:
    alerts = (truth[0] / "alerts.json").read_text()
    body = {"kind": "alerts", "name": "alerts.json", "content": alerts}
    for teams, named in ((["team:payments"], True), (["team:payments", "team:security"], False)):
        key = service.key(*teams)
        incident = opened(service, key, acl=teams)
        assert service.post(key, f"/v1/incidents/{incident}/inputs", body).status_code == 201
        view = got(service, key, f"/v1/incidents/{incident}").json()
        assert "failing.md" in [hit["document"]["path"] for hit in view["runbooks"]]
        closed = service.post(key, f"/v1/incidents/{incident}/close", {}).json()
        note = service.services.settings.directory / "notes" / closed["note"]
        assert ("failing.md" in note.read_text(encoding="utf-8")) is named


def test_an_input_of_few_bytes_makes_no_facts_of_many(service: Served) -> None:
    key = service.key("team:payments")
    incident = opened(service, key)
    done = {"deployedAt": "2026-03-14T09:00:00Z", "revision": "r" * 60}
    application = {
        "kind": "Application",
        "metadata": {"name": "n" * 100_000},
        "status": {"history": [done] * 30_000},
    }
    body = {"kind": "deploys", "name": "d", "content": application}
    assert service.post(key, f"/v1/incidents/{incident}/inputs", body).status_code == 201
    view = got(service, key, f"/v1/incidents/{incident}")
    assert "n" * 200 not in view.text
    assert len(view.content) < 20_000_000


def test_values_of_unexpected_types_are_no_failure_of_the_service(service: Served) -> None:
    key = service.key("team:payments")
    incident = opened(service, key)
    at = "2026-03-14T09:00:00Z"
    event = {"involvedObject": [], "metadata": 1, "series": "x", "eventTime": at}
    flux = {"apiVersion": "fluxcd.io/v1", "metadata": [], "status": {"conditions": 3}}
    series = {"metric": {"__name__": "m"}, "values": [["Jan 2 10:00:00", "1"]]}
    inputs = [
        ("events", {"items": [event]}),
        ("deploys", [flux]),
        ("metrics", {"data": {"result": [series]}}),
    ]
    for kind, content in inputs:
        body = {"kind": kind, "name": kind, "content": content}
        assert service.post(key, f"/v1/incidents/{incident}/inputs", body).status_code == 201
    assert got(service, key, f"/v1/incidents/{'a-' * 200}a").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "events", "name": "e", "content": {"items": 3}}, "items"),
        ({"kind": "deploys", "name": "d", "content": "nothing"}, "deploys"),
        ({"kind": "alerts", "name": "a", "content": {"alerts": [3]}}, "alerts.0"),
    ],
)
def test_a_bad_input_is_refused_with_its_field(service: Served, body: Any, field: str) -> None:
    key = service.key("team:payments")
    answer = service.post(key, f"/v1/incidents/{opened(service, key)}/inputs", body)
    problem = assert_problem(answer, 400, "invalid-payload")
    assert problem["errors"][0]["field"] == field


def test_the_command_line_goes_from_open_to_close(
    service: Served, truth: tuple[Path, Truth], tmp_path: Path
) -> None:
    folder, known = truth
    home = service.services.settings.directory

    def done(*arguments: str, expect: int = 0) -> Done:
        result = run(home, "incident", *arguments)
        assert result.returncode == expect, result
        return result

    incident = json.loads(done("open", "Orders fail", "--acl", "team:payments", "--json").stdout)[
        "id"
    ]
    packed = tmp_path / f"{known.service}.log.gz"
    packed.write_bytes(gzip.compress((folder / f"{known.service}.log").read_bytes()))
    inputs = [
        word
        for kind in ("alerts", "deploys", "events", "metrics")
        for word in (f"--{kind}", str(folder / f"{kind}.json"))
    ]
    added = done("add", incident, "--logs", str(packed), *inputs).stdout
    assert "alerts.json: 300 records of alerts" in added
    shown = done("show", incident).stdout
    assert f"{known.service}  {known.cause}" in shown
    assert "Check (read-only, quoted from runbooks)" in shown
    assert "Avoid (runbooks warn)" in shown
    assert done("report", incident).stdout.startswith("# Orders fail: incident report (draft)")
    assert "**What we know.**" in done("status", incident).stdout
    assert incident in done("list").stdout
    assert incident not in done("list", "--as", "team:security").stdout
    done("show", incident, "--as", "team:security", expect=1)
    assert f"note {incident}.md" in done("close", incident).stdout
    note = (home / "notes" / f"{incident}.md").read_text()
    assert note.startswith("---\ntitle: Orders fail\nkind: note\n")
    assert "acl:\n- team:payments\n" in note
    done("add", incident, "--deploys", str(folder / "none.json"), expect=2)
    done("add", incident, expect=2)
