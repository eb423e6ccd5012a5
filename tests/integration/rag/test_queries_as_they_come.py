"""Questions as people type and paste them, over a real catalog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.domain.search import Mode
from tests.shelf import Shelf

NOISE = ("the broker is slow and the queue grows", "ask the team that owns it", "look at the log")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    for number, text in enumerate(NOISE):
        made.put(f"noise{number}.md", text)
    yield made
    made.database.close()


def first(shelf: Shelf, question: str, mode: Mode = Mode.HYBRID) -> str:
    return shelf.ask(question, mode).hits[0].document.path


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("报警表示磁盘已满,请清理。", "磁盘已满"),
        ("报警表示磁盘已满,请清理。", "磁"),
        ("报警表示磁盘已满,请清理。", "满"),
        ("サーバーのディスク容量が不足しています", "ディスク容量"),
        ("노드가 다운되었습니다", "노드"),
        ("เมื่อดิสก์เต็มให้ลบไฟล์", "ดิสก์เต็ม"),
        ("the ﬁle sys\u00adtem is full", "file system"),
        ("restart the \uff2b\uff21\uff26\uff2b\uff21 broker", "kafka"),
        ("the rollback is a job", "roll back"),
        ("to roll back is a job", "rollback"),
        ("run the roll-back", "rolled back"),
    ],
)
def test_text_is_found_however_it_is_written(shelf: Shelf, text: str, question: str) -> None:
    shelf.put("asked.md", text)
    assert first(shelf, question, Mode.LEXICAL) == "asked.md"


def test_a_misspelled_word_finds_what_was_meant(shelf: Shelf) -> None:
    shelf.put("asked.md", "renew the certificate")
    assert first(shelf, "how do I renew a certficate", Mode.LEXICAL) == "asked.md"


def test_a_document_that_may_not_be_read_corrects_nothing(shelf: Shelf) -> None:
    shelf.put("readable.md", "renew the zephyrius token")
    before = [hit.document.path for hit in shelf.ask("zephyrins token").hits]
    shelf.put("secret.md", "zephyrins zephyrinx", acl="team:b")
    assert [hit.document.path for hit in shelf.ask("zephyrins token").hits] == before
    assert before[0] == "readable.md"
    paths = [hit.document.path for hit in shelf.ask("zephyrinx token", Mode.LEXICAL).hits]
    assert paths == ["readable.md"]  # not corrected by the other document, nor found in it


def test_a_trace_is_answered_by_the_document_on_its_exception(shelf: Shelf) -> None:
    shelf.put("python.md", "File in venv lib python site-packages routing: await self app send")
    shelf.put("ledger.md", "LedgerFrozenError: a period is closed. LDG-4417 says which.")
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/srv/venv/lib/python3.11/site-packages/routing.py", line 758, in handle\n'
        "    await self.app(scope, receive, send)\n"
        * 8
        + "ledger.errors.LedgerFrozenError: LDG-4417: period is closed\n"
    )
    result = shelf.ask(trace)
    assert result.hits[0].document.path == "ledger.md"
    assert not result.no_result


def test_a_quoted_phrase_is_found_to_the_letter(shelf: Shelf) -> None:
    for number in range(4):
        shelf.put(f"words{number}.md", "left on the device: space, and no device has space left")
    shelf.put("asked.md", "a long text about many things that says no space left on device once")
    assert first(shelf, 'what does "no space left on device" mean') == "asked.md"


def test_the_document_of_the_asked_versions_comes_first(shelf: Shelf) -> None:
    text = "drain the nodes, then upgrade the control plane"
    for old, new in (("2.8", "2.9"), ("2.9", "2.10"), ("2.10", "2.11")):
        shelf.put(f"upgrade-{old}-to-{new}.md", text, title=f"Upgrade {old} to {new}")
    assert first(shelf, "how to upgrade 2.9 to 2.10") == "upgrade-2.9-to-2.10.md"


def test_another_version_ranks_behind_the_asked_one(shelf: Shelf) -> None:
    shelf.put("k129.md", "upgrade upgrade the cluster nodes", title="Upgrade of clusters 1.29")
    shelf.put("k128.md", "upgrade the cluster", title="Upgrade of clusters 1.28")
    assert first(shelf, "upgrade the cluster nodes to 1.28.3") == "k128.md"


@pytest.mark.parametrize(
    ("asked", "contrary", "question"),
    [
        ("Scale down the workers", "Scale up the workers", "how do I scale down the workers"),
        ("Enable the proxy", "Disable the proxy", "how do I enable the proxy"),
        ("Roll forward a release", "Roll back a release", "roll forward the release"),
    ],
)
def test_the_contrary_ranks_behind_what_is_asked(
    shelf: Shelf, asked: str, contrary: str, question: str
) -> None:
    shelf.put("contrary.md", f"{contrary}. {question} workers proxy release", title=contrary)
    shelf.put("asked.md", f"{asked}.", title=asked)
    assert first(shelf, question) == "asked.md"


def test_an_incident_is_found_by_its_date(shelf: Shelf) -> None:
    for day in ("2024-03-04", "2024-03-05", "2024-03-06"):
        shelf.put(f"postmortems/{day}-outage.md", "the outage of checkout", title="Outage")
    assert first(shelf, "the outage on March 5th, 2024") == "postmortems/2024-03-05-outage.md"


def test_versions_of_one_document_take_one_place(shelf: Shelf) -> None:
    for version in ("v1.27", "v1.28", "v1.29"):
        shelf.put(f"{version}/upgrade.md", "upgrade the frobnicator of the cluster")
    hits = shelf.ask("upgrade the frobnicator").hits
    found = [hit for hit in hits if hit.document.path.endswith("upgrade.md")]
    assert [hit.document.path for hit in found] == ["v1.29/upgrade.md"]
    assert found[0].siblings == ("v1.27/upgrade.md", "v1.28/upgrade.md")


def test_a_sibling_that_may_not_be_read_is_not_named(shelf: Shelf) -> None:
    shelf.put("v1.28/upgrade.md", "upgrade the frobnicator")
    shelf.put("v1.29/upgrade.md", "upgrade the frobnicator", acl="team:b")
    (hit,) = [h for h in shelf.ask("frobnicator").hits if h.document.path.endswith("upgrade.md")]
    assert hit.document.path == "v1.28/upgrade.md"
    assert hit.siblings == ()
