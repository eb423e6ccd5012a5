"""An answer put together from one document, without a store or a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ingest.chunking.chunker import Chunker
from ingest.formats import load_text
from rag.access.acl import AccessFilter
from rag.answering.context import Context, ContextBuilder
from rag.answering.extractive import extract
from rag.answering.shown_commands import ShownCommands
from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import Chunk, Document, Freshness, FreshnessStatus
from rag.domain.search import Explanation, Hit, Scores
from tests.fakes import HashingEmbedder, document

DAY = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = AccessFilter(frozenset(), everything=True)


class NoPages:
    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None:
        return None


def chunk_of(suffix: str, text: str, title: str = "t") -> Chunk:
    chunker = Chunker(HashingEmbedder().count_tokens)
    [chunk] = chunker.chunk("d", title, load_text(suffix, text, 1).blocks)
    return chunk


def context_of(chunk: Chunk, title: str = "a.md") -> Context:
    fresh = Freshness(FreshnessStatus.FRESH, DAY, None, 0)
    about = document("a.md")
    about = replace(about, metadata=replace(about.metadata, title=title))
    hit = Hit(1, chunk, about, 1.0, Scores(), fresh, Explanation((), 1.0, 1.0, 1.0))
    builder = ContextBuilder(NoPages(), HashingEmbedder().count_tokens, 3000)
    return builder.build("word", [hit], access=EVERYTHING)


def answer_from(suffix: str, text: str, title: str = "a.md") -> str:
    commands = ShownCommands(shipped_classifier())
    return extract("word", context_of(chunk_of(suffix, text, title), title), commands).text
