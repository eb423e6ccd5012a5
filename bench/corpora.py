"""What is measured on: the public benchmark where it lies beside the checkout, else what ships."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.chunking.chunker import Chunker
from ingest.formats import SUFFIXES
from ingest.reading.acl_rules import AclRules
from ingest.reading.parse import RawFile, parse
from ingest.sources.files import read_file
from ingest.sources.walk import walk
from rag.domain.documents import Chunk, Document, content_hash
from rag.errors import QuarantineError
from rag.ports import Embedder

ROOT = Path(__file__).parents[1]
PUBLIC_BENCHMARK = ROOT.parent / "shared" / "bench"
_MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the paths that answer it; none means that the corpus does not.

    `quote` is a passage of one of them that supports the answer, empty where none is known.
    """

    id: str
    text: str
    gold: tuple[str, ...]
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder of pages with sets of questions over it, by name."""

    name: str
    folder: Path
    questions: dict[str, tuple[Question, ...]]


@dataclass(frozen=True, slots=True)
class Page:
    """One parsed document."""

    document: Document
    chunks: tuple[Chunk, ...]
    text: str


def corpus() -> Corpus:
    """The public benchmark's real runbooks and alerts, else the sample corpus."""
    if PUBLIC_BENCHMARK.is_dir():
        sets = {
            "alerts": _questions(PUBLIC_BENCHMARK / "alerts.jsonl", "query"),
            "alerts, with name": _questions(PUBLIC_BENCHMARK / "alerts.jsonl", "query_with_name"),
            "questions": _questions(PUBLIC_BENCHMARK / "questions.jsonl", "query"),
        }
        return Corpus("public runbooks", PUBLIC_BENCHMARK / "corpus", sets)
    folder = ROOT / "runbooks"
    asked = _questions(Path(__file__).parent / "sample_questions.jsonl", "query")
    return Corpus("sample corpus", folder, {"questions": asked})


def pages(folder: Path, embedder: Embedder) -> list[Page]:
    """Every page below a folder, chunked as ingest chunks it; what it would refuse is left out."""
    chunker = Chunker(embedder.count_tokens)
    rules = AclRules(folder, frozenset({"public"}))
    found: list[Page] = []
    for path in walk(folder, SUFFIXES, None).files:
        data = read_file(folder, path, _MAX_BYTES).data
        now = datetime.now(UTC)
        raw = RawFile("bench", path, data, content_hash(data), now)
        try:
            document, chunks = parse(raw, rules.resolve, chunker, None)
        except QuarantineError:
            continue
        found.append(Page(document, chunks, data.decode("utf-8", "replace")))
    return found


def _questions(path: Path, field: str) -> tuple[Question, ...]:
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return tuple(
        Question(row["id"], row[field], tuple(row["gold"]), row.get("quote") or "") for row in rows
    )


def texts(found: Sequence[Page]) -> list[str]:
    """What is embedded of these pages."""
    return [chunk.embedded_text for page in found for chunk in page.chunks]
