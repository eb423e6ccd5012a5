"""Incidents as every interface uses them: opened, added to, shown and closed under one access rule.

An incident that the principal may not see does not exist for it: NotFound.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from io import BufferedReader
from typing import Any, Protocol

from rag.access.acl import access_filter, parse_tags
from rag.domain.access import Principal
from rag.domain.search import Hit
from rag.errors import InvalidPayload, NotFound, PermissionDenied
from rag.guardrails.redaction import redacted
from rag.incidents.analysis import Analysis, analyse
from rag.incidents.change_points import Breaks, no_breaks
from rag.incidents.facts import Facts, InputKind, InputSummary
from rag.incidents.incident import MAX_NAME_CHARS, Incident, IncidentStore, may_see
from rag.incidents.instants import Clock
from rag.incidents.reading import ReadingTools, read_input
from rag.incidents.runbooks import Guidance, RunbookFinder
from rag.incidents.templates import TemplateMiner

MAX_INPUTS = 200
MAX_INCIDENTS = 10_000
MAX_INCIDENTS_OF_ONE = 1_000  # so that no caller keeps the others from opening one
_MAX_AT_ONCE = 2  # inputs read, and incidents analysed: each may take some hundred MB
_SLUG = re.compile(r"[^a-z0-9]+")
_MAX_SLUG_PARTS = 6


class NoteWriter(Protocol):
    """Keeps the note of an incident where it will be indexed."""

    def write(self, incident: Incident, text: str) -> str:
        """Keep a note; returns its path, empty where notes are switched off. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Prose:
    """Text that a model wrote and that was checked; `sources` are the places of its markers.

    `notices` say what was marked or taken out.
    """

    text: str
    sources: tuple[tuple[int, str], ...]
    model: str
    prompt: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident with everything that is made of it for one principal."""

    incident: Incident
    facts: Facts
    analysis: Analysis
    guidance: Guidance


class ProseWriter(Protocol):
    """Writes an incident's text; None where the templates are to say it."""

    def summary(self, view: IncidentView) -> Prose | None:
        """The summary of a report."""
        ...

    def status(self, view: IncidentView) -> Prose | None:
        """What is known, for people outside engineering."""
        ...


class NoProse:
    """Leaves all text to the templates."""

    def summary(self, view: IncidentView) -> Prose | None:  # noqa: ARG002 - the port's signature
        return None

    def status(self, view: IncidentView) -> Prose | None:  # noqa: ARG002 - the port's signature
        return None


@dataclass(frozen=True, slots=True)
class IncidentServiceParts:
    """The parts that the service works with; `now` gives the current time, aware.

    `breaks` finds the change points of series.
    """

    store: IncidentStore
    finder: RunbookFinder
    make_miner: Callable[[], TemplateMiner]
    notes: NoteWriter
    now: Callable[[], datetime]
    breaks: Breaks = no_breaks
    prose: ProseWriter = field(default_factory=NoProse)


