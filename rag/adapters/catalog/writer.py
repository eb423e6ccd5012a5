"""The catalog's side of a change: staged, flipped in one commit, swept afterwards."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog import lexical_table
from rag.adapters.catalog.acl_reduction import acl_set_number, keep_narrowed, narrow_served
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.document_features import document_vector
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.rows import chunk_columns, document_columns, strings, to_json
from rag.adapters.catalog.schema import (
    acl_sets,
    chunks,
    embeddings,
    generations,
    page_vectors,
    quarantine,
    sources,
    state,
    versions,
)
from rag.domain.documents import AclOrigin
from rag.domain.generations import Generation
from rag.domain.index import ActiveVersion, KnownSource, Quarantined
from rag.errors import StoreError
from rag.indexing.access_changes import NarrowedAcl
from rag.indexing.write_protocol import Draft, Staged, text_hash
from rag.ports import Vector, VectorEntry

_EVERYTHING = AccessFilter(frozenset(), everything=True)


class CatalogWriter:
    """Writes to one generation; its owner holds the index lock."""

    def __init__(self, database: Database, generation: Generation) -> None:
        self._database = database
        self.generation = generation
        self._active = sa.and_(versions.c.generation == generation.id, versions.c.state == "active")

    def stage(self, drafts: Sequence[Draft]) -> list[Staged]:
        """Give each draft a version number that no vector has carried yet."""
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
        _forget_quarantine(connection, document.source, [document.path])
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
            _forget_quarantine(connection, source, paths)
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

    def unserved_versions(self) -> list[int]:
        """Versions whose vectors, if any, must go."""
        query = sa.select(versions.c.id).where(
            versions.c.generation == self.generation.id, versions.c.state != "active"
        )
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def drop_versions(self, gone: Sequence[int]) -> None:
        """Forget versions whose vectors are gone."""
        listed = sa.func.json_each(to_json(gone)).table_valued("value")
        with self._database.write() as connection:
            connection.execute(
                versions.delete().where(versions.c.id.in_(sa.select(listed.c.value)))
            )

    def active_versions(self, source: str, scope: str | None = None) -> dict[str, ActiveVersion]:
        """What is served of a source, by path; with `scope`, of that file or folder alone."""
        query = (
            sa.select(versions, acl_sets.c.tags.label("acl_tags"))
            .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
            .where(self._active, versions.c.source == source, _within(scope))
        )
        with self._database.read() as connection:
            return {
                row["path"]: _active_version(row) for row in connection.execute(query).mappings()
            }

    def served_acls(self, document_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The ACL tags of those among these documents that are served."""
        listed = sa.func.json_each(to_json(document_ids)).table_valued("value")
        query = (
            sa.select(versions.c.document_id, acl_sets.c.tags)
            .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
            .where(self._active, versions.c.document_id.in_(sa.select(listed.c.value)))
        )
        with self._database.read() as connection:
            return {
                row.document_id: frozenset(strings(row.tags)) for row in connection.execute(query)
            }

    def cached_vectors(self, hashes: Sequence[str]) -> dict[str, Vector[float]]:
        """The vectors of texts that this generation's model has embedded before."""
        found: dict[str, Vector[float]] = {}
        with self._database.read() as connection:
            for start in range(0, len(hashes), 500):
                rows = connection.execute(
                    sa.select(embeddings.c.text_hash, embeddings.c.vector).where(
                        embeddings.c.model == self.generation.model,
                        embeddings.c.text_hash.in_(hashes[start : start + 500]),
                    )
                )
                found.update((key, array("f", vector)) for key, vector in rows)
        return found

    def draft_of(self, document_id: str) -> Draft | None:
        """A served document as it is indexed now, with its vectors, or None."""
        served = CatalogReader(self._database).document(document_id, access=_EVERYTHING)
        if served is None:
            return None
        document, inside = served
        hashes = [text_hash(chunk.embedded_text) for chunk in inside]
        vectors = self.cached_vectors(hashes)
        return Draft(document, inside, tuple(vectors[key] for key in hashes))

    def active_chunk_count(self) -> int:
        query = (
            sa.select(sa.func.count())
            .select_from(chunks.join(versions, versions.c.id == chunks.c.version))
            .where(self._active)
        )
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def active_entries(self, batch: int) -> Iterator[list[VectorEntry]]:
        """Every vector that should be in the store, from the catalog alone."""
        query = (
            sa.select(chunks.c.key, versions, embeddings.c.vector)
            .join(versions, versions.c.id == chunks.c.version)
            .join(embeddings, embeddings.c.text_hash == chunks.c.text_hash)
            .where(self._active, embeddings.c.model == self.generation.model)
            .order_by(chunks.c.key)
        )
        with self._database.read() as connection:
            for rows in connection.execute(query).mappings().partitions(batch):
                yield [_entry(row) for row in rows]

    def unreadable_count(self) -> int:
        """Served documents that nobody but administrators may read."""
        query = (
            sa.select(sa.func.count())
            .select_from(versions.join(acl_sets, acl_sets.c.id == versions.c.acl_set))
            .where(self._active, acl_sets.c.tags == "[]")
        )
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def quarantined_paths(self, source: str) -> set[str]:
        """The files of a source that stood in quarantine after the last run."""
        query = sa.select(quarantine.c.path).where(quarantine.c.source == source)
        with self._database.read() as connection:
            return set(connection.scalars(query))

    def record_quarantine(
        self, source: str, found: Sequence[Quarantined], looked_at: Sequence[str]
    ) -> None:
        """Replace what is known of the quarantine among the paths that were looked at."""
        with self._database.write() as connection:
            _forget_quarantine(connection, source, looked_at)
            for item in found:
                connection.execute(
                    quarantine.insert()
                    .prefix_with("OR REPLACE")
                    .values(source=item.source, path=item.path, line=item.line, reason=item.reason)
                )

    def finish(self, now: datetime) -> None:
        """Record a run that came to its end, and drop embeddings that no chunk uses."""
        used = sa.select(chunks.c.text_hash)
        with self._database.write() as connection:
            connection.execute(embeddings.delete().where(embeddings.c.text_hash.not_in(used)))
            connection.execute(
                state.update().values(
                    last_success=now.isoformat(), last_failure=None, last_failure_at=None
                )
            )

    def record_failure(self, reason: str, now: datetime) -> None:
        """Remember why a run failed, for `doctor`, until one comes to its end."""
        with suppress(StoreError), self._database.write() as connection:
            connection.execute(
                state.update().values(last_failure=reason, last_failure_at=now.isoformat())
            )

    def remember_source(self, known: KnownSource) -> None:
        row = {"name": known.name, "root": known.root, "configured": known.configured}
        with self._database.write() as connection:
            connection.execute(sources.insert().prefix_with("OR REPLACE").values(row))

    def forget_source(self, name: str) -> None:
        """Forget a source that serves no document any more, and its quarantine."""
        with self._database.write() as connection:
            connection.execute(quarantine.delete().where(quarantine.c.source == name))
            connection.execute(sources.delete().where(sources.c.name == name))

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


