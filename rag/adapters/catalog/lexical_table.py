"""The FTS5 tables of one generation, written inside the catalog's commits.

Two of them: one row a chunk, numbered by the chunk's key, and one row a page, numbered by its
version. A page's row holds all of its text, so that words in different sections of one
page count together. Beside each stands a view of its terms, which says how common a word is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import sqlalchemy as sa

from rag.domain.documents import Chunk, Document
from rag.text.identifiers import spelled_out
from rag.text.searchable import indexed, unicode_form

# Vowel signs of Indic scripts, Thai and their neighbours (Mn, Mc) are parts of words.
TOKENIZER = "porter unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"


@dataclass(frozen=True, slots=True)
class Fields:
    """A table's columns with the weight of each in bm25(): a word in a title says more."""

    prefix: str
    columns: tuple[str, ...]
    weights: tuple[float, ...]

    def name(self, generation: int) -> str:
        """The table's name; a generation's number is an integer and safe in SQL."""
        return f"{self.prefix}_{int(generation)}"

    def terms(self, generation: int) -> str:
        """The view of the table's terms."""
        return f"{self.name(generation)}_terms"


CHUNKS = Fields(
    "lexical",
    ("title", "path", "alerts", "section", "body", "parts"),
    (4.0, 2.0, 4.0, 2.0, 1.0, 0.5),
)
PAGES = Fields(
    "pages",
    ("title", "path", "alerts", "subject", "headings", "body", "parts"),
    (4.0, 2.0, 4.0, 2.0, 2.0, 1.0, 0.5),
)
# Where a page says what it is about, rather than what it mentions.
ABOUT = ("title", "path", "alerts")


def create(connection: sa.Connection, generation: int) -> None:
    for fields in (CHUNKS, PAGES):
        name = fields.name(generation)
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE {name} USING fts5("
            f'{", ".join(fields.columns)}, tokenize = "{TOKENIZER}")'
        )
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE {fields.terms(generation)} USING fts5vocab({name}, 'row')"
        )


def drop(connection: sa.Connection, generation: int) -> None:
    for fields in (CHUNKS, PAGES):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {fields.terms(generation)}")
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {fields.name(generation)}")


def insert(
    connection: sa.Connection,
    generation: int,
    document: Document,
    version: int,
    rows: Sequence[tuple[int, Chunk]],
) -> None:
    """The rows of a version, in the form of `indexed`; one without chunks has none."""
    if not rows:
        return
    about = document.metadata
    alerts = _with_parts(" ".join(about.alerts))
    head = tuple(map(indexed, (about.title, document.path, alerts)))
    # Chunk by chunk: a regular expression over the text of a large document would stop every
    # other thread of a service while it runs.
    texts = [indexed(chunk.text) for _, chunk in rows]
    inside = [
        (key, *head, indexed(" ".join(chunk.section)), text, indexed(_parts(chunk.text)))
        for (key, chunk), text in zip(rows, texts, strict=True)
    ]
    _insert(connection, CHUNKS, generation, inside)
    body = "\n".join(texts)
    parts = indexed(_parts(*(chunk.text for _, chunk in rows)))
    subject = [*map(indexed, _subject(document, rows))]
    _insert(connection, PAGES, generation, [(version, *subject, body, parts)])


def _subject(document: Document, rows: Sequence[tuple[int, Chunk]]) -> tuple[str, ...]:
    """The columns of a document's row but for its text."""
    about = document.metadata
    return (
        _with_parts(about.title),
        f"{document.path} {_parts(PurePosixPath(document.path).stem)}",
        _with_parts(" ".join(about.alerts)),
        " ".join((*about.service, *about.tags)),
        " ".join(dict.fromkeys(name for _, chunk in rows for name in chunk.section)),
    )


def _with_parts(text: str) -> str:
    return f"{text} {_parts(text)}".strip()


def _parts(*texts: str) -> str:
    return spelled_out(*map(unicode_form, texts))


def _insert(
    connection: sa.Connection, fields: Fields, generation: int, values: Sequence[tuple[object, ...]]
) -> None:
    marks = ", ".join("?" for _ in range(len(fields.columns) + 1))
    columns = ", ".join(fields.columns)
    connection.exec_driver_sql(
        f"INSERT INTO {fields.name(generation)} (rowid, {columns}) VALUES ({marks})",  # noqa: S608 - no outside text
        list(values),
    )


def delete(
    connection: sa.Connection, generation: int, versions: Sequence[int], keys: Iterable[int]
) -> None:
    """Remove the rows of these versions and of their chunks."""
    for fields, rows in ((CHUNKS, keys), (PAGES, versions)):
        numbers = [(number,) for number in rows]
        if numbers:
            connection.exec_driver_sql(
                f"DELETE FROM {fields.name(generation)} WHERE rowid = ?",  # noqa: S608 - no outside text
                numbers,
            )
