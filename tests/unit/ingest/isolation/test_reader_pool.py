"""A file that costs too much to read ends its process, is refused, and holds nothing else up."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.chunking.chunker import Chunker, ChunkSettings
from ingest.formats import SUFFIXES
from ingest.isolation.documents import IsolatedDocuments
from ingest.isolation.limits import FailureKind, ReadingFailed, ReadLimits
from ingest.isolation.pool import ReaderPool
from ingest.isolation.process import ReadingProcess, _environment
from ingest.reading.parse import RawFile, Reading, read_document
from ingest.sources.walk import walk
from rag.errors import Cancelled, QuarantineError, WorkerError
from rag.ports import TokenCounterSource
from tests.fakes import HashingEmbedder
from tests.misbehaving import CRASH, LOOP, MISBEHAVING, RAISE, SLEEP, SWELL

SAMPLE = Path(__file__).parents[4] / "runbooks"
LIMITS = ReadLimits(seconds=1.5, memory_mib=200)


def raw(path: str, data: bytes) -> RawFile:
    return RawFile("s", path, data, "r", datetime(2026, 1, 1, tzinfo=UTC))


def page(path: str, text: str) -> RawFile:
    return raw(path, f"# About {path}\n\n{text}\n".encode())


class Pool:
    """A pool, and the failures that it told of."""

    def __init__(self, limits: ReadLimits = LIMITS) -> None:
        self.failures: list[FailureKind] = []
        self.pool = ReaderPool(limits, self.failures.append, processes=1)

    def read(
        self, *files: RawFile, counter: TokenCounterSource = MISBEHAVING
    ) -> dict[str, Reading | QuarantineError]:
        documents = IsolatedDocuments(self.pool, lambda: counter, ChunkSettings())
        return {file.path: reading for file, reading in documents.read(files)}


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    made.pool.close()


def test_a_document_is_read_there_as_it_would_be_here(pool: Pool) -> None:
    embedder = HashingEmbedder()
    files = [raw(path, (SAMPLE / path).read_bytes()) for path in walk(SAMPLE, SUFFIXES).files]
    assert len(files) > 50
    chunker = Chunker(embedder.count_tokens, ChunkSettings())
    here = {file.path: read_document("s", file.path, file.data, chunker) for file in files}
    assert pool.read(*files, counter=embedder.token_counter) == here
    assert pool.failures == []


@pytest.mark.parametrize(
    ("order", "kind", "reason"),
    [
        (LOOP, FailureKind.TIME, "takes longer than 1.5 s"),
        (SLEEP, FailureKind.TIME, "takes longer than 1.5 s"),
        (SWELL, FailureKind.MEMORY, "needs more than 200 MiB"),
        (CRASH, FailureKind.CRASH, "SIGSEGV"),
    ],
)
def test_a_file_over_a_limit_is_refused_and_the_others_are_read(
    pool: Pool, order: str, kind: FailureKind, reason: str
) -> None:
    names = [f"{n}.md" for n in range(40)]
    files = [page(name, order if name in ("3.md", "20.md") else "Restart it.") for name in names]
    found = pool.read(*files)
    assert list(found) == names
    for name, reading in found.items():
        if name in ("3.md", "20.md"):
            assert isinstance(reading, ReadingFailed)
            assert (reading.kind, reason in reading.reason) == (kind, True)
        else:
            assert isinstance(reading, Reading)
    assert pool.failures == [kind, kind]


def test_what_no_reader_foresaw_quarantines_the_file_alone(pool: Pool) -> None:
    found = pool.read(page("a.md", "Restart it."), page("b.md", RAISE), page("c.md", "Stop it."))
    refused = found["b.md"]
    assert isinstance(refused, QuarantineError)
    assert refused.reason.startswith("not readable as MD (KeyError)")
    assert isinstance(found["a.md"], Reading)
    assert isinstance(found["c.md"], Reading)
    assert pool.failures == []


def test_a_document_that_is_too_large_when_read_is_refused() -> None:
    pool = Pool(ReadLimits(seconds=30.0, memory_mib=300, output_mib=1))
    large = f"```\n{'word ' * 2000}\n" * 120 + "```"
    found = pool.read(page("a.md", large), page("b.md", "Restart it."))
    pool.pool.close()
    assert isinstance(found["a.md"], ReadingFailed)
    assert "more than 1 MiB of text" in found["a.md"].reason
    assert isinstance(found["b.md"], Reading)
    assert pool.failures == [FailureKind.OUTPUT]


def test_a_quarantined_file_keeps_its_line(pool: Pool) -> None:
    refused = pool.read(raw("a.md", b"---\nkind: runbook\nacl: {}\n---\n"))["a.md"]
    assert isinstance(refused, QuarantineError)
    assert refused.line == 3


def test_half_a_character_quarantines_the_file(pool: Pool) -> None:
    refused = pool.read(raw("a.md", b'---\ntitle: "\\ud800"\nacl: [public]\n---\n# A\n'))["a.md"]
    assert isinstance(refused, QuarantineError)
    assert "surrogate" in refused.reason


def test_a_counter_that_cannot_be_made_is_an_error_of_the_run(pool: Pool) -> None:
    with pytest.raises(WorkerError, match="No module named 'nowhere'"):
        pool.read(page("a.md", "x"), counter=TokenCounterSource("nowhere:made", ""))


def test_nothing_is_started_for_no_files(pool: Pool) -> None:
    def never() -> TokenCounterSource:
        raise AssertionError

    assert list(IsolatedDocuments(pool.pool, never, ChunkSettings()).read(())) == []


def test_a_process_survives_the_signals_that_end_its_parent_and_is_used_again() -> None:
    process = ReadingProcess(LIMITS)
    process.prepare(None)
    for number in (signal.SIGINT, signal.SIGTERM):
        process._process.send_signal(number)
    process.prepare(None)
    assert process.alive
    process.close()
    assert not process.alive


def test_closing_gives_up_what_is_being_read(pool: Pool) -> None:
    """Whoever waits for it hears that the pool ends, and no file is blamed."""
    ended: list[BaseException] = []

    def read() -> None:
        try:
            pool.read(page("a.md", SLEEP))
        except Cancelled as error:
            ended.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    while not pool.pool._busy:
        time.sleep(0.01)
    pool.pool.close()
    reading.join(30)
    assert len(ended) == 1
    assert pool.failures == []


def test_no_secret_of_the_environment_reaches_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_ASK__API_KEY", "secret")
    assert "secret" not in _environment().values()
