"""The lexical retrievers: FTS5 over the serving generation, filtered before the cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.access import may_read, passes
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.lexical_table import ABOUT, CHUNKS, PAGES, Fields
from rag.adapters.catalog.question_terms import (
    MAX_ROWS,
    Alternatives,
    Stemmer,
    about_identifier,
    affordable,
    any_of,
    exact_expressions,
    identifiers_of,
    terms_of,
)
from rag.adapters.catalog.schema import versions
from rag.domain.search import Candidate, Filters
from rag.errors import IndexMissing
from rag.indexing.chunk_keys import CHUNKS_PER_VERSION, chunk_key
from rag.ports import Question
from rag.retrieval.synonyms import Synonyms
from rag.text.identifiers import is_error_code
from rag.text.searchable import is_single

# An identifier that more pages are about than a reader would look through identifies none.
_FULL_SCORE_PAGES = 3
_MAX_PAGES = 10
_MENTIONED = 0.9
_QUERIES_KEPT = 256


class WordIndex:
    """Reads one kind of lexical table, whatever generation serves."""

    def __init__(self, database: Database, fields: Fields, synonyms: Synonyms) -> None:
        self._database = database
        self._fields = fields
        self._synonyms = synonyms
        self._counts = TermCounts(fields)

    def match(
        self, question: str, access: AccessFilter, filters: Filters, limit: int
    ) -> list[tuple[int, float]]:
        """Rows by BM25 over weighted fields, any word may match; higher is better."""
        terms = terms_of(question, self._synonyms)
        if not terms:
            return []
        with self._database.read() as connection:
            now = _serving(connection)
            expression = any_of(self._counts.affordable(connection, now, terms))
            if not expression:
                return []
            query = _query(self._fields, now.generation, access, filters, limit)
            rows = connection.execute(query, {"expression": expression})
            return [(int(row), -float(score)) for row, score in rows]

    def find(
        self, expression: str, access: AccessFilter, filters: Filters, limit: int
    ) -> list[tuple[int, float]]:
        """The same by an expression of one's own."""
        with self._database.read() as connection:
            generation = _serving(connection).generation
            query = _query(self._fields, generation, access, filters, limit)
            rows = connection.execute(query, {"expression": expression})
            return [(int(row), -float(score)) for row, score in rows]


@dataclass(frozen=True, slots=True)
class _Now:
    """Which generation serves, and at what state of the catalog."""

    generation: int
    changes: int


