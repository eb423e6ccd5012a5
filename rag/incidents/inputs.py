"""What is added to an incident besides logs: events, deploys and metrics, in their tools' formats.

    events   `kubectl get events -o json`
    deploys  generic `{"at","what","service","by"}`, `git log`, Argo CD applications, Flux objects
    metrics  Prometheus `query_range` JSON, or CSV with a time column and one column a series

Sizes are limited; what is beyond them, or without a time, is counted and said.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from rag.errors import InvalidPayload
from rag.incidents.instants import Clock, parse_instant
from rag.text.json_values import json_object, parse_json

MAX_RECORDS = 20_000
MAX_SERIES = 500
MAX_POINTS = 20_000  # of one series
MAX_TEXT_CHARS = 500
MAX_NAME_CHARS = 128
_MAX_VALUE = 1e300  # so that differences of values stay finite; infinite ones are left out too
_MAX_COUNT = 10**9  # of an event; what a sender writes may be any number
_NAMED_PODS = re.compile(r"-(?:[0-9a-f]{6,10}-)?[a-z0-9]{5}\Z")
_COMMIT = re.compile(r"(?:commit )?(?P<hash>[0-9a-f]{7,40})\b(?P<rest>.*)\Z")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was changed: a deploy, a configuration, a commit. `record` counts from 1."""

    at: datetime
    what: str
    service: str
    by: str
    record: int


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """An event of Kubernetes. `count` is how often it occurred between `at` and `last`."""

    at: datetime
    last: datetime
    reason: str
    message: str
    service: str
    is_warning: bool
    count: int
    record: int


@dataclass(frozen=True, slots=True)
class Series:
    """A metric by time, in the order of time; `labels` name it."""

    name: str
    service: str
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Records:
    """What was read of one input; `skipped` had no time that could be read."""

    changes: tuple[Change, ...] = ()
    events: tuple[ClusterEvent, ...] = ()
    series: tuple[Series, ...] = ()
    skipped: int = 0


def parse_cluster_events(text: str, clock: Clock) -> Records:
    """The events of `kubectl get events -o json`. Raises InvalidPayload."""
    items = _items(_json(text), "items")
    found = [_cluster_event(json_object(item, f"items.{n}"), n + 1, clock) for n, item in items]
    events = sorted((one for one in found if one), key=lambda one: one.at)
    return Records(events=tuple(events), skipped=len(found) - len(events))


def parse_changes(text: str, clock: Clock) -> Records:
    """Deploys and other changes in any of the formats. Raises InvalidPayload."""
    stripped = text.lstrip()
    if stripped[:1] in ("{", "["):
        found = list(islice(_changes_of_json(stripped, clock), MAX_RECORDS))
    else:
        found = list(islice(_changes_of_git_log(text.splitlines(), clock), MAX_RECORDS))
        if not found:
            raise InvalidPayload("deploys", "must be JSON or the output of `git log`")
    changes = sorted((one for one in found if one), key=lambda one: one.at)
    return Records(changes=tuple(changes), skipped=len(found) - len(changes))


def parse_metrics(text: str, clock: Clock) -> Records:
    """Series of Prometheus JSON or of CSV. Raises InvalidPayload."""
    if text.lstrip()[:1] == "{":
        return Records(series=tuple(_prometheus_series(_json(text))))
    return _csv_series(text, clock)


def _cluster_event(item: Mapping[str, Any], record: int, clock: Clock) -> ClusterEvent | None:
    about = _mapping(item, "involvedObject") or _mapping(item, "regarding")
    series = _mapping(item, "series")
    created = _mapping(item, "metadata").get("creationTimestamp")
    first = _first_time(item, ("firstTimestamp", "eventTime", "deprecatedFirstTimestamp"), clock)
    first = first or parse_instant(created, clock)
    last = _first_time(item, ("lastTimestamp", "deprecatedLastTimestamp"), clock)
    start, end = first or last, last or first
    if start is None or end is None:
        return None
    kind, name = _text(about.get("kind"), MAX_NAME_CHARS), _text(about.get("name"), 253)
    count = item.get("count") or series.get("count") or 1
    return ClusterEvent(
        at=min(start, end),
        last=max(start, end),
        reason=str(item.get("reason") or "event")[:MAX_TEXT_CHARS],
        message=f"{kind}/{name}: {item.get('message') or item.get('note') or ''}"[:MAX_TEXT_CHARS],
        service=_NAMED_PODS.sub("", name)[:MAX_NAME_CHARS],
        is_warning=item.get("type") == "Warning",
        count=min(max(count, 1), _MAX_COUNT) if isinstance(count, int) else 1,
        record=record,
    )