def known_sources(database: Database) -> list[KnownSource]:
    """Every source that was ingested, with the root it had."""
    with database.read() as connection:
        rows = connection.execute(sa.select(sources)).mappings()
        return [KnownSource(row["name"], row["root"], row["configured"]) for row in rows]


def _within(scope: str | None) -> sa.ColumnElement[bool]:
    if scope in (None, "", "."):
        return sa.true()
    # A range, which the index on paths serves: "0" is the character after "/".
    below = sa.and_(versions.c.path > f"{scope}/", versions.c.path < f"{scope}0")
    return sa.or_(versions.c.path == scope, below)


def _active_version(row: sa.RowMapping) -> ActiveVersion:
    return ActiveVersion(
        version=row["id"],
        document_id=row["document_id"],
        path=row["path"],
        content_hash=row["content_hash"],
        revision=row["revision"],
        updated=row["updated"],
        acl=frozenset(strings(row["acl_tags"])),
        acl_origin=AclOrigin(row["acl_origin"]),
        acl_narrowed=row["acl_narrowed"],
    )


def _forget_quarantine(connection: sa.Connection, source: str, paths: Sequence[str]) -> None:
    for start in range(0, len(paths), 500):
        connection.execute(
            quarantine.delete().where(
                quarantine.c.source == source, quarantine.c.path.in_(paths[start : start + 500])
            )
        )


def _count_change(connection: sa.Connection) -> None:
    connection.execute(state.update().values(changes=state.c.changes + 1))


def _entry(row: sa.RowMapping) -> VectorEntry:
    return VectorEntry(
        key=row["key"],
        version=row["id"],
        vector=array("f", row["vector"]),
        acl_set=row["acl_set"],
        kind=row["kind"],
        source=row["source"],
        service=strings(row["service"]),
        updated=row["updated"],
    )