class TermCounts:
    """How many rows each word would match, remembered until the catalog changes."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._stemmer = Stemmer()
        self._of: _Now | None = None
        self._small = False
        self._rows: dict[str, int] = {}

    def affordable(
        self, connection: sa.Connection, now: _Now, terms: Sequence[Alternatives]
    ) -> Sequence[Alternatives]:
        """The terms whose rows are few enough to be scored: all of them in a small index."""
        if now != self._of:
            self._of, self._rows = now, {}
            self._small = _row_bound(connection, now.generation) <= MAX_ROWS
        if self._small:
            return terms
        words = list(dict.fromkeys(word for alternatives in terms for word in alternatives))
        stems = dict(zip(words, self._stemmer.stems(words), strict=True))
        rows = self._rows_of(
            connection, now.generation, {stem for group in stems.values() for stem in group}
        )

        def rows_of(alternatives: Alternatives) -> int:
            # A phrase matches no more rows than its rarest word does. A single character of an
            # unspaced script begins many words: it is searched for where nothing else is asked.
            return sum(
                MAX_ROWS
                if is_single(word)
                else min((rows[stem] for stem in stems[word]), default=0)
                for word in alternatives
            )

        return affordable(terms, rows_of)

    def _rows_of(
        self, connection: sa.Connection, generation: int, stems: set[str]
    ) -> dict[str, int]:
        known = self._rows  # another thread may start a new one, true of a newer state
        unknown = sorted(stems - known.keys())
        if unknown:
            table = sa.table(self._fields.terms(generation), sa.column("term"), sa.column("doc"))
            query = sa.select(table.c.doc).where(table.c.term == sa.bindparam("term"))
            for stem in unknown:
                known[stem] = int(connection.scalar(query, {"term": stem}) or 0)
        return {stem: known[stem] for stem in stems}


class LexicalRetriever:
    """Chunks by their words."""

    name = "lexical"

    def __init__(self, database: Database, synonyms: Synonyms) -> None:
        self._words = WordIndex(database, CHUNKS, synonyms)

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]:
        found = self._words.match(question.text, access, filters, limit)
        return [Candidate(key, score, self.name) for key, score in found]


class DocumentRetriever:
    """Whole pages by their words, wherever on the page they stand."""

    name = "pages"

    def __init__(self, database: Database, synonyms: Synonyms) -> None:
        self._words = WordIndex(database, PAGES, synonyms)

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]:
        found = self._words.match(question.text, access, filters, limit)
        return [Candidate(chunk_key(version, 0), score, self.name) for version, score in found]


class IdentifierRetriever:
    """Documents whose title, file name or alerts hold an identifier of the question.

    A range of versions and a date count as identifiers. So does a quoted phrase, and a phrase in a
    script without spaces; these may stand anywhere in a document. Each counts 1 for each of up to
    three documents that are about it, and less the more of them there are. For an error code that
    no document is about, the few that mention it count a little less: `ORD-3402` is often explained
    in one alone. Mentions of other identifiers do not count, which ranks better
    (docs/architecture.md, "Tried and rejected").
    """

    name = "identifiers"

    def __init__(self, database: Database) -> None:
        self._words = WordIndex(database, PAGES, Synonyms())

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]:
        scores: dict[int, float] = {}
        gains = [self._gains(name, access, filters) for name in identifiers_of(question.text)]
        for expression in exact_expressions(question.text):
            gains.append(_shared(self._words.find(expression, access, filters, _MAX_PAGES + 1)))
        for version, gain in (item for one in gains for item in one.items()):
            scores[version] = scores.get(version, 0.0) + gain
        ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return [Candidate(chunk_key(version, 0), score, self.name) for version, score in ordered]

    def _gains(self, identifier: str, access: AccessFilter, filters: Filters) -> dict[int, float]:
        about = about_identifier(identifier, ABOUT)
        found = self._words.find(about, access, filters, _MAX_PAGES + 1)
        if not found and is_error_code(identifier):
            anywhere = about_identifier(identifier, PAGES.columns)
            found = self._words.find(anywhere, access, filters, _FULL_SCORE_PAGES + 1)
            few = len(found) <= _FULL_SCORE_PAGES
            return {version: _MENTIONED for version, _ in found} if few else {}
        return _shared(found)


def _shared(found: Sequence[tuple[int, float]]) -> dict[int, float]:
    """What each of these documents gains: less the more there are, and nothing from many."""
    if len(found) > _MAX_PAGES:
        return {}
    return {version: min(1.0, _FULL_SCORE_PAGES / len(found)) for version, _ in found}


def _serving(connection: sa.Connection) -> _Now:
    found = connection.exec_driver_sql(
        "SELECT generations.id, state.changes FROM generations, state "
        "WHERE generations.state = 'serving'"
    ).first()
    if found is None:
        raise IndexMissing("nothing has been indexed yet: run `runbook ingest` first")
    return _Now(found[0], found[1])


def _row_bound(connection: sa.Connection, generation: int) -> int:
    """No fewer than the rows of any lexical table of a generation, without counting them."""
    name = CHUNKS.name(generation)
    sizes = sa.table(f"{name}_docsize", sa.column("id"))
    # Counting stops where the answer no longer matters.
    few = sa.select(sizes.c.id).limit(MAX_ROWS + 1).subquery()
    return int(connection.scalar(sa.select(sa.func.count()).select_from(few)) or 0)


@lru_cache(_QUERIES_KEPT)  # making a statement takes as long as running it
def _query(
    fields: Fields, generation: int, access: AccessFilter, filters: Filters, limit: int
) -> sa.Select[int, float]:
    """Rows that match the parameter `expression`, with their scores, least first."""
    table = fields.name(generation)
    fts = sa.table(table, sa.column("rowid", sa.Integer))
    weights = ", ".join(str(weight) for weight in fields.weights)
    score = sa.literal_column(f"bm25({table}, {weights})", sa.Float)
    version = fts.c.rowid if fields is PAGES else fts.c.rowid // CHUNKS_PER_VERSION
    return (
        sa.select(fts.c.rowid, score.label("score"))
        .join(versions, versions.c.id == version)
        .where(sa.literal_column(table).op("MATCH")(sa.bindparam("expression")))
        .where(versions.c.state == "active", may_read(access), passes(filters))
        # Ties go by document, so that two indexes of the same files rank alike.
        .order_by(sa.text("score"), versions.c.document_id, fts.c.rowid)
        .limit(limit)
    )