def _first_time(item: Mapping[str, Any], keys: Iterable[str], clock: Clock) -> datetime | None:
    return next((at for key in keys if (at := parse_instant(item.get(key), clock))), None)


def _changes_of_json(text: str, clock: Clock) -> Iterator[Change | None]:
    records = _records(text)
    for number, raw in enumerate(records[:MAX_RECORDS], start=1):
        item = json_object(raw, f"deploys.{number - 1}")
        kind = str(item.get("kind") or "")
        if kind == "Application" or "argoproj" in str(item.get("apiVersion") or ""):
            yield from _argo_changes(item, number, clock)
        elif "fluxcd" in str(item.get("apiVersion") or ""):
            yield from _flux_changes(item, number, clock)
        else:
            yield _generic_change(item, number, clock)


def _records(text: str) -> Sequence[Any]:
    """One JSON document, a list, a Kubernetes list, or one JSON document a line."""
    try:
        whole = parse_json(text)
    except RecursionError as error:
        raise InvalidPayload("deploys", "is nested too deep") from error
    except ValueError:
        return [_json(line) for line in text.splitlines() if line.strip()][:MAX_RECORDS]
    if isinstance(whole, list):
        return whole
    for key in ("deploys", "changes", "items"):
        if isinstance(whole, dict) and isinstance(whole.get(key), list):
            return list(whole[key])
    return [whole]


def _generic_change(item: Mapping[str, Any], record: int, clock: Clock) -> Change | None:
    at = _first_time(item, ("at", "time", "timestamp", "deployed_at", "date"), clock)
    what = _said(item, ("what", "message", "description", "title", "summary"))
    if not what:
        raise InvalidPayload(f"deploys.{record - 1}.what", "says nothing: write what was changed")
    if at is None:
        return None
    service, by = _said(item, ("service", "app", "name")), _said(item, ("by", "author", "user"))
    return Change(at, what, service, by, record)


def _argo_changes(item: Mapping[str, Any], record: int, clock: Clock) -> Iterator[Change | None]:
    """Each sync in the history of an Argo CD application."""
    name = _text(_mapping(item, "metadata").get("name"), MAX_NAME_CHARS)
    history = _mapping(item, "status").get("history")
    for entry in history if isinstance(history, list) else []:
        done = json_object(entry, f"deploys.{record - 1}.status.history")
        at = _first_time(done, ("deployedAt", "deployStartedAt"), clock)
        by = _text(_mapping(done, "initiatedBy").get("username"), MAX_NAME_CHARS) or "Argo CD"
        revision = _text(done.get("revision"), MAX_NAME_CHARS)[:40]
        yield Change(at, f"sync of {name} to {revision}", name, by, record) if at else None


def _flux_changes(item: Mapping[str, Any], record: int, clock: Clock) -> Iterator[Change | None]:
    """The history of a HelmRelease, else the last time that an object became ready."""
    name = _text(_mapping(item, "metadata").get("name"), MAX_NAME_CHARS)
    status = _mapping(item, "status")
    history = status.get("history")
    if isinstance(history, list) and history:
        for entry in history:
            done = json_object(entry, f"deploys.{record - 1}.status.history")
            at = _first_time(done, ("lastDeployed", "firstDeployed"), clock)
            chart = _text(done.get("chartName"), MAX_NAME_CHARS) or name
            version = f"{chart} {_text(done.get('chartVersion'), MAX_NAME_CHARS)}".strip()
            yield Change(at, f"release of {version}", name, "Flux", record) if at else None
        return
    revision = _text(status.get("lastAppliedRevision"), 80)
    conditions = status.get("conditions")
    for condition in conditions if isinstance(conditions, list) else []:
        if isinstance(condition, dict) and condition.get("type") == "Ready":
            at = parse_instant(condition.get("lastTransitionTime"), clock)
            yield Change(at, f"applied {name} at {revision}", name, "Flux", record) if at else None


def _changes_of_git_log(lines: Sequence[str], clock: Clock) -> Iterator[Change | None]:
    """`git log` in its default form, or one commit a line with a date behind the hash."""
    number, author, date, subject = 0, "", "", ""
    for index, line in enumerate([*lines, "commit 0000000"], start=1):
        if line.startswith("commit ") and _COMMIT.match(line):
            if date:
                at = parse_instant(date, clock)
                yield Change(at, subject or "commit", "", author, number) if at else None
            number, author, date, subject = index, "", "", ""
        elif line.startswith("Author:"):
            author = line.removeprefix("Author:").split("<")[0].strip()
        elif line.startswith(("Date:", "CommitDate:")):
            date = line.split(":", 1)[1].strip()
        elif line.startswith("    ") and not subject:
            subject = line.strip()[:MAX_TEXT_CHARS]
        elif (one := _COMMIT.match(line)) and not date:
            yield from _one_line_commit(one["rest"].strip(), index, clock)


