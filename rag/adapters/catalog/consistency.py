"""Whether what the catalog says of a generation holds everywhere, and mending it from there."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from rag.adapters.catalog import lexical_table
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.document_features import document_vector
from rag.adapters.catalog.lexical_table import CHUNKS, PAGES, Fields
from rag.adapters.catalog.rows import chunk_of, document_of
from rag.adapters.catalog.schema import acl_sets, chunks, embeddings, page_vectors, versions
from rag.adapters.catalog.vector_entries import NO_VECTOR, entry_of, entry_query
from rag.domain.documents import Chunk
from rag.domain.generations import Generation
from rag.errors import StoreError
from rag.indexing.ports import Sample
from rag.indexing.write_protocol import text_hash
from rag.ports import Embedder, Vector, digest_of

_ROWS = 500


class Consistency:
    """What the catalog holds of one generation, against its own tables. Raises StoreError."""

    def __init__(self, database: Database, generation: Generation) -> None:
        self._database = database
        self._generation = generation
        self._active = sa.and_(versions.c.generation == generation.id, versions.c.state == "active")

    def expected(self) -> dict[int, bytes]:
        """The digest of what the vector store must say of every served chunk, by key."""
        with self._database.read() as connection:
            rows = connection.execute(entry_query().where(self._active)).mappings()
            return {row["key"]: digest_of(entry_of(row, NO_VECTOR).attributes()) for row in rows}

    def without_embedding(self) -> list[Chunk]:
        """Chunks whose vector the catalog has lost."""
        query = (
            sa.select(chunks, versions.c.document_id)
            .join(versions, versions.c.id == chunks.c.version)
            .outerjoin(
                embeddings,
                sa.and_(
                    embeddings.c.model == self._generation.model,
                    embeddings.c.text_hash == chunks.c.text_hash,
                ),
            )
            .where(self._active, embeddings.c.text_hash.is_(None))
        )
        with self._database.read() as connection:
            return [chunk_of(row) for row in connection.execute(query).mappings()]

    def pages_without_vector(self) -> int:
        query = (
            sa.select(sa.func.count(sa.distinct(chunks.c.version)))
            .join(versions, versions.c.id == chunks.c.version)
            .outerjoin(page_vectors, page_vectors.c.version == chunks.c.version)
            .where(self._active, page_vectors.c.version.is_(None))
        )
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def lexical_problems(self) -> list[str]:
        """What is wrong with the lexical tables; they must hold each chunk and page once."""
        with self._database.write() as connection:
            keys = set(connection.scalars(self._numbers(chunks.c.key)))
            pages = set(connection.scalars(self._numbers(chunks.c.version)))
            return [
                problem
                for fields, expected in ((CHUNKS, keys), (PAGES, pages))
                for problem in self._table_problems(connection, fields, expected)
            ]

    def _numbers(self, column: sa.Column[int]) -> sa.Select[int]:
        return (
            sa.select(column).join(versions, versions.c.id == chunks.c.version).where(self._active)
        )

    def _table_problems(
        self, connection: sa.Connection, fields: Fields, expected: set[int]
    ) -> Iterator[str]:
        name = fields.name(self._generation.id)
        try:
            rows = connection.exec_driver_sql(f"SELECT rowid FROM {name}")  # noqa: S608 - no outside text
            held = set(rows.scalars())
            check = f"INSERT INTO {name}({name}) VALUES ('integrity-check')"  # noqa: S608 - as above
            connection.exec_driver_sql(check)
        except sa.exc.DatabaseError as error:
            yield f"{name} is damaged ({type(error.orig).__name__})"
            return
        if held != expected:
            lacking, surplus = len(expected - held), len(held - expected)
            yield f"{name} lacks {lacking} rows and has {surplus} too many"

    def rebuild_lexical(self) -> None:
        """Write the lexical tables anew from the chunks, in one commit."""
        with self._database.write() as connection:
            lexical_table.drop(connection, self._generation.id)
            lexical_table.create(connection, self._generation.id)
            for version in connection.scalars(self._numbers(chunks.c.version).distinct()).all():
                self._fill(connection, version)

    def _fill(self, connection: sa.Connection, version: int) -> None:
        page = (
            connection.execute(
                sa.select(versions, acl_sets.c.tags.label("acl_tags"))
                .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
                .where(versions.c.id == version)
            )
            .mappings()
            .one()
        )
        rows = connection.execute(
            sa.select(chunks, versions.c.document_id)
            .join(versions, versions.c.id == chunks.c.version)
            .where(chunks.c.version == version)
            .order_by(chunks.c.ordinal)
        ).mappings()
        pairs = [(row["key"], chunk_of(row)) for row in rows]
        lexical_table.insert(connection, self._generation.id, document_of(page), version, pairs)

    def mend_embeddings(self, embedder: Embedder) -> None:
        """Embed again what was lost, and put the page vectors that are missing."""
        lost = self.without_embedding()
        for start in range(0, len(lost), _ROWS):
            texts = [chunk.embedded_text for chunk in lost[start : start + _ROWS]]
            self._keep(texts, embedder.embed_documents(texts))
        with self._database.write() as connection:
            self._mend_pages(connection)

    def _keep(self, texts: Sequence[str], vectors: Sequence[Vector[float]]) -> None:
        rows = [
            {
                "model": self._generation.model,
                "text_hash": text_hash(text),
                "vector": vector.tobytes(),
            }
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with self._database.write() as connection:
            connection.execute(embeddings.insert().prefix_with("OR IGNORE"), rows)

    def _mend_pages(self, connection: sa.Connection) -> None:
        query = (
            sa.select(chunks.c.version, embeddings.c.vector)
            .join(versions, versions.c.id == chunks.c.version)
            .join(
                embeddings,
                sa.and_(
                    embeddings.c.text_hash == chunks.c.text_hash,
                    embeddings.c.model == self._generation.model,
                ),
            )
            .outerjoin(page_vectors, page_vectors.c.version == chunks.c.version)
            .where(self._active, page_vectors.c.version.is_(None))
        )
        inside: dict[int, list[Vector[float]]] = {}
        for version, vector in connection.execute(query).all():
            inside.setdefault(version, []).append(array("f", vector))
        for version, vectors in inside.items():
            connection.execute(
                page_vectors.insert().values(version=version, vector=document_vector(vectors))
            )

    def samples(self, count: int) -> list[Sample]:
        """Some chunks spread over the generation, with their vectors."""
        query = (
            sa.select(chunks.c.key, embeddings.c.vector)
            .join(versions, versions.c.id == chunks.c.version)
            .join(embeddings, embeddings.c.text_hash == chunks.c.text_hash)
            .where(self._active, embeddings.c.model == self._generation.model)
            .order_by(chunks.c.text_hash)  # as good as random, and the same each time
            .limit(count)
        )
        with self._database.read() as connection:
            return [Sample(key, array("f", vector)) for key, vector in connection.execute(query)]


def check_file(database: Database) -> None:
    """Raises StoreError when the catalog's file itself is damaged."""
    with database.read() as connection:
        result = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if result != "ok":
        raise StoreError(
            f"the catalog at {database.path} is damaged ({result}): stop the service, and bring it "
            "back with `runbook restore`, or move it away and ingest again"
        )
