"""Jobs in the catalog: queued by any process, run by the one that owns the index."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import jobs
from rag.domain.jobs import OPEN_STATES, Job, JobKind, JobState

_ID_BYTES = 8
_FINISHED_KEPT = 200


class JobStore:
    """The queue and its history; any number of processes may have one open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enqueue(self, kind: JobKind, scope: Mapping[str, Any], asked_by: str) -> Job:
        """A new job, or the one that waits already to do the same."""
        scope_json = json.dumps(dict(scope), sort_keys=True, ensure_ascii=False)
        waiting = sa.and_(
            jobs.c.kind == kind, jobs.c.scope == scope_json, jobs.c.state == JobState.QUEUED
        )
        with self._database.write() as connection:
            known = _first(connection, waiting)
            if known is not None:
                return known
            identity = secrets.token_hex(_ID_BYTES)
            connection.execute(
                jobs.insert().values(
                    id=identity,
                    kind=kind,
                    scope=scope_json,
                    state=JobState.QUEUED,
                    asked_by=asked_by,
                    created_at=_now(),
                    cancelling=False,
                    **_nothing_done(),
                )
            )
            _forget_oldest(connection)
            return _known(connection, identity)

    def get(self, identity: str) -> Job | None:
        with self._database.read() as connection:
            return _first(connection, jobs.c.id == identity)

    def list(self, limit: int) -> list[Job]:
        """The newest jobs, newest first."""
        query = sa.select(jobs).order_by(jobs.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def cancel(self, identity: str) -> Job | None:
        """A queued job never begins, a running one is asked to end; None when there is none."""
        mine = jobs.c.id == identity
        with self._database.write() as connection:
            connection.execute(
                jobs.update()
                .where(mine, jobs.c.state == JobState.QUEUED)
                .values(state=JobState.CANCELLED, finished_at=_now())
            )
            connection.execute(
                jobs.update().where(mine, jobs.c.state == JobState.RUNNING).values(cancelling=True)
            )
            return _first(connection, mine)

    def are_open(self) -> bool:
        """Whether any job is queued, or was left running."""
        query = sa.select(sa.exists().where(jobs.c.state.in_(OPEN_STATES)))
        with self._database.read() as connection:
            return bool(connection.scalar(query))

    def claim(self) -> Job | None:
        """The next job, running from now on; the caller owns the index, so that no other one runs.

        What is found running was left by a process that has ended, and is begun again.
        """
        with self._database.write() as connection:
            connection.execute(
                jobs.update()
                .where(jobs.c.state == JobState.RUNNING, jobs.c.cancelling)
                .values(state=JobState.CANCELLED, finished_at=_now())
            )
            connection.execute(
                jobs.update()
                .where(jobs.c.state == JobState.RUNNING)
                .values(state=JobState.QUEUED, started_at=None, **_nothing_done())
            )
            oldest = sa.select(sa.func.min(jobs.c.number)).where(jobs.c.state == JobState.QUEUED)
            number = connection.scalar(oldest)
            if number is None:
                return None
            connection.execute(
                jobs.update()
                .where(jobs.c.number == number)
                .values(state=JobState.RUNNING, started_at=_now())
            )
            return _first(connection, jobs.c.number == number)

    def progress(self, identity: str, found: int, done: int, chunks: int) -> bool:
        """Note how far a running job is; whether it has been asked to end."""
        with self._database.write() as connection:
            connection.execute(
                jobs.update()
                .where(jobs.c.id == identity)
                .values(found=found, done=done, chunks=chunks)
            )
            return bool(connection.scalar(sa.select(jobs.c.cancelling).where(_is(identity))))

    def finish(
        self,
        identity: str,
        state: JobState,
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        reason: str | None = None,
    ) -> None:
        stored = None if result is None else json.dumps(dict(result), ensure_ascii=False)
        with self._database.write() as connection:
            connection.execute(
                jobs.update()
                .where(_is(identity))
                .values(state=state, finished_at=_now(), result=stored, error=error, reason=reason)
            )

    def put_back(self, identity: str) -> None:
        """Queue a running job again, since this process ends before it."""
        with self._database.write() as connection:
            connection.execute(
                jobs.update()
                .where(_is(identity), jobs.c.state == JobState.RUNNING)
                .values(state=JobState.QUEUED, started_at=None, **_nothing_done())
            )


def _is(identity: str) -> sa.ColumnElement[bool]:
    return jobs.c.id == identity


def _nothing_done() -> dict[str, int]:
    return {"found": 0, "done": 0, "chunks": 0}


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _forget_oldest(connection: sa.Connection) -> None:
    finished = jobs.c.state.not_in(OPEN_STATES)
    kept = (
        sa.select(jobs.c.number)
        .where(finished)
        .order_by(jobs.c.number.desc())
        .limit(_FINISHED_KEPT)
    )
    connection.execute(jobs.delete().where(finished, jobs.c.number.not_in(kept)))


def _first(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Job | None:
    row = connection.execute(sa.select(jobs).where(where)).mappings().first()
    return None if row is None else _job(row)


def _known(connection: sa.Connection, identity: str) -> Job:
    return _job(connection.execute(sa.select(jobs).where(_is(identity))).mappings().one())


def _job(row: sa.RowMapping) -> Job:
    return Job(
        id=row["id"],
        kind=JobKind(row["kind"]),
        scope=json.loads(row["scope"]),
        state=JobState(row["state"]),
        asked_by=row["asked_by"],
        created_at=datetime.fromisoformat(row["created_at"]),
        started_at=_time(row["started_at"]),
        finished_at=_time(row["finished_at"]),
        cancelling=row["cancelling"],
        found=row["found"],
        done=row["done"],
        chunks=row["chunks"],
        result=None if row["result"] is None else json.loads(row["result"]),
        error=row["error"],
        reason=row["reason"],
    )


def _time(raw: str | None) -> datetime | None:
    return None if raw is None else datetime.fromisoformat(raw)
