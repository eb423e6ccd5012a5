"""`runbook index`: generations built beside the serving one, promoted, rolled back, mended."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.compose.upkeep import open_keeper
from api.settings import load_settings
from rag.errors import Cancelled
from tests.inprocess import hashing, paths_found, run, run_json
from tests.processes import HASHING, free_port, listening

CONFIG = """\
[[sources]]
name = "docs"
path = "docs"
acl = ["public"]
"""
WORDS = ("broker", "proxy", "cache", "ledger", "replica", "queue")


def write(folder: Path, path: str, words: str, acl: str = "public") -> None:
    place = folder / "docs" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"---\nacl: [{acl}]\n---\n# {words}\n\nRestart the {words}.\n", "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, word in enumerate(WORDS):
        write(tmp_path, f"{number}.md", word)
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    run_json(tmp_path, "ingest")
    return tmp_path


def states(folder: Path) -> dict[int, str]:
    generations = run_json(folder, "index", "list")["generations"]
    return {one["id"]: one["state"] for one in generations}


def test_another_model_is_built_beside_promoted_and_rolled_back(folder: Path) -> None:
    built = run_json(folder, "index", "build", "--model", "other")
    assert (built["generation"], built["from"]) == (2, "catalog")
    assert states(folder) == {1: "serving", 2: "ready"}
    # What changes while it waits is caught up with when it is promoted.
    write(folder, "0.md", "turbine")
    (folder / "docs/1.md").unlink()
    run_json(folder, "ingest")
    assert run_json(folder, "index", "promote", "2")["by"]
    assert states(folder) == {1: "retired", 2: "serving"}
    assert run_json(folder, "index", "verify")["problems"] == []
    for mode in ("dense", "hybrid"):
        assert paths_found(folder, "restart the turbine", "--mode", mode)[0] == "0.md"
    # It serves by choice: runs go on in it, whatever model the settings name.
    write(folder, "6.md", "gateway")
    assert run_json(folder, "ingest")["generation"] == 2
    started = time.monotonic()
    assert run_json(folder, "index", "rollback")["generation"] == 1
    assert time.monotonic() - started < 1
    assert states(folder) == {1: "serving", 2: "retired"}
    assert "1.md" not in paths_found(folder, "restart the proxy")
    assert run_json(folder, "ingest")["added"] == 1
    assert paths_found(folder, "restart the gateway", "--mode", "dense")[0] == "6.md"


def test_a_rollback_gives_back_to_nobody_what_was_taken(folder: Path) -> None:
    run_json(folder, "index", "build", "--model", "other")
    run_json(folder, "index", "promote", "2")
    write(folder, "0.md", "broker", acl="team:a")  # fewer may read it, in another text
    (folder / "docs/1.md").unlink()
    write(folder, "2.md", "engine", acl="public, team:b")
    run_json(folder, "ingest")
    run_json(folder, "index", "rollback")
    found = set(paths_found(folder, "restart", "--as", "team:b"))
    assert found == {"2.md", "3.md", "4.md", "5.md"}
    assert paths_found(folder, "restart the cache", "--as", "team:b")[0] == "2.md"
    assert set(paths_found(folder, "restart")) == {"0.md", "2.md", "3.md", "4.md", "5.md"}
    # The narrower ACL set stands in the vectors once they are mended, as the next run is.
    assert run_json(folder, "index", "repair")["problems"] == []


def test_readers_taken_by_a_rollback_come_back_when_the_file_is_read_again(folder: Path) -> None:
    page = folder / "docs/0.md"
    write(folder, "0.md", "broker", acl="team:a")
    run_json(folder, "ingest")
    before, stood = page.read_bytes(), page.stat()
    run_json(folder, "index", "build", "--model", "other")
    run_json(folder, "index", "promote", "2")
    write(folder, "0.md", "broker two", acl="team:b")
    run_json(folder, "ingest")
    run_json(folder, "index", "rollback")  # to an older text, which its readers of now may not read
    assert "0.md" not in paths_found(folder, "restart the broker", "--as", "team:a")
    page.write_bytes(before)
    os.utime(page, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    assert run_json(folder, "ingest")["updated"] == 1
    assert paths_found(folder, "restart the broker", "--as", "team:a")[0] == "0.md"
    assert run_json(folder, "ingest")["updated"] == 0


def test_other_chunks_are_read_from_the_sources(folder: Path) -> None:
    built = run_json(folder, "index", "build", "--max-tokens", "64")
    assert built["from"] == "sources"
    run_json(folder, "index", "promote", str(built["generation"]))
    assert paths_found(folder, "restart the ledger")[0] == "3.md"
    again = run(folder, "index", "build", "--max-tokens", "256")
    assert again.returncode == 0, again.stderr
    assert states(folder)[2] == "serving"


def test_what_serves_already_is_not_built_again(folder: Path) -> None:
    done = run(folder, "index", "build")
    assert done.returncode == 2
    assert "already" in done.stderr


def test_a_generation_that_does_not_verify_is_promoted_by_force_alone(folder: Path) -> None:
    run_json(folder, "index", "build", "--model", "other")
    with sqlite3.connect(folder / ".runbook/catalog.db") as catalog:
        catalog.execute("DELETE FROM lexical_2 WHERE rowid = (SELECT min(rowid) FROM lexical_2)")
    catalog.close()
    refused = run(folder, "index", "promote", "2")
    assert refused.returncode == 4
    assert "lexical_2 lacks 1 rows" in refused.stderr
    assert states(folder)[1] == "serving"
    assert run(folder, "index", "promote", "2", "--force").returncode == 2
    forced = run_json(folder, "index", "promote", "2", "--force", "--reason", "an outage")
    assert forced["reason"] == "an outage"
    [recorded] = run_json(folder, "index", "list")["promotions"]
    assert recorded == forced
    assert run(folder, "index", "verify").returncode == 1
    assert run_json(folder, "index", "repair")["problems"] == []
    assert run_json(folder, "index", "verify")["problems"] == []


class Counting:
    """Progress that cuts a build off after so many documents."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.expected = self.finished = 0

    def found(self, documents: int) -> None:
        self.expected += documents

    def done(self, documents: int, chunks: int) -> None:
        self.finished += documents
        if self.finished >= self.most:
            raise Cancelled("enough")


