"""The lexical retriever: FTS5 over the serving generation, filtered before the cut."""

from __future__ import annotations

import re

import sqlalchemy as sa

from rag.acl import AccessFilter
from rag.adapters.catalog import lexical_table
from rag.adapters.catalog.access import may_read, passes
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import chunks, generations, versions
from rag.domain import Candidate, Filters
from rag.errors import IndexMissing
from rag.identifiers import spelled_out

_WORD = re.compile(r"\w+")
_MAX_TERMS = 64
# Words that stand in nearly every question and say nothing of which page answers it.
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a an and are as at be been but by can did do does for from had has have how i if in into "
        "is it its me my no not of on or our so than that the their them then there they this to "
        "us was we were what when where which who why will with would you your"
    )
)


class LexicalRetriever:
    """BM25 over weighted fields, any word may match; scores are higher for better."""

    name = "lexical"

    def __init__(self, database: Database) -> None:
        self._database = database

    def retrieve(
        self, question: str, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]:
        match = match_expression(question)
        if access.nothing or not match:
            return []
        with self._database.read() as connection:
            generation = connection.scalar(
                sa.select(generations.c.id).where(generations.c.state == "serving")
            )
            if generation is None:
                raise IndexMissing("nothing has been indexed yet: run `runbook ingest` first")
            rows = connection.execute(_query(generation, match, access, filters, limit))
            return [Candidate(key, -score, self.name) for key, score in rows]


def match_expression(question: str) -> str:
    """The question as an FTS5 expression: its words, quoted, any of which may match."""
    words = _WORD.findall(f"{question} {spelled_out(question)}".lower())
    told = dict.fromkeys(word for word in words if word not in _STOP_WORDS)
    kept = list(told or dict.fromkeys(words))[:_MAX_TERMS]
    return " OR ".join(f'"{word}"' for word in kept)


def _query(
    generation: int, match: str, access: AccessFilter, filters: Filters, limit: int
) -> sa.Select[int, float]:
    table = lexical_table.name(generation)
    fts = sa.table(table, sa.column("rowid", sa.Integer))
    weights = ", ".join(str(weight) for weight in lexical_table.WEIGHTS)
    score = sa.literal_column(f"bm25({table}, {weights})", sa.Float)
    return (
        sa.select(fts.c.rowid, score.label("score"))
        .join(chunks, chunks.c.key == fts.c.rowid)
        .join(versions, versions.c.id == chunks.c.version)
        .where(sa.literal_column(table).op("MATCH")(match))
        .where(versions.c.state == "active", may_read(access), passes(filters))
        .order_by(sa.text("score"), fts.c.rowid)
        .limit(limit)
    )
