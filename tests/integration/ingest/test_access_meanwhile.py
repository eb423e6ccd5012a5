"""Changes of access while a run is at work: none waits for the run, and none is undone by it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from api.index.access_watch import AccessWatch
from ingest.chunking.chunker import Chunker
from ingest.runs import access_changes
from ingest.runs.access_changes import narrow_access
from ingest.runs.preparation import prepare
from ingest.runs.request import IngestRequest
from ingest.runs.source_run import IngestTools, ingest
from ingest.sources.source import Source
from ingest.sources.watched_roots import watch
from rag.access.acl import AccessFilter
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.writer import CatalogWriter
from rag.domain.access import Principal
from rag.domain.search import Filters, SearchQuery
from rag.indexing.write_protocol import IndexWriter
from rag.ports import Vector
from rag.text.strict_yaml import MAX_BYTES
from tests.catalogs import open_catalog
from tests.engine import engine_over
from tests.fakes import CountingObserver, HashingEmbedder, MemoryVectors
from tests.reading import InProcessReader

SECONDS = 30
TEAM_B = AccessFilter(frozenset({"team:b"}))


class PausingEmbedder(HashingEmbedder):
    """Calls `before` ahead of the embedding of every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[], None] = lambda: None

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        self.before()
        return super().embed_documents(texts)