def test_a_build_that_was_cut_off_goes_on(folder: Path) -> None:
    for number in range(6, 50):
        write(folder, f"{number}.md", f"shard{number}")
    run_json(folder, "ingest")
    settings, first, second = load_settings(folder / "runbook.toml"), Counting(1), Counting(99)
    with hashing(), open_keeper(settings) as keeper:
        with pytest.raises(Cancelled):
            keeper.build("other", None, first)
        assert states(folder)[2] == "building"
        assert keeper.build("other", None, second)["generation"] == 2
    assert (first.expected, first.finished, second.expected) == (50, 8, 42)
    assert states(folder)[2] == "ready"


def test_old_generations_go_with_their_directories(folder: Path) -> None:
    for number, model in ((2, "one"), (3, "two")):
        run_json(folder, "index", "build", "--model", model)
        run_json(folder, "index", "promote", str(number))
    assert states(folder) == {2: "retired", 3: "serving"}
    assert sorted(place.name for place in (folder / ".runbook/vectors").iterdir()) == ["2", "3"]


def test_nothing_to_roll_back_to_is_said(folder: Path) -> None:
    done = run(folder, "index", "rollback")
    assert done.returncode == 1
    assert "nothing to roll back to" in done.stderr
    assert run(folder, "index", "promote", "9").returncode == 1


@contextmanager
def asked_all_the_time(client: httpx.Client) -> Iterator[list[Any]]:
    """What four clients were answered until the end of the block."""
    answers: list[Any] = []
    stop = threading.Event()

    def ask(word: str) -> None:
        while not stop.is_set():
            answers.append(client.post("/v1/search", json={"query": f"restart the {word}", "k": 6}))

    threads = [threading.Thread(target=ask, args=(word,)) for word in WORDS[:4]]
    for thread in threads:
        thread.start()
    yield answers
    stop.set()
    for thread in threads:
        thread.join()


def test_a_service_follows_without_a_restart_and_mixes_nothing(folder: Path) -> None:
    made = run_json(folder, "keys", "create", "--name", "t", "--group", "team:a")
    with (folder / "runbook.toml").open("a") as config:
        config.write("[limits]\nrequests_per_minute = 1000000\n")  # one key asks all the time
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {made['key']}"}
    with (
        listening([*HASHING, "serve", "--port", str(port)], f"{base}/readyz", folder),
        httpx.Client(base_url=base, headers=headers, timeout=30) as client,
    ):
        with asked_all_the_time(client) as answers:
            assert run_json(folder, "index", "build", "--model", "other")["generation"] == 2
            assert run_json(folder, "index", "promote", "2")["generation"] == 2
            assert run_json(folder, "index", "verify")["problems"] == []
            run_json(folder, "index", "rollback")
            run_json(folder, "index", "promote", "2")
        assert len(answers) > 100
        for answer in answers:
            assert answer.status_code == 200, answer.text
            hits = answer.json()["hits"]
            # All six pages, each once, whichever generation answered.
            assert sorted(hit["document"]["path"] for hit in hits) == [f"{n}.md" for n in range(6)]
            assert all(hit["scores"]["dense"] is not None for hit in hits)
        first = client.post("/v1/search", json={"query": "restart the ledger"}).json()["hits"][0]
        assert first["document"]["path"] == "3.md"


def test_damage_is_seen_and_mended(folder: Path) -> None:
    with sqlite3.connect(folder / ".runbook/catalog.db") as catalog:
        catalog.execute("DELETE FROM pages_1")
        catalog.execute("DELETE FROM page_vectors")
        catalog.execute(
            "DELETE FROM embeddings WHERE rowid IN (SELECT rowid FROM embeddings LIMIT 2)"
        )
    catalog.close()
    done = run(folder, "index", "verify", "--json")
    assert done.returncode == 1
    parsed = " ".join(json.loads(done.stdout)["problems"])
    for word in ("pages_1 lacks 6", "vectors of 2 chunks", "6 pages have no vector"):
        assert word in parsed
    shutil.rmtree(folder / ".runbook/vectors")
    assert run_json(folder, "index", "repair")["problems"] == []
    assert paths_found(folder, "restart the queue")[0] == "5.md"
