"""What the audit log says, and that it says it in one piece whoever writes beside."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.records.audit import AuditLog, By, open_audit
from api.settings.access import AuditSettings
from rag.domain.access import Principal
from rag.domain.documents import document_id
from tests.processes import ROOT, environment, run, run_json
from tests.serving import Served, service_over

FILES = {
    "a.md": "---\nacl: [team:a]\n---\n# Alpha zebra\n\nrestart the zebra broker\n",
    "b.md": "---\nacl: [team:b]\n---\n# Beta zebra\n\nrestart the zebra broker\n",
}
SOMEBODY = By(Principal("key:0123"), "POST /v1/search", "r1")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Served]:
    with service_over(tmp_path, FILES) as made:
        yield made


def events(service: Served, *kinds: str) -> list[dict[str, Any]]:
    found = lines(service.services.settings.state_folder / "audit.jsonl")
    return [line for line in found if line["event"] in kinds]


def test_it_says_who_was_given_what_by_ids_and_never_by_text(service: Served) -> None:
    key = service.key("team:a")
    body = service.post(key, "/v1/search", {"query": "the peculiar question"}).json()
    one = document_id("docs", "a.md")
    headers = {"Authorization": f"Bearer {key}"}
    assert service.client.get(f"/v1/documents/{one}", headers=headers).status_code == 200
    service.client.get("/v1/documents", headers=headers)
    chunks = [hit["chunk_id"] for hit in body["hits"]]
    search, read, listing = events(service, "search", "read")
    assert search["principal"] == f"key:{key.split('_')[1]}"
    assert search["door"] == "POST /v1/search"
    assert search["request_id"] == body["request_id"]
    assert search["query"] == "the peculiar question"
    assert search["documents"] == [{"id": one, "chunks": chunks}]
    assert read["documents"][0]["id"] == one
    assert read["door"] == "GET /v1/documents/{document_id}"
    assert listing["documents"] == [{"id": one, "chunks": []}]
    text = (service.services.settings.state_folder / "audit.jsonl").read_text()
    assert "zebra" not in text
    assert key not in text


def test_it_says_who_was_refused_and_denied_without_their_credentials(service: Served) -> None:
    bad = f"rbk_{'0' * 12}_{'a' * 43}"
    service.post(bad, "/v1/search", {"query": "q"})
    assert service.post(service.key("team:a"), "/v1/reindex", {}).status_code == 403
    refused, denied = events(service, "refused", "denied")
    assert refused["peer"] == "127.0.0.1"
    assert refused["door"] == "POST /v1/search"
    assert denied["principal"].startswith("key:")
    assert denied["door"] == "POST /v1/reindex"
    assert bad[4:] not in json.dumps([refused, denied])


def test_it_says_which_documents_changed_and_who_may_read_them(
    service: Served, tmp_path: Path
) -> None:
    page = tmp_path / "docs/a.md"
    page.write_text(FILES["a.md"].replace("team:a", "team:b"))
    service.reindex()
    service.reindex()
    page.unlink()
    service.reindex()
    changes = events(service, "document")
    about_a = [line for line in changes if line["document"] == document_id("docs", "a.md")]
    assert [(line["change"], line["acl_before"], line["acl_after"]) for line in about_a] == [
        ("added", None, ["team:a"]),
        ("updated", ["team:a"], []),  # at once, before the new version is indexed
        ("updated", [], ["team:b"]),
        ("deleted", ["team:b"], None),
    ]
    assert len(changes) == len(about_a) + 1


def test_it_says_which_keys_were_made_and_revoked(tmp_path: Path) -> None:
    (tmp_path / "runbook.toml").write_text("")
    made = run_json(tmp_path, "keys", "create", "--name", "n", "--group", "team:a")
    assert run(tmp_path, "keys", "revoke", made["id"]).returncode == 0
    assert run(tmp_path, "keys", "revoke", "000000000000").returncode == 1
    written = lines(tmp_path / ".runbook/audit.jsonl")
    records = [(line["event"], line["change"], line["key"]) for line in written]
    assert records == [("key", "created", made["id"]), ("key", "revoked", made["id"])]
    assert written[0]["groups"] == ["team:a"]
    assert made["key"] not in (tmp_path / ".runbook/audit.jsonl").read_text()


def opened(folder: Path, **changed: Any) -> AuditLog:
    fields: dict[str, Any] = {"max_bytes": 1 << 20, "files": 3, "hash_queries": False}
    return open_audit(folder, Path("audit.jsonl"), **{**fields, "failed": pytest.fail, **changed})


def test_queries_can_be_hashed_with_a_key_of_this_index(tmp_path: Path) -> None:
    for _ in range(2):
        opened(tmp_path, hash_queries=True).searched(SOMEBODY, "a question", ())
    opened(tmp_path / "other", hash_queries=True).searched(SOMEBODY, "a question", ())
    one, two = lines(tmp_path / "audit.jsonl")
    [other] = lines(tmp_path / "other/audit.jsonl")
    assert one["query_hash"] == two["query_hash"] != other["query_hash"]
    assert "question" not in (tmp_path / "audit.jsonl").read_text()
    assert stat.S_IMODE((tmp_path / "audit.key").stat().st_mode) == 0o600


_WRITER = """
import os, sys
from pathlib import Path
from api.records.audit import By, open_audit
from rag.domain.access import Principal
folder, name = Path(sys.argv[1]), sys.argv[2]
audit = open_audit(folder, Path("audit.jsonl"), max_bytes=20_000, files=100, hash_queries=False,
                   failed=lambda: os._exit(7))
for number in range(200):
    audit.searched(By(Principal(name), "door", f"{name}-{number}"), "q" * 50, ())
"""


def test_no_line_is_lost_when_several_processes_write_and_rotate(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, f"p{n}"], cwd=ROOT, env=environment()) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    files = [path for path in tmp_path.glob("audit.jsonl*") if path.suffix != ".lock"]
    assert len(files) > 3
    assert all(path.stat().st_size <= 20_000 for path in files)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    written = [line["request_id"] for path in files for line in lines(path)]
    assert sorted(written) == sorted(f"p{n}-{number}" for n in range(3) for number in range(200))


def test_a_line_that_cannot_be_written_is_counted_and_fails_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    failures: list[None] = []
    audit = opened(tmp_path, failed=lambda: failures.append(None))
    audit.searched(SOMEBODY, "a secret question", ())
    assert len(failures) == 1
    assert "secret" not in "".join(capfd.readouterr())


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with service_over(tmp_path, FILES, audit=AuditSettings(enabled=False)) as service:
        assert service.post(service.key("team:a"), "/v1/search", {"query": "q"}).status_code == 200
        assert not (service.services.settings.state_folder / "audit.jsonl").exists()
