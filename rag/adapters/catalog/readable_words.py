"""Which words readable documents hold, asked of the lexical index of whole documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.access import may_read
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.lexical_table import PAGES
from rag.adapters.catalog.question_terms import Stemmer
from rag.adapters.catalog.schema import versions

_MAX_CACHED = 20_000
_STATE = (
    "SELECT generations.id, state.changes FROM generations, state "
    "WHERE generations.state = 'serving'"
)


class CatalogWords:
    """Implements `ReadableWords` over the serving generation.

    Words that are known are kept until the catalog changes, for each set of readers by itself.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stemmer = Stemmer()
        self._state: tuple[int, int] = (-1, -1)
        self._known: dict[tuple[AccessFilter, str], bool] = {}

    def known(self, words: Sequence[str], *, access: AccessFilter) -> set[str]:
        with self._database.read() as connection:
            state = _serving(connection)
            if state is None:
                return set(words)
            if state != self._state or len(self._known) > _MAX_CACHED:
                self._state, self._known = state, {}
            cached = self._known  # another thread may start a new one, true of a newer state
            new = [word for word in words if (access, word) not in cached]
            if new:
                held = set(connection.scalars(_held(state[0], access), _listed(new)))
                cached.update(((access, word), word in held) for word in new)
            return {word for word in words if cached[access, word]}

    def commonest(self, words: Sequence[str], *, access: AccessFilter) -> str | None:
        with self._database.read() as connection:
            state = _serving(connection)
            if state is None:
                return None
            candidates = self._indexed(connection, state[0], words)
            if not candidates:
                return None
            rows = connection.execute(_counts(state[0], access), _listed(candidates))
            counts = {str(word): int(count) for word, count in rows if count}
        # Of equally frequent words the first one, which is the likeliest edit.
        found = [word for word in candidates if word in counts]
        return max(found, key=lambda word: counts[word], default=None)

    def _indexed(
        self, connection: sa.Connection, generation: int, words: Sequence[str]
    ) -> list[str]:
        """Those of the words that any document holds; who may read it is asked afterwards."""
        stems = dict(zip(words, self._stemmer.stems(words), strict=True))
        single = {stem for found in stems.values() if len(found) == 1 for stem in found}
        terms = sa.table(PAGES.terms(generation), sa.column("term"))
        # `IN` looks each term up by its key; a join would read the whole table of terms.
        listed = sa.func.json_each(json.dumps(sorted(single))).table_valued("value")
        query = sa.select(terms.c.term).where(terms.c.term.in_(sa.select(listed.c.value)))
        indexed = set(connection.scalars(query))
        return [word for word in words if len(stems[word]) == 1 and stems[word][0] in indexed]


def _serving(connection: sa.Connection) -> tuple[int, int] | None:
    found = connection.exec_driver_sql(_STATE).first()
    return None if found is None else (int(found[0]), int(found[1]))


def _listed(words: Iterable[str]) -> dict[str, str]:
    return {"words": json.dumps(list(words))}


def _held(generation: int, access: AccessFilter) -> sa.Select[str]:
    """Of the words in the parameter `words` those that a readable document holds."""
    listed, matches = _matches(generation, access)
    return sa.select(listed.c.value).where(sa.exists(matches))


def _counts(generation: int, access: AccessFilter) -> sa.Select[str, int]:
    """Each word with the number of readable documents that hold it."""
    listed, matches = _matches(generation, access)
    counted = matches.with_only_columns(sa.func.count()).scalar_subquery()
    return sa.select(listed.c.value, counted)


def _matches(generation: int, access: AccessFilter) -> tuple[sa.TableValuedAlias, sa.Select[int]]:
    listed = sa.func.json_each(sa.bindparam("words")).table_valued("value", name="asked")
    table = PAGES.name(generation)
    fts = sa.table(table, sa.column("rowid", sa.Integer))
    quoted = sa.literal('"') + sa.cast(listed.c.value, sa.Text) + sa.literal('"')
    matches = (
        sa.select(fts.c.rowid)
        .join(versions, versions.c.id == fts.c.rowid)
        .where(sa.literal_column(table).op("MATCH")(quoted))
        .where(versions.c.state == "active", may_read(access))
        .correlate(listed)
    )
    return listed, matches
