"""Drafts of an incident, from templates: the report, the status for others, and the note.

Nothing is in them that the analysis does not hold. Text of inputs is shown as inline code, so that
it can neither pass for the program's words nor add structure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from rag.domain.search import Hit
from rag.guardrails.neutralising import one_line
from rag.incidents.hypotheses import Evidence, Hypothesis, clock_time
from rag.incidents.service import IncidentView, Prose
from rag.incidents.timeline import Entry
from rag.text.visible import visible_line

_MAX_QUOTED_CHARS = 200
_MAX_TIMELINE = 60  # of a report: what a reader takes in; all of it is in `show`
_MAX_NOTE_TIMELINE = 30


def draft_report(
    view: IncidentView, summary: Prose | None = None, *, timeline: int = _MAX_TIMELINE
) -> str:
    """The report as Markdown, with what a person must add marked; `summary` by a model or not."""
    analysis, incident = view.analysis, view.incident
    onset = analysis.onset
    shown = _strongest(analysis.timeline, timeline)
    best = analysis.suspects[0].change if analysis.suspects else None
    return _render(
        "report.md.jinja",
        title=_words(incident.name),
        prose=_prose(summary) if summary else None,
        opened=clock_time(incident.opened_at),
        opened_by=_words(incident.opened_by),
        closed=clock_time(incident.closed_at) if incident.closed_at else "",
        onset=_onset(view),
        weak=bool(onset and onset.is_weak),
        best=(
            f"{_quoted(best.change.what)} of {_words(best.change.service or 'an unnamed service')} "
            f"at {clock_time(best.change.at)} ({_place(best.source, best.change.record)})"
            if best
            else ""
        ),
        services=[_words(name) for name in (onset.services if onset else ())],
        timeline=[_entry(one) for one in shown],
        timeline_cut=len(analysis.timeline) - len(shown),
        hypotheses=[_hypothesis(one) for one in analysis.hypotheses],
        missing=[_words(one) for one in analysis.missing],
        links=[_link(hit) for hit in (*view.guidance.runbooks, *view.guidance.similar)],
    )


def draft_status(view: IncidentView, now: datetime, known: Prose | None = None) -> str:
    """The status for people outside engineering: no jargon, no names, no blame.

    `known` says what is known in a model's words.
    """
    onset = view.analysis.onset
    services = list(onset.services if onset else view.incident.services)
    return _render(
        "status.md.jinja",
        title=_words(view.incident.name),
        known=known.text if known else "",
        now=f"{now:%Y-%m-%d %H:%M} UTC",
        closed=f"{view.incident.closed_at:%H:%M} UTC" if view.incident.closed_at else "",
        onset={"at": f"{onset.first.at:%H:%M} UTC"} if onset else None,
        affected=_listed([_words(name) for name in services]) or "part of the service",
        one_service=len(services) <= 1,
        changed=bool(view.analysis.suspects),
    )


def draft_note(view: IncidentView) -> str:
    """The note as a document with front matter, which is indexed like any other."""
    incident, onset = view.incident, view.analysis.onset
    services = incident.services or tuple(onset.services if onset else ())
    head: Mapping[str, Any] = {
        "title": one_line(incident.name),
        "kind": "note",
        "service": [one_line(name) for name in services],
        "tags": ["incident", incident.id],
        "acl": sorted(incident.acl),
        "last_reviewed": (incident.closed_at or incident.opened_at).date(),
    }
    front = yaml.safe_dump(dict(head), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n{draft_report(view, timeline=_MAX_NOTE_TIMELINE)}"


def _strongest(timeline: tuple[Entry, ...], max_entries: int) -> list[Entry]:
    """Changes first, then the most frequent; in the order of time."""
    kept = sorted(timeline, key=lambda one: (not one.is_change, -one.count))[:max_entries]
    return sorted(kept, key=lambda one: one.at)


def _prose(summary: Prose) -> Mapping[str, Any]:
    places = [f"\\[{marker}\\] `{_code(place)}`" for marker, place in summary.sources if place]
    return {
        "text": summary.text,
        "by": f"{_words(summary.model)} with the prompt `{_code(summary.prompt)}`",
        "places": ", ".join(places),
        "notices": [_words(one) for one in summary.notices],
    }


def _onset(view: IncidentView) -> Mapping[str, str] | None:
    onset = view.analysis.onset
    if onset is None:
        return None
    first = onset.first
    return {
        "at": clock_time(first.at),
        "service": _words(first.service),
        "what": _quoted(first.what),
        "place": _place(first.source, first.line),
    }


def _entry(entry: Entry) -> Mapping[str, Any]:
    return {
        "at": clock_time(entry.at),
        "what": _quoted(entry.what),
        "count": entry.count,
        "is_change": entry.is_change,
        "place": _place(entry.source, entry.line),
    }


def _hypothesis(one: Hypothesis) -> Mapping[str, Any]:
    return {
        "claim": _words(one.claim),
        "strength": one.strength.value,
        "evidence": [_evidence(line) for line in one.evidence],
        "against": [_words(line) for line in one.against],
        "refuted_by": _words(one.refuted_by),
    }


def _evidence(line: Evidence) -> str:
    at = f"{clock_time(line.at)} " if line.at else ""
    return f"{at}{_quoted(line.what)} — {_place(line.source, line.line)}"


def _link(hit: Hit) -> str:
    document = hit.document
    where = f"{document.path}:{hit.chunk.lines.first}"
    return f"{_words(document.metadata.title)} ({document.metadata.kind.value}) — `{_code(where)}`"


def _place(source: str, line: int | None) -> str:
    where = source if line is None else f"{source}:{line}"
    return f"`{_code(where)}`"


def _quoted(text: str) -> str:
    return f"`{_code(text)}`"


def _code(text: str) -> str:
    """Text for inline code: one visible line without a backtick."""
    line = visible_line(" ".join(text.split())).replace("`", "'")
    return line[:_MAX_QUOTED_CHARS] or "-"


def _words(text: str) -> str:
    """Text among the program's words: one line, with Markdown's marks escaped."""
    return "".join(_escaped(visible_line(" ".join(text.split()))))


def _escaped(text: str) -> Iterator[str]:
    for char in text:
        yield f"\\{char}" if char in "\\`*[]<>#|" else char


def _listed(names: list[str]) -> str:
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    return Environment(  # noqa: S701 - Markdown, whose values are escaped above
        loader=PackageLoader("rag.incidents", "drafts"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
