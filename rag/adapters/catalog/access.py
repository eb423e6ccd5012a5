"""An AccessFilter and Filters as SQL, in one place for every query that returns documents."""

from __future__ import annotations

import json

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.schema import acl_set_tags, versions
from rag.domain.search import Filters
from rag.ports import start_of


def readable_sets(connection: sa.Connection, access: AccessFilter) -> frozenset[int] | None:
    """The ACL sets that carry one of the filter's tags; None when everything may be read."""
    if access.everything:
        return None
    query = sa.select(acl_set_tags.c.acl_set).where(_tag_is_any(access)).distinct()
    return frozenset(connection.scalars(query))


def may_read(access: AccessFilter) -> sa.ColumnElement[bool]:
    """The condition on `versions` under which a document may be read."""
    if access.everything:
        return sa.true()
    return versions.c.acl_set.in_(sa.select(acl_set_tags.c.acl_set).where(_tag_is_any(access)))


def _tag_is_any(access: AccessFilter) -> sa.ColumnElement[bool]:
    # One JSON parameter, so that a principal with thousands of groups meets no parameter limit.
    listed = sa.func.json_each(json.dumps(sorted(access.tags))).table_valued("value")
    return acl_set_tags.c.tag.in_(sa.select(listed.c.value))


def passes(filters: Filters) -> sa.ColumnElement[bool]:
    """The condition on `versions` that a caller's own narrowing makes."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if filters.source is not None:
        conditions.append(versions.c.source == filters.source)
    if filters.kind is not None:
        conditions.append(versions.c.kind == filters.kind.value)
    if filters.since is not None:
        conditions.append(versions.c.updated >= start_of(filters.since))
    if filters.service is not None:
        named = sa.func.json_each(versions.c.service).table_valued("value")
        conditions.append(sa.exists().where(named.c.value == filters.service))
    return sa.and_(*conditions)
