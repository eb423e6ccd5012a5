"""`runbook serve` as a process over the sample corpus, with the real model and real Chroma."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import HASHING, ROOT, RUNBOOK, chroma_server, free_port, listening, run
from tests.promql import alert_rules
from tests.sample_service import QUESTION, Service

BEST = "payments/checkout-5xx-after-deploy.md"


def without_request(answer: dict[str, Any]) -> dict[str, Any]:
    hits = [
        {**hit, "score": round(hit["score"], 3), "scores": rounded(hit["scores"])}
        for hit in answer["hits"]
    ]
    return {"hits": hits, "no_result": answer["no_result"]}


def rounded(scores: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if score is None else round(score, 3) for name, score in scores.items()}


def test_both_doors_give_the_same_hits(service: Service) -> None:
    body = service.search(service.key("--right", "admin"), k=5).json()
    assert body["hits"][0]["document"]["path"] == BEST
    done = run(service.folder, "search", QUESTION, "-k", "5", "--json", program=RUNBOOK)
    assert without_request(json.loads(done.stdout)) == without_request(body)


def test_a_hit_names_the_lines_of_the_file_as_it_stands(service: Service) -> None:
    for hit in service.search(service.key("--right", "admin"), k=10).json()["hits"]:
        text = (ROOT / "runbooks" / hit["document"]["path"]).read_text(encoding="utf-8")
        first, last = hit["lines"]
        assert hit["text"] == "\n".join(text.split("\n")[first - 1 : last])
        for command in hit["commands"]:
            line = text.split("\n")[command["line"] - 1]
            assert command["text"].split("\n")[0].split("\\")[0].strip() in line


def test_a_key_finds_what_its_groups_may_read(service: Service) -> None:
    question = "rotate the acquirer API secrets in Vault"
    secret = "payments/rotate-acquirer-secrets.md"

    def found(*groups: str) -> list[str]:
        key = service.key(*(part for group in groups for part in ("--group", group)))
        body = service.search(key, query=question).json()
        return [hit["document"]["path"] for hit in body["hits"]]

    assert found("role:security")[0] == secret
    assert secret not in found("team:platform", "role:sre", "public")


def test_revoking_a_key_counts_from_the_next_request_on(service: Service) -> None:
    key = service.key("--group", "public")
    assert service.search(key).status_code == 200
    identity = key.split("_")[1]
    assert run(service.folder, "keys", "revoke", identity).returncode == 0
    assert service.search(key).status_code == 401


def test_alertmanager_sends_the_services_own_alerts_and_gets_their_runbooks(
    service: Service,
) -> None:
    rules = alert_rules()
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": rule["alert"], **rule["labels"]},
            "annotations": rule["annotations"],
            "startsAt": "2026-01-31T09:00:00Z",
        }
        for rule in rules
    ]

    def runbook_of(group: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {service.key('--group', group)}"}
        sent = service.client.post(
            "/v1/alerts", json={"version": "4", "alerts": alerts}, headers=headers
        )
        assert sent.status_code == 200, sent.text
        return {
            name["name"]: found["runbooks"][0]["document"]["path"]
            for found in sent.json()["groups"]
            if found["matched_by"] == "name"
            for name in found["names"]
        }

    found = runbook_of("team:platform")
    assert set(found) == {rule["alert"] for rule in rules}
    assert all(path.startswith("platform/runbook-search-") for path in found.values())
    assert not runbook_of("team:payments")


def test_metrics_and_logs_carry_counts_and_no_words(service: Service) -> None:
    service.search(service.key("--group", "public"), query="a very peculiar question")
    metrics = service.client.get("/metrics").text
    documents = re.search(r"^runbook_index_documents (\S+)", metrics, re.MULTILINE)
    assert documents is not None
    assert float(documents[1]) >= 60
    assert "runbook_retrieval_latency_seconds_count" in metrics
    assert re.search(r"^runbook_acl_denied_total 0\.0", metrics, re.MULTILINE)
    log = (service.folder / "server.log").read_text()
    for words in ("peculiar", BEST, "Checkout API returns"):
        assert words not in metrics
        assert words not in log
    assert all(json.loads(line)["level"] for line in log.splitlines())


def test_an_ingest_beside_an_embedded_service_is_refused(service: Service) -> None:
    done = run(service.folder, "ingest", program=RUNBOOK)
    assert done.returncode == 1
    assert "runbook serve" in done.stderr


def test_a_service_on_a_chroma_server_sees_an_ingest_beside_it(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("---\nacl: [public]\n---\n# A\n\nrestart the broker\n")
    (tmp_path / "chroma").mkdir()
    with chroma_server(tmp_path / "chroma") as chroma:
        (tmp_path / "runbook.toml").write_text(
            f'[[sources]]\nname = "s"\npath = "docs"\n[vectors]\nmode = "http"\nport = {chroma}\n'
        )
        assert run(tmp_path, "ingest").returncode == 0
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with (
            listening([*HASHING, "serve", "--port", str(port)], f"{base}/readyz", tmp_path),
            httpx.Client(base_url=base, timeout=60) as client,
        ):
            service = Service(tmp_path, client)
            key = service.key("--group", "public")
            (tmp_path / "docs/b.md").write_text(
                "---\nacl: [public]\n---\n# B\n\ndrain the turbine\n"
            )
            assert run(tmp_path, "ingest").returncode == 0
            body = service.search(key, query="turbine", mode="dense").json()
            assert body["hits"][0]["document"]["path"] == "b.md"


def test_a_service_with_nothing_indexed_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--port", "0")
    assert done.returncode == 1
    assert "runbook ingest" in done.stderr


def test_a_service_ends_on_the_signal_of_its_supervisor(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("# A\n\nrestart the broker\n")
    assert run(tmp_path, "ingest", "docs").returncode == 0
    port = free_port()
    url = f"http://127.0.0.1:{port}/readyz"
    with listening([*HASHING, "serve", "--port", str(port)], url, tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            pytest.fail("the service goes on")
    assert run(tmp_path, "ingest", "docs").returncode == 0


def test_a_port_in_use_is_a_failure_that_names_it(tmp_path: Path) -> None:
    """3 would say that all was done, with quarantined documents."""
    (tmp_path / "page.md").write_text("---\nacl: [public]\n---\n# A page\n")
    assert run(tmp_path, "ingest", "page.md").returncode == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(tmp_path, "serve", "--port", str(port))
    assert done.returncode == 1, done.stderr
    lines = done.stderr.splitlines()[-1]
    assert lines.startswith(f"runbook: cannot listen on 127.0.0.1:{port}")
    assert "--port" in lines


def test_both_doors_explain_a_ranking(service: Service) -> None:
    body = service.search(service.key("--right", "admin"), k=3, explain=True).json()
    done = run(
        service.folder, "search", QUESTION, "-k", "3", "--json", "--explain", program=RUNBOOK
    )
    for hit, other in zip(body["hits"], json.loads(done.stdout)["hits"], strict=True):
        signals = {one["signal"]: one for one in hit["explanation"]["signals"]}
        assert set(signals) >= {"dense", "lexical", "pages", "page_vectors"}
        points = sum(one["points"] for one in signals.values())
        assert (
            abs(points * hit["explanation"]["prior"] - hit["explanation"]["document_score"]) < 1e-4
        )
        assert other["explanation"]["signals"][0]["signal"] == "dense"
    plain = service.search(service.key("--right", "admin"), k=3).json()
    assert all("explanation" not in hit for hit in plain["hits"])
    shown = run(service.folder, "search", QUESTION, "-k", "1", "--explain", program=RUNBOOK)
    assert "page_vectors" in shown.stdout
    assert "score" in shown.stdout


def test_a_question_that_nothing_answers_is_reported(service: Service) -> None:
    done = run(service.folder, "search", "how do I bake sourdough bread", program=RUNBOOK)
    assert done.returncode == 5
    assert "nearest" in done.stderr
    assert done.stdout