class IncidentService:
    """The incidents of one installation."""

    def __init__(self, parts: IncidentServiceParts) -> None:
        self._parts = parts
        self.prose = parts.prose
        self._store = parts.store
        self._readings = threading.BoundedSemaphore(_MAX_AT_ONCE)
        self._analyses = threading.BoundedSemaphore(_MAX_AT_ONCE)

    def open(
        self, name: str, *, principal: Principal, acl: Iterable[object], services: Iterable[str]
    ) -> tuple[Incident, tuple[Hit, ...]]:
        """A new incident, with similar ones of the past. Its readers hold one of the tags `acl`.

        A tag must be one that the principal holds. Raises InvalidPayload, InvalidTag,
        PermissionDenied.
        """
        _refuse_anonymous(principal)
        access = access_filter(principal)
        if access.nothing:
            raise PermissionDenied("a caller without groups cannot open an incident")
        title = " ".join(redacted(name).split())
        if not title or len(title) > MAX_NAME_CHARS:
            raise InvalidPayload("name", f"must have 1 to {MAX_NAME_CHARS} characters")
        tags = parse_tags(acl)
        if not access.everything and not tags <= access.tags:
            raise PermissionDenied("an incident's tags must be among the groups of its opener")
        self._check_room(principal)
        now = self._parts.now()
        incident = Incident(
            id=_new_id(title, now),
            name=title,
            opened_at=now,
            opened_by=principal.name,
            opener_groups=principal.groups,
            acl=tags,
            services=tuple(dict.fromkeys(services)),
        )
        self._store.create(incident)
        return incident, self._parts.finder.similar(title, principal=principal)

    def add(
        self,
        incident_id: str,
        name: str,
        kind: InputKind,
        data: BufferedReader[Any],
        *,
        principal: Principal,
        zone: tzinfo | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> InputSummary:
        """Read an input; one of the same name is replaced.

        Raises NotFound, InvalidPayload, PermissionDenied.
        """
        _refuse_anonymous(principal)
        self._visible(incident_id, principal)
        _check_inputs(self._store.facts(incident_id).without(name))
        clock = Clock(self._parts.now(), zone or UTC)
        tools = ReadingTools(clock, self._parts.make_miner, on_progress, self._parts.breaks)
        with self._readings:
            found = read_input(name, kind, data, tools)
        added = found.inputs[0]

        def join(before: Facts) -> Facts:
            others = before.without(added.name)
            _check_inputs(others)  # again, as others may have added theirs meanwhile
            return others.joined(found)

        self._store.change_facts(incident_id, join)
        return added

    def view(self, incident_id: str, *, principal: Principal) -> IncidentView:
        """Everything that is made of an incident. Raises NotFound."""
        incident = self._visible(incident_id, principal)
        with self._analyses:
            facts = self._store.facts(incident_id)
            analysis = analyse(facts, self._parts.breaks)
        guidance = self._parts.finder.guidance(incident.name, facts, analysis, principal=principal)
        return IncidentView(incident, facts, analysis, guidance)

    def list(self, *, principal: Principal) -> tuple[Incident, ...]:
        """The incidents that the principal may see, the newest first."""
        return tuple(one for one in self._store.list() if may_see(one, principal))

    def close(
        self, incident_id: str, *, principal: Principal, write: Callable[[IncidentView], str]
    ) -> Incident:
        """Close an incident and keep its note, which `write` makes.

        The note names only documents that all of its own readers may read, whatever the principal
        may. Raises NotFound, PermissionDenied, StoreError.
        """
        _refuse_anonymous(principal)
        view = self.view(incident_id, principal=principal)
        closed = replace(view.incident, closed_at=view.incident.closed_at or self._parts.now())
        guidance = view.guidance.for_readers(closed.acl)
        shown = replace(view, incident=closed, guidance=guidance)
        note = self._parts.notes.write(closed, write(shown))
        closed = replace(closed, note=note)
        self._store.replace(closed)
        return closed

    def _check_room(self, principal: Principal) -> None:
        known = self._store.list()
        by_caller = sum(one.opened_by == principal.name for one in known)
        if len(known) >= MAX_INCIDENTS or by_caller >= MAX_INCIDENTS_OF_ONE:
            raise InvalidPayload(
                "name",
                f"there are {MAX_INCIDENTS} incidents, or {MAX_INCIDENTS_OF_ONE} of this caller; "
                "an administrator can remove old ones from the state folder",
            )

    def _visible(self, incident_id: str, principal: Principal) -> Incident:
        incident = self._store.get(incident_id)
        if incident is None or not may_see(incident, principal):
            raise NotFound("no such incident, or not one that the caller may see")
        return incident


def _refuse_anonymous(principal: Principal) -> None:
    if not principal.authenticated:
        raise PermissionDenied("anonymous callers cannot open, change or close incidents")


def _check_inputs(others: Facts) -> None:
    if len(others.inputs) >= MAX_INPUTS:
        raise InvalidPayload("name", f"there are {MAX_INPUTS} inputs already")


def _new_id(title: str, now: datetime) -> str:
    """Such as `20260314-checkout-5xx-3f9a1c`."""
    words = [part for part in _SLUG.split(title.lower()) if part][:_MAX_SLUG_PARTS]
    return "-".join([f"{now:%Y%m%d}", *(word[:40] for word in words), secrets.token_hex(3)])