def _one_line_commit(rest: str, record: int, clock: Clock) -> Iterator[Change]:
    """Such as `%h %aI %an %s`: a time, then the rest of the line."""
    words = rest.split(" ")
    at = parse_instant(words[0], clock)
    if at is not None:
        yield Change(at, " ".join(words[1:])[:MAX_TEXT_CHARS], "", "", record)


def _prometheus_series(payload: object) -> Iterator[Series]:
    body = json_object(payload, "metrics")
    data = json_object(body.get("data", body), "data")
    for number, raw in _items(data, "result")[:MAX_SERIES] if "result" in data else []:
        item = json_object(raw, f"data.result.{number}")
        labels = json_object(item.get("metric") or {}, f"data.result.{number}.metric")
        values = item.get("values")
        if not isinstance(values, list):
            raise InvalidPayload(f"data.result.{number}.values", "must be a list: use query_range")
        yield Series(_series_name(labels), _service_of(labels), tuple(_points(values, number)))


def _points(values: Sequence[Any], number: int) -> Iterator[tuple[datetime, float]]:
    utc = Clock(datetime.min.replace(tzinfo=UTC))
    for pair in values[:MAX_POINTS]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidPayload(
                f"data.result.{number}.values", "must hold pairs of time and value"
            )
        at, value = parse_instant(pair[0], utc), _number(pair[1])
        if at is not None and value is not None:
            yield at, value


def _csv_series(text: str, clock: Clock) -> Records:
    rows = _csv_rows(csv.reader(io.StringIO(text, newline="")))
    head = next(rows, [])
    if len(head) < 2:
        raise InvalidPayload("metrics", "must be Prometheus JSON, or CSV with a time and a series")
    columns: list[list[tuple[datetime, float]]] = [[] for _ in head[1 : MAX_SERIES + 1]]
    skipped = 0
    for row in rows:
        at = parse_instant(_number(row[0]) if _number(row[0]) else row[0], clock) if row else None
        if at is None:
            skipped += 1
            continue
        for column, raw in zip(columns, row[1:], strict=False):
            if (value := _number(raw)) is not None and len(column) < MAX_POINTS:
                column.append((at, value))
    series = [
        Series(name.strip()[:MAX_TEXT_CHARS], "", tuple(sorted(points)))
        for name, points in zip(head[1:], columns, strict=False)
    ]
    return Records(series=tuple(series), skipped=skipped)


def _csv_rows(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise InvalidPayload("metrics", "is not valid CSV") from error


def _series_name(labels: Mapping[str, Any]) -> str:
    name = str(labels.get("__name__") or "")
    others = ", ".join(f"{k}={v}" for k, v in sorted(labels.items()) if k != "__name__")
    return (f"{name}{{{others}}}" if others else name or "value")[:MAX_TEXT_CHARS]


def _service_of(labels: Mapping[str, Any]) -> str:
    keys = ("service", "app", "job", "deployment", "container")
    return next((str(labels[key])[:128] for key in keys if labels.get(key)), "")


def _number(raw: object) -> float | None:
    try:
        value = float(str(raw))
    except ValueError:
        return None
    return value if abs(value) < _MAX_VALUE else None


def _said(item: Mapping[str, Any], keys: Iterable[str]) -> str:
    found = (item.get(key) for key in keys)
    return next((one.strip()[:MAX_TEXT_CHARS] for one in found if isinstance(one, str)), "")


def _items(payload: object, field: str) -> list[tuple[int, Any]]:
    found = payload if isinstance(payload, list) else json_object(payload, "body").get(field)
    if not isinstance(found, list):
        raise InvalidPayload(field, "must be a list")
    return list(enumerate(found[:MAX_RECORDS]))


def _mapping(item: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A member that is an object; empty where it is absent or something else."""
    found = item.get(key)
    return found if isinstance(found, dict) else {}


def _text(raw: object, limit: int) -> str:
    """A text of at most `limit` characters; empty where it is something else."""
    return raw[:limit] if isinstance(raw, str) else ""


def _json(text: str) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPayload("body", "is not valid JSON") from error
