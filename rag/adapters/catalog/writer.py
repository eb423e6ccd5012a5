"""The catalog's part of the write protocol (rag/indexing/write_protocol.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from rag.adapters.catalog import lexical_table
from rag.adapters.catalog.acl_reduction import acl_set_number, keep_narrowed, narrow_served
from rag.adapters.catalog.document_features import document_vector
from rag.adapters.catalog.generation_reader import GenerationReader
from rag.adapters.catalog.rows import chunk_columns, document_columns, to_json
from rag.adapters.catalog.run_records import RunRecords, forget_quarantine
from rag.adapters.catalog.schema import (
    chunks,
    embeddings,
    generations,
    page_vectors,
    state,
    versions,
)
from rag.indexing.access_changes import NarrowedAcl
from rag.indexing.write_protocol import Draft, Staged, text_hash
from rag.ports import Vector


class CatalogWriter(GenerationReader, RunRecords):
    """Writes to one generation; its owner holds the index lock."""

    def stage(self, drafts: Sequence[Draft]) -> list[Staged]:
        """Give each draft a new version number."""
        with self._database.write() as connection:
            return [self._stage(connection, draft) for draft in drafts]

    def _stage(self, connection: sa.Connection, draft: Draft) -> Staged:
        acl_set = acl_set_number(connection, draft.document.acl)
        version = connection.scalars(
            versions.insert()
            .values(
                **document_columns(draft.document),
                generation=self.generation.id,
                state="pending",
                acl_set=acl_set,
            )
            .returning(versions.c.id)
        ).one()
        return Staged(draft, version, acl_set)

    def activate(
        self, staged: Sequence[Staged], seen: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        """Serve these versions in place of the ones before, all in one commit.

        `seen` is the ACL by document with which each was served when its file was read, where a
        change of access since then must not be undone.
        """
        with self._database.write() as connection:
            if seen is not None:
                keep_narrowed(connection, self.generation.id, staged, seen)
            self.retire(connection, [item.draft.document.id for item in staged])
            for item in staged:
                self._activate(connection, item)
            _count_change(connection)

    def _activate(self, connection: sa.Connection, staged: Staged) -> None:
        document, draft = staged.draft.document, staged.draft
        connection.execute(
            versions.update().where(versions.c.id == staged.version).values(state="active")
        )
        forget_quarantine(connection, document.source, [document.path])
        if not draft.chunks:
            return
        hashes = [text_hash(chunk.embedded_text) for chunk in draft.chunks]
        connection.execute(
            chunks.insert(),
            [
                {"key": key, "version": staged.version, "text_hash": hashed, **chunk_columns(chunk)}
                for key, hashed, chunk in zip(staged.keys, hashes, draft.chunks, strict=True)
            ],
        )
        self._keep_embeddings(connection, zip(hashes, draft.vectors, strict=True))
        pairs = list(zip(staged.keys, draft.chunks, strict=True))
        lexical_table.insert(connection, self.generation.id, document, staged.version, pairs)
        connection.execute(
            page_vectors.insert().values(
                version=staged.version, vector=document_vector(draft.vectors)
            )
        )

    def _keep_embeddings(
        self, connection: sa.Connection, hashed: Iterable[tuple[str, Vector[float]]]
    ) -> None:
        connection.execute(
            embeddings.insert().prefix_with("OR IGNORE"),
            [
                {"model": self.generation.model, "text_hash": key, "vector": vector.tobytes()}
                for key, vector in hashed
            ],
        )

    def narrow(self, source: str, limits: Mapping[str, frozenset[str]]) -> list[NarrowedAcl]:
        """Reduce the ACL of served documents, by path, to its intersection with a limit."""
        with self._database.write() as connection:
            narrowed = narrow_served(connection, self.generation.id, source, limits)
            if narrowed:
                _count_change(connection)
        return narrowed

    def deactivate(self, source: str, paths: Sequence[str]) -> None:
        """Stop serving these documents, in one commit."""
        with self._database.write() as connection:
            ids = connection.scalars(
                sa.select(versions.c.document_id).where(
                    self._active,
                    versions.c.source == source,
                    versions.c.path.in_(paths),
                )
            ).all()
            self.retire(connection, ids)
            forget_quarantine(connection, source, paths)
            _count_change(connection)

    def retire(self, connection: sa.Connection, document_ids: Sequence[str]) -> None:
        """Stop serving these documents, inside a transaction of the caller."""
        replaced = connection.scalars(
            sa.select(versions.c.id).where(
                self._active,
                versions.c.document_id.in_(document_ids),
            )
        ).all()
        keys = connection.scalars(
            sa.select(chunks.c.key).where(chunks.c.version.in_(replaced))
        ).all()
        lexical_table.delete(connection, self.generation.id, replaced, keys)
        connection.execute(page_vectors.delete().where(page_vectors.c.version.in_(replaced)))
        connection.execute(chunks.delete().where(chunks.c.version.in_(replaced)))
        connection.execute(
            versions.update().where(versions.c.id.in_(replaced)).values(state="retired")
        )

    def drop_versions(self, gone: Sequence[int]) -> None:
        """Forget versions whose vectors are gone."""
        listed = sa.func.json_each(to_json(gone)).table_valued("value")
        with self._database.write() as connection:
            connection.execute(
                versions.delete().where(versions.c.id.in_(sa.select(listed.c.value)))
            )

    def drop_generation(self) -> None:
        """Forget this generation, which does not serve, with all that it holds."""
        number = self.generation.id
        gone = sa.select(versions.c.id).where(versions.c.generation == number)
        with self._database.write() as connection:
            lexical_table.drop(connection, number)
            connection.execute(chunks.delete().where(chunks.c.version.in_(gone)))
            connection.execute(page_vectors.delete().where(page_vectors.c.version.in_(gone)))
            connection.execute(versions.delete().where(versions.c.generation == number))
            connection.execute(generations.delete().where(generations.c.id == number))


def _count_change(connection: sa.Connection) -> None:
    connection.execute(state.update().values(changes=state.c.changes + 1))
