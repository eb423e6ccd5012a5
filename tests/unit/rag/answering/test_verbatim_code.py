"""Code in an answer is the document's, byte for byte: over the sample corpus and any other.

RUNBOOK_TEST_CORPUS names a folder of documents to hold this over as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.chunking.chunker import Chunker
from ingest.formats import SUFFIXES
from ingest.reading.acl_rules import AclRules
from ingest.reading.parse import RawFile, parse
from ingest.sources.files import read_file
from ingest.sources.walk import walk
from rag.access.acl import AccessFilter
from rag.answering.brief import brief
from rag.answering.context import Context, ContextBuilder
from rag.answering.extractive import extract
from rag.answering.shown_commands import ShownCommands
from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import (
    BlockKind,
    Chunk,
    Document,
    Freshness,
    FreshnessStatus,
    content_hash,
)
from rag.domain.search import Explanation, Hit, Scores
from rag.errors import QuarantineError
from rag.guardrails.redaction import REDACTED
from rag.text.code_spans import code_spans
from rag.text.markdown import markdown_text
from tests.fakes import HashingEmbedder

SAMPLE = Path(__file__).parents[4] / "runbooks"
OTHER = os.environ.get("RUNBOOK_TEST_CORPUS")
EVERYTHING = AccessFilter(frozenset(), everything=True)
COMMANDS = ShownCommands(shipped_classifier())
MAX_BYTES = 10 * 1024 * 1024


class NoPages:
    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None:
        return None


def documents(folder: Path) -> Iterator[tuple[Document, tuple[Chunk, ...], str]]:
    """Every document of a folder that can be read, with the text of its file."""
    rules = AclRules(folder, frozenset({"public"}))
    chunker = Chunker(HashingEmbedder().count_tokens)
    for path in walk(folder, SUFFIXES, None).files:
        data = read_file(folder, path, MAX_BYTES).data
        raw = RawFile("sample", path, data, content_hash(data), datetime.now(UTC))
        try:
            document, chunks = parse(raw, rules.resolve, chunker, None)
        except QuarantineError:
            continue
        yield document, chunks, data.decode("utf-8", "replace")


def context_of(document: Document, chunks: tuple[Chunk, ...]) -> Context:
    fresh = Freshness(FreshnessStatus.FRESH, document.updated_at, None, 0)
    hits = [
        Hit(rank, chunk, document, 1.0, Scores(), fresh, Explanation((), 1.0, 1.0, 1.0))
        for rank, chunk in enumerate(chunks, start=1)
    ]
    builder = ContextBuilder(NoPages(), HashingEmbedder().count_tokens, 6000)
    return builder.build("word", hits, access=EVERYTHING)


def questions(document: Document, chunks: tuple[Chunk, ...]) -> Iterator[str]:
    """The title alone, and with the heading of a section that holds code."""
    yield document.metadata.title
    for chunk in [chunk for chunk in chunks if "```" in chunk.text or "    " in chunk.text][:1]:
        yield " ".join((document.metadata.title, *chunk.section, chunk.text[:80]))


def lines_of_code(answer: str) -> Iterator[str]:
    """Each line of the blocks of code of an answer."""
    content = markdown_text(answer)
    for leaf in content.leaves():
        if content.blocks[leaf].kind is BlockKind.CODE:
            yield from content.code(leaf).split("\n")


def spans_of_code(answer: str) -> Iterator[str]:
    """The inline code of an answer; a line break in a span is a space in Markdown."""
    content = markdown_text(answer)
    for leaf in content.leaves():
        if content.blocks[leaf].kind is not BlockKind.CODE:
            prose = content.prose(leaf)
            for start, end in code_spans(prose):
                yield " ".join(prose[start:end].strip("`").split())


def altered(folder: Path) -> tuple[list[str], int]:
    """The lines of code that do not stand so in their file, and how many were looked at."""
    found, seen = [], 0
    for document, chunks, text in documents(folder):
        prose = " ".join(text.split())
        for question in questions(document, chunks):
            context = context_of(document, chunks)
            for answer in (
                brief(question, context, COMMANDS, HashingEmbedder()).text,
                extract(question, context, COMMANDS).text,
            ):
                lines = list(lines_of_code(answer))
                seen += len(lines)
                strange = [line for line in lines if line.strip() not in text]
                strange += [span for span in spans_of_code(answer) if span not in prose]
                found += [f"{document.path}: {one}" for one in strange if REDACTED not in one]
    return found, seen


def test_every_line_of_code_in_an_answer_stands_so_in_its_file() -> None:
    found, seen = altered(SAMPLE)
    assert seen > 500
    assert found == []


@pytest.mark.skipif(not OTHER, reason="RUNBOOK_TEST_CORPUS names no folder")
def test_the_same_holds_for_another_corpus() -> None:
    found, seen = altered(Path(str(OTHER)))
    assert seen > 0
    assert found == []