class Index:
    """A folder, its index, and the runs over it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "docs"
        self.root.mkdir()
        self.source = Source("s", self.root, frozenset({"team:a", "team:b"}))
        self.database = open_catalog(folder / "state" / "catalog.db")
        generations = Generations(self.database)
        made = generations.create("f", HashingEmbedder.fingerprint, HashingEmbedder.dimension)
        generations.promote(made)
        self.embedder = PausingEmbedder()
        self.vectors = MemoryVectors()
        self.catalog = CatalogWriter(self.database, made)
        self.index = IndexWriter(self.catalog, self.vectors, self.embedder)
        self.reader = CatalogReader(self.database)

    def write(self, path: str, text: str, acl: str | None = None) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        head = "" if acl is None else f"---\nacl: [{acl}]\n---\n"
        place.write_text(f"{head}# Broker\n\n{text}\n", encoding="utf-8")

    def run(self) -> None:
        reader = InProcessReader(Chunker(self.embedder.count_tokens))
        tools = IngestTools(self.catalog, self.index, reader, max_file_bytes=100_000)
        ingest(
            tools,
            [prepare(self.source, pull=False, max_file_bytes=100_000)],
            IngestRequest([self.source]),
        )

    def narrow(self) -> set[str]:
        served = self.catalog.active_versions("s")
        return narrow_access(self.index.access, self.source, served.values())

    def apply(self, _: Sequence[Source]) -> None:
        self.narrow()

    def readable(self, access: AccessFilter = TEAM_B) -> set[str]:
        found = self.reader.documents(access=access, filters=Filters(), limit=1000, after=("", ""))
        return {document.path for document in found}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path)
    yield made
    made.database.close()


def test_a_run_that_read_a_file_before_its_readers_were_fewer_does_not_bring_them_back(
    index: Index,
) -> None:
    index.write("a.md", "restart the broker")
    index.run()
    assert index.readable() == {"a.md"}
    index.write("a.md", "drain the broker")  # a change of text, to the same readers
    served: list[set[str]] = []

    def narrow_meanwhile() -> None:
        index.write("a.md", "drain the broker", acl="team:a")
        index.narrow()
        served.append(index.readable())

    index.embedder.before = narrow_meanwhile
    index.vectors.add = watched(index, index.vectors.add, served)  # type: ignore[method-assign]
    index.run()
    assert served
    assert all(not found for found in served)
    assert index.readable() == set()
    index.embedder.before = lambda: None
    index.run()
    assert index.readable(AccessFilter(frozenset({"team:a"}))) == {"a.md"}


def watched(index: Index, add: Callable[..., None], served: list[set[str]]) -> Callable[..., None]:
    def adding(entries: Any) -> None:
        add(entries)
        served.append(index.readable())

    return adding


@pytest.mark.parametrize("how", ["front matter", "rule file"])
def test_a_new_document_whose_readers_became_fewer_while_it_was_embedded_has_the_fewer(
    index: Index, how: str
) -> None:
    index.write("new.md", "restart the broker")

    def narrow_meanwhile() -> None:
        if how == "front matter":
            index.write("new.md", "restart the broker", acl="team:a")
        else:
            (index.root / ".runbook-acl.yaml").write_text("acl: [team:a]\n", encoding="utf-8")

    index.embedder.before = narrow_meanwhile
    index.run()
    assert index.readable() == set()
    index.embedder.before = lambda: None
    index.run()
    assert index.readable(AccessFilter(frozenset({"team:a"}))) == {"new.md"}


def test_a_search_that_remembers_documents_sees_the_narrowing(index: Index) -> None:
    index.write("a.md", "restart the broker")
    index.run()
    engine = engine_over(index.database, index.embedder, index.vectors, CountingObserver())
    reader = Principal("reader", frozenset({"team:b"}))
    assert engine.search(SearchQuery("broker", reader)).hits
    index.write("a.md", "restart the broker", acl="team:a")
    assert index.narrow() == {"a.md"}
    assert not engine.search(SearchQuery("broker", reader)).hits


def test_a_watcher_narrows_while_a_run_is_stuck(index: Index) -> None:
    """With real file events, in a thread beside the run."""
    index.write("a.md", "restart the broker")
    index.write("sub/b.md", "restart the proxy")
    index.run()
    reached, release, stop = threading.Event(), threading.Event(), threading.Event()

    def stuck() -> None:
        reached.set()
        assert release.wait(SECONDS)

    index.embedder.before = stuck
    index.write("c.md", "a document that takes long")
    run = threading.Thread(target=index.run)
    access = AccessWatch(index.apply, [index.source], stop, lambda: None)
    watching = threading.Thread(target=access.run)
    end = watch([index.source], access.changes, polling=False)
    run.start()
    watching.start()
    try:
        assert reached.wait(SECONDS)
        index.write("a.md", "restart the broker", acl="team:a")
        (index.root / "sub/.runbook-acl.yaml").write_text("acl: [team:a]\n", encoding="utf-8")
        until(lambda: not index.readable())
        assert run.is_alive()
    finally:
        release.set()
        run.join()
        stop.set()
        watching.join()
        end()
    assert not index.readable() & {"a.md", "sub/b.md"}


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not look():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_what_could_not_be_applied_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.index.access_watch._RETRY_SECONDS", 0.01)
    source, stop = Source("s", Path("/nowhere")), threading.Event()
    calls: list[str | None] = []
    failures: list[int] = []

    def apply(sources: Sequence[Source]) -> None:
        calls.extend(one.scope for one in sources)
        if len(calls) == 1:
            raise OSError("for the moment")
        stop.set()

    access = AccessWatch(apply, [source], stop, lambda: failures.append(1))
    access.changes.add("s", "x/a.md")
    access.run()
    assert calls == ["x/a.md", "x/a.md"]
    assert failures == [1]


def test_narrowing_by_a_rule_file_is_committed_before_any_document_is_read(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    unread: list[set[str]] = []

    def read_later(*_: object) -> list[object]:
        unread.append(index.readable())
        return []

    for total in (10, 100):
        for number in range(total):
            index.write(f"folder/{total}-{number}.md", f"text {total} {number}")
        (index.root / ".runbook-acl.yaml").write_text("acl: [team:a, team:b]\n")
        index.run()
        (index.root / ".runbook-acl.yaml").write_text("acl: [team:a]\n")
        with monkeypatch.context() as patched:
            patched.setattr(access_changes, "_changed", read_later)
            patched.setattr(access_changes, "_COMMIT_SECONDS", 3600.0)
            counts.append(statements(index, index.narrow))
    assert unread == [set(), set()]
    assert counts[1] <= counts[0]


def statements(index: Index, work: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(index.database.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(index.database.engine, "before_cursor_execute", note)
    return len(seen)


def test_an_honest_document_does_not_wait_for_a_slow_one(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small files come first, and what they say is committed before a large one is parsed."""
    for number in range(3):
        index.write(f"{number}-slow.md", "x")
    index.write("z-honest.md", "restart the broker")
    index.run()
    hostile = "a: [" + "x," * (MAX_BYTES // 2 - 100) + "x]\n"
    for number in range(3):
        text = f"---\nacl: [team:a]\n{hostile}---\n# x\n\nx\n"
        (index.root / f"{number}-slow.md").write_text(text, encoding="utf-8")
    index.write("z-honest.md", "restart the broker", acl="team:a")
    seen: list[tuple[str, bool]] = []
    own_acl = access_changes._own_acl

    def parsed(source: Source, path: str) -> frozenset[str] | None:
        seen.append((path, "z-honest.md" in index.readable()))
        return own_acl(source, path)

    monkeypatch.setattr(access_changes, "_own_acl", parsed)
    monkeypatch.setattr(access_changes, "_COMMIT_SECONDS", 0.0)
    index.narrow()
    assert seen[0] == ("z-honest.md", True)
    assert [honest for _, honest in seen[1:]] == [False, False, False]
    assert index.readable() == set()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_large_file_is_limited_by_its_start(index: Index, encoding: str) -> None:
    index.write("a.md", "restart the broker")
    index.run()
    text = "---\nacl: [team:a]\n---\n# Broker\n\n" + "für den Brøker 😀 " * 40_000
    (index.root / "a.md").write_bytes(text.encode(encoding))
    assert index.narrow() == {"a.md"}
    assert index.readable() == set()


def test_a_pipe_in_place_of_a_document_holds_nothing_up(index: Index) -> None:
    index.write("a.md", "restart the broker", acl="team:a, team:b")
    index.write("b.md", "restart the proxy")
    index.run()
    (index.root / "a.md").unlink()
    os.mkfifo(index.root / "a.md")
    index.write("b.md", "restart the proxy", acl="team:a")
    assert index.narrow() == {"b.md"}


def test_many_versions_are_swept_at_once(index: Index) -> None:
    """More than SQLite takes parameters in one statement."""
    with index.database.write() as connection:
        connection.execute(sa.text("INSERT INTO acl_sets (id, tags) VALUES (99, '[\"x\"]')"))
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) "
            "INSERT INTO versions (generation, document_id, state, source, path, title, kind, "
            "service, severity, alerts, tags, acl_set, acl_origin, revision, updated, "
            "content_hash) SELECT 1, 'd' || i, 'retired', 's', 'p', 't', 'runbook', '[]', '[]', "
            "'[]', '[]', 99, 'source', 'r', 0, 'h' FROM n"
        )
    index.index.repair()
    assert index.catalog.unserved_versions() == []
