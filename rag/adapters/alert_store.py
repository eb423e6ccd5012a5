"""Open alerts in a SQLite file of the state folder, so that a restart forgets none of them.

Alerts come with their secrets redacted. An alert is forgotten a day after it was last sent, as
Alertmanager sends it again as long as it fires; beyond the limits the one that was sent least
recently goes first. If the file cannot be read or written, a payload is grouped by itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from rag.adapters.catalog.database import Database
from rag.alerts.alert import Alert, AlertStatus
from rag.alerts.open_alerts import OnePayload
from rag.alerts.storms import PlacedAlert
from rag.domain.access import Principal
from rag.errors import StoreError

MAX_ALERTS = 20_000  # of one caller
MAX_BYTES = 64 * 1024**2  # of one caller
MAX_TOTAL_BYTES = 512 * 1024**2
_KEEP = timedelta(hours=24)
_BATCH = 500  # values of one statement
_ALERT = TypeAdapter(Alert)

_METADATA = sa.MetaData()
_ALERTS = sa.Table(
    "open_alerts",
    _METADATA,
    sa.Column("caller", sa.String, primary_key=True),
    sa.Column("identity", sa.String, primary_key=True),
    sa.Column("base", sa.String, nullable=False),
    sa.Column("by_time", sa.Boolean, nullable=False),
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("alert", sa.LargeBinary, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("sent_at", sa.Float, nullable=False),
    sa.Index("open_alerts_by_group", "caller", "base"),
    sa.Index("open_alerts_by_time", "sent_at"),
)

log = logging.getLogger(__name__)


class AlertStore:
    """Open alerts by caller; several processes may share the file."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime]) -> AlertStore:
        """Open or create the file. Raises StoreError."""
        return cls(Database.open(path, tables=_METADATA), now)

    def close(self) -> None:
        self._database.close()

    def update(self, principal: Principal, placed: Sequence[PlacedAlert]) -> list[PlacedAlert]:
        """As `OpenAlerts.update` says."""
        try:
            return self._updated(_caller(principal), placed)
        except (StoreError, ValidationError) as error:
            log.error("open alerts cannot be kept, a payload is grouped by itself", exc_info=error)
            return OnePayload().update(principal, placed)

    def _updated(self, caller: str, placed: Sequence[PlacedAlert]) -> list[PlacedAlert]:
        now = self._now().timestamp()
        with self._database.write() as connection:
            _forget_expired(connection, now)
            _forget_closed(connection, caller, placed)
            _keep(connection, caller, placed, now)
            _forget_beyond_limits(connection, caller)
            bases = {one.base for one in placed}
            return [_placed(row) for row in _rows_of(connection, caller, bases)]


def _caller(principal: Principal) -> str:
    """Identifies a caller together with its groups."""
    text = json.dumps([principal.name, sorted(principal.groups), principal.administrator])
    return hashlib.sha256(text.encode()).hexdigest()


def _forget_expired(connection: sa.Connection, now: float) -> None:
    oldest = now - _KEEP.total_seconds()
    connection.execute(sa.delete(_ALERTS).where(_ALERTS.c.sent_at < oldest))


def _forget_closed(connection: sa.Connection, caller: str, placed: Sequence[PlacedAlert]) -> None:
    """Drop resolved alerts of groups that were closed, and in which something fires again."""
    fires_again = {one.base for one in placed if one.alert.status is AlertStatus.FIRING}
    still_open = {row.base for row in _rows_of(connection, caller, fires_again) if row.firing}
    for some in _batches(fires_again - still_open):
        of_group = (_ALERTS.c.caller == caller) & _ALERTS.c.base.in_(some)
        connection.execute(sa.delete(_ALERTS).where(of_group))


def _keep(
    connection: sa.Connection, caller: str, placed: Sequence[PlacedAlert], now: float
) -> None:
    rows = [_row(caller, one, now) for one in placed]
    insert = sa.insert(_ALERTS).prefix_with("OR REPLACE", dialect="sqlite")
    for start in range(0, len(rows), _BATCH):
        connection.execute(insert, rows[start : start + _BATCH])


def _row(caller: str, one: PlacedAlert, now: float) -> dict[str, object]:
    alert = _ALERT.dump_json(one.alert)
    return {
        "caller": caller,
        "identity": one.alert.identity,
        "base": one.base,
        "by_time": one.by_time,
        "firing": one.alert.status is AlertStatus.FIRING,
        "alert": alert,
        "bytes": len(alert),
        "sent_at": now,
    }


def _forget_beyond_limits(connection: sa.Connection, caller: str) -> None:
    of_caller = _ALERTS.c.caller == caller
    _forget_oldest(connection, of_caller, MAX_ALERTS, MAX_BYTES)
    _forget_oldest(connection, sa.true(), None, MAX_TOTAL_BYTES)


def _forget_oldest(
    connection: sa.Connection,
    which: sa.ColumnElement[bool],
    max_alerts: int | None,
    max_bytes: int,
) -> None:
    """Delete the rows that were sent least recently, until the others are within the limits."""
    totals = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_ALERTS.c.bytes), 0))
    count, size = connection.execute(totals.where(which)).one()
    if size <= max_bytes and (max_alerts is None or count <= max_alerts):
        return
    newest = (_ALERTS.c.sent_at.desc(), _ALERTS.c.identity)
    ranked = (
        sa.select(
            _ALERTS.c.caller,
            _ALERTS.c.identity,
            sa.func.row_number().over(order_by=newest).label("place"),
            sa.func.sum(_ALERTS.c.bytes).over(order_by=newest).label("size"),
        )
        .where(which)
        .subquery()
    )
    beyond = ranked.c.size > max_bytes
    if max_alerts is not None:
        beyond |= ranked.c.place > max_alerts
    keys = sa.select(ranked.c.caller, ranked.c.identity).where(beyond)
    pair = sa.tuple_(_ALERTS.c.caller, _ALERTS.c.identity)
    connection.execute(sa.delete(_ALERTS).where(pair.in_(keys)))


def _rows_of(
    connection: sa.Connection, caller: str, bases: Iterable[str]
) -> Iterator[sa.Row[str, bool, bool, bytes]]:
    """The alerts of a caller in these groups."""
    columns = sa.select(_ALERTS.c.base, _ALERTS.c.by_time, _ALERTS.c.firing, _ALERTS.c.alert)
    for some in _batches(bases):
        of_group = (_ALERTS.c.caller == caller) & _ALERTS.c.base.in_(some)
        yield from connection.execute(columns.where(of_group)).all()


def _placed(row: sa.Row[str, bool, bool, bytes]) -> PlacedAlert:
    return PlacedAlert(_ALERT.validate_json(row.alert), row.base, row.by_time)


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(sorted(values))
    while some := list(islice(rest, _BATCH)):
        yield some
