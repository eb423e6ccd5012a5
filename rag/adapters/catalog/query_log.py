"""The query log as a whole: for statistics of an administrator, and to delete from it."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.feedback import request_of
from rag.adapters.catalog.schema import feedback, requests
from rag.domain.feedback import Asked, PrincipalRequests


class QueryLog:
    """Requests of all principals; only for those who may read everything."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, start: datetime, *, access: AccessFilter) -> list[Asked]:
        """Requests from `start` on, oldest first."""
        if not access.everything:
            return []
        query = (
            sa.select(requests)
            .where(requests.c.asked_at >= start.astimezone(UTC).isoformat())
            .order_by(requests.c.asked_at)
        )
        with self._database.read() as connection:
            return [request_of(row) for row in connection.execute(query).mappings()]

    def verdicts_since(
        self, start: datetime, *, access: AccessFilter
    ) -> list[tuple[datetime, int]]:
        """Time and score (-1 or 1) of feedback from `start` on, oldest first."""
        if not access.everything:
            return []
        query = (
            sa.select(feedback.c.at, feedback.c.score)
            .where(feedback.c.at >= start.astimezone(UTC).isoformat())
            .order_by(feedback.c.at)
        )
        with self._database.read() as connection:
            return [
                (datetime.fromisoformat(at), int(score)) for at, score in connection.execute(query)
            ]

    def principals(self, *, access: AccessFilter) -> list[PrincipalRequests]:
        """Each principal of the log with its number of requests, in order of the last one."""
        if not access.everything:
            return []
        times = requests.c.asked_at
        query = (
            sa.select(requests.c.principal, sa.func.count(), sa.func.min(times), sa.func.max(times))
            .group_by(requests.c.principal)
            .order_by(sa.func.max(times).desc())
        )
        with self._database.read() as connection:
            return [
                PrincipalRequests(
                    name, int(count), datetime.fromisoformat(first), datetime.fromisoformat(last)
                )
                for name, count, first, last in connection.execute(query)
            ]

    def delete(self, principal: str) -> tuple[int, int]:
        """Delete the requests of a principal and its feedback; gives the number of each."""
        with self._database.write() as connection:
            gone = connection.execute(requests.delete().where(requests.c.principal == principal))
            rated = connection.execute(feedback.delete().where(feedback.c.principal == principal))
            return gone.rowcount, rated.rowcount
