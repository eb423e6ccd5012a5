"""Reducing the ACL of served documents, inside a transaction of the caller.

A version's ACL set is replaced in place: text, vectors and lexical rows stay as they are, so the
cost is one updated row for each document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from rag.access.acl import readers_of_both
from rag.adapters.catalog.rows import strings, to_json
from rag.adapters.catalog.schema import acl_set_tags, acl_sets, versions
from rag.indexing.access_changes import NarrowedAcl
from rag.indexing.write_protocol import Staged


def narrow_served(
    connection: sa.Connection,
    generation: int,
    source: str,
    limits: Mapping[str, frozenset[str]],
) -> list[NarrowedAcl]:
    """Intersect the ACL of each served document of `source`, by path, with its limit."""
    listed = sa.func.json_each(to_json(limits)).table_valued("value")
    query = (
        sa.select(versions.c.id, versions.c.document_id, versions.c.path, acl_sets.c.tags)
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
        .where(
            versions.c.generation == generation,
            versions.c.state == "active",
            versions.c.source == source,
            versions.c.path.in_(sa.select(listed.c.value)),
        )
    )
    narrowed: list[NarrowedAcl] = []
    versions_by_acl: dict[frozenset[str], list[int]] = {}
    for row in connection.execute(query):
        before = frozenset(strings(row.tags))
        after = readers_of_both(before, limits[row.path])
        if after != before:
            narrowed.append(NarrowedAcl(row.document_id, row.path, before, after))
            versions_by_acl.setdefault(after, []).append(row.id)
    for acl, numbers in versions_by_acl.items():
        _set_acl(connection, numbers, acl)
    return narrowed


def keep_narrowed(
    connection: sa.Connection,
    generation: int,
    staged: Sequence[Staged],
    seen: Mapping[str, frozenset[str]],
) -> None:
    """Keep what was taken from readers of a document after its new version was read.

    `seen` is the ACL that each document was served with when its file was read. Where the catalog
    has another by now, the staged version gets no more readers than both allow.
    """
    current = _served_acls(connection, generation, [one.draft.document.id for one in staged])
    for one in staged:
        document = one.draft.document
        now = current.get(document.id)
        if now is None or now == seen.get(document.id):
            continue
        both = readers_of_both(document.acl, now)
        if both != document.acl:
            _set_acl(connection, [one.version], both)


def acl_set_number(connection: sa.Connection, acl: frozenset[str]) -> int:
    """The number of a set of ACL tags, given to it now if it is new."""
    tags = to_json(sorted(acl))
    known = connection.scalar(sa.select(acl_sets.c.id).where(acl_sets.c.tags == tags))
    if known is not None:
        return int(known)
    insert = acl_sets.insert().values(tags=tags).returning(acl_sets.c.id)
    number = int(connection.scalars(insert).one())
    if acl:
        connection.execute(
            acl_set_tags.insert(), [{"acl_set": number, "tag": tag} for tag in sorted(acl)]
        )
    return number


def _set_acl(connection: sa.Connection, numbers: Iterable[int], acl: frozenset[str]) -> None:
    listed = sa.func.json_each(to_json(numbers)).table_valued("value")
    changed = versions.update().where(versions.c.id.in_(sa.select(listed.c.value)))
    number = acl_set_number(connection, acl)
    # Narrowed until the file is read again, which may show other readers in place of the lost.
    connection.execute(changed.values(acl_set=number, acl_narrowed=True))


def _served_acls(
    connection: sa.Connection, generation: int, document_ids: Sequence[str]
) -> dict[str, frozenset[str]]:
    listed = sa.func.json_each(to_json(document_ids)).table_valued("value")
    query = (
        sa.select(versions.c.document_id, acl_sets.c.tags)
        .join(acl_sets, acl_sets.c.id == versions.c.acl_set)
        .where(
            versions.c.generation == generation,
            versions.c.state == "active",
            versions.c.document_id.in_(sa.select(listed.c.value)),
        )
    )
    return {row.document_id: frozenset(strings(row.tags)) for row in connection.execute(query)}
