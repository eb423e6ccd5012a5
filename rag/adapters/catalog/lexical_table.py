"""The FTS5 table of one generation: created, filled and emptied inside the catalog's commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from rag.domain import Chunk, Document
from rag.identifiers import spelled_out

# Field weights of bm25(), in the order of COLUMNS: a word in a title says more than one in a body.
COLUMNS = ("title", "path", "alerts", "section", "body", "parts")
WEIGHTS = (4.0, 2.0, 4.0, 2.0, 1.0, 0.5)


def name(generation: int) -> str:
    """The table's name; a generation's number is an integer and safe in SQL."""
    return f"lexical_{int(generation)}"


def create(connection: sa.Connection, generation: int) -> None:
    connection.exec_driver_sql(
        f"CREATE VIRTUAL TABLE {name(generation)} USING fts5("
        f'{", ".join(COLUMNS)}, tokenize = "porter unicode61 remove_diacritics 2")'
    )


def drop(connection: sa.Connection, generation: int) -> None:
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name(generation)}")


def insert(
    connection: sa.Connection,
    generation: int,
    document: Document,
    rows: Iterable[tuple[int, Chunk]],
) -> None:
    about = document.metadata
    alerts = " ".join(about.alerts)
    head = (about.title, document.path, f"{alerts} {spelled_out(alerts)}".strip())
    values = [
        (key, *head, " ".join(chunk.section), chunk.text, spelled_out(chunk.text))
        for key, chunk in rows
    ]
    if not values:
        return
    marks = ", ".join("?" for _ in range(len(COLUMNS) + 1))
    connection.exec_driver_sql(
        f"INSERT INTO {name(generation)} (rowid, {', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608 - no outside text
        values,
    )


def delete(connection: sa.Connection, generation: int, keys: Sequence[int]) -> None:
    if keys:
        connection.exec_driver_sql(
            f"DELETE FROM {name(generation)} WHERE rowid = ?",  # noqa: S608 - no outside text
            [(key,) for key in keys],
        )
