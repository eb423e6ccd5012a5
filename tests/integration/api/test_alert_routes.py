"""Alerts over HTTP and on the command line: the same groups, under the caller's access."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import PAGES
from tests.http_bench import assert_problem
from tests.inprocess import run
from tests.serving import Served, service_over

STORM = {
    "version": "4",
    "alerts": [
        {
            "labels": {"alertname": name, "service": service, "pod": f"{service}-{number}"},
            "annotations": {"summary": f"{service} is in trouble", **annotations},
            "startsAt": f"2026-01-31T09:{number % 60:02}:00Z",
        }
        for name, service, count, annotations in [
            ("CheckoutHighErrorRate", "checkout-api", 500, {}),
            ("LedgerDrift", "ledger", 300, {"runbook_url": "https://wiki/payments/ledger/"}),
            ("Zqx", "", 200, {"summary": "frumious bandersnatch"}),
        ]
        for number in range(count)
    ],
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service_over(tmp_path_factory.mktemp("alerts"), PAGES) as made:
        yield made


def sent(service: Served, key: str, payload: Any) -> dict[str, Any]:
    answer = service.post(key, "/v1/alerts", payload)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {group["names"][0]["name"]: group for group in found["groups"]}


def test_a_storm_is_a_group_for_each_cause_with_its_runbook_and_first_check(
    service: Served,
) -> None:
    groups = by_name(sent(service, service.key("team:payments"), STORM))
    assert {name: group["alerts"] for name, group in groups.items()} == {
        "CheckoutHighErrorRate": 500,
        "LedgerDrift": 300,
        "Zqx": 200,
    }
    checkout = groups["CheckoutHighErrorRate"]
    assert (checkout["matched_by"], checkout["claimed_by"]) == ("name", "front_matter")
    assert checkout["problems"] == 1
    assert checkout["services"] == [{"name": "checkout-api", "alerts": 500}]
    assert checkout["runbooks"][0]["document"]["path"] == "payments/checkout-5xx.md"
    assert checkout["first_check"]["command"] == "kubectl -n checkout-api get pods"
    assert checkout["first_check"]["citation"]["path"] == "payments/checkout-5xx.md"
    assert groups["LedgerDrift"]["matched_by"] == "runbook_url"
    assert groups["LedgerDrift"]["runbooks"][0]["document"]["path"] == "payments/ledger.md"


def test_a_storm_in_pieces_is_one_storm_until_it_is_resolved(service: Served) -> None:
    key = service.key("team:payments", "team:pieces")
    alerts = STORM["alerts"]
    assert isinstance(alerts, list)
    for start in range(0, 1000, 250):
        found = by_name(sent(service, key, {"alerts": alerts[start : start + 250]}))
    assert found["Zqx"]["alerts"] == 200
    whole = by_name(sent(service, key, STORM))
    assert whole["CheckoutHighErrorRate"]["alerts"] == 500
    resolved = [{**one, "status": "resolved"} for one in alerts[:500]]
    closed = by_name(sent(service, key, {"alerts": resolved}))
    assert closed["CheckoutHighErrorRate"]["status"] == "resolved"
    assert closed["CheckoutHighErrorRate"]["firing"] == 0


def test_ambiguity_is_shown_to_whoever_reads_both_documents(service: Served) -> None:
    payload = {"alerts": [{"name": "CheckoutHighErrorRate"}]}
    [group] = sent(service, service.key("team:security"), payload)["groups"]
    assert group["ambiguous"]
    assert len(group["runbooks"]) == 2
    [own] = sent(service, service.key("team:payments"), payload)["groups"]
    assert not own["ambiguous"]


def test_without_a_runbook_the_answer_is_null(service: Served) -> None:
    payload = {"alerts": [{"name": "Zqx", "annotations": {"summary": "frumious bandersnatch"}}]}
    [group] = sent(service, service.key("team:x"), payload)["groups"]
    assert (group["matched_by"], group["runbooks"], group["first_check"]) == (None, [], None)


def test_feedback_on_a_group_confirms_the_link_for_the_next_alert(service: Served) -> None:
    key = service.key("team:payments", "team:feedback")
    summary = {"summary": "settlement and acquirer statement differ, snapshot of the ledger"}
    alert = {"name": "BooksDiffer", "annotations": summary}
    found = sent(service, key, {"alerts": [alert]})
    [group] = found["groups"]
    assert group["matched_by"] == "search"
    [hit] = [one for one in group["runbooks"] if one["document"]["path"] == "payments/ledger.md"]
    verdict = {"request_id": group["request_id"], "score": 1, "chunk_id": hit["chunk_id"]}
    assert service.post(key, "/v1/feedback", verdict).status_code == 201
    bare = {"alerts": [{"name": "BooksDiffer"}]}
    [again] = sent(service, key, bare)["groups"]
    assert again["matched_by"] == "feedback"
    assert again["runbooks"][0]["document"]["path"] == "payments/ledger.md"
    [others] = sent(service, service.key("team:else"), bare)["groups"]
    assert others["runbooks"] == [] or others["matched_by"] != "feedback"


@pytest.mark.parametrize(
    ("payload", "field"),
    [([], "body"), ({"alerts": [{"name": 3}]}, "alerts.0.name"), ({}, "alerts")],
)
def test_a_bad_payload_is_refused_with_its_field(service: Served, payload: Any, field: str) -> None:
    answer = service.post(service.key("team:x"), "/v1/alerts", payload)
    problem = assert_problem(answer, 400, "invalid-payload")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_the_command_line_shows_a_storm_on_one_screen(service: Served, tmp_path: Path) -> None:
    folder = service.services.settings.directory
    (folder / "runbook.toml").write_text('[[sources]]\nname = "docs"\npath = "docs"\n')
    (tmp_path / "storm.json").write_text(json.dumps(STORM))
    done = run(folder, "alerts", str(tmp_path / "storm.json"))
    assert done.returncode == 0, done
    assert done.stdout.startswith("1,000 alerts in 3 groups, 1000 firing\n")
    assert "first check: kubectl -n checkout-api get pods" in done.stdout
    assert len(done.stdout.splitlines()) <= 25
    shown = json.loads(run(folder, "alerts", str(tmp_path / "storm.json"), "--json").stdout)
    assert sum(group["alerts"] for group in shown["groups"]) == 1000
    nobody = run(folder, "alerts", str(tmp_path / "storm.json"), "--as", "team:x")
    assert "ledger.md" not in nobody.stdout


def test_the_command_line_names_what_is_wrong_with_a_file(service: Served, tmp_path: Path) -> None:
    folder = service.services.settings.directory
    (tmp_path / "bad.json").write_text('{"alerts": [{"name": 1}]}')
    done = run(folder, "alerts", str(tmp_path / "bad.json"))
    assert (done.returncode, "alerts.0.name: must be text" in done.stderr) == (2, True)
    assert run(folder, "alerts", str(tmp_path / "none.json")).returncode == 2
