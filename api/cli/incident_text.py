"""An incident as a person on call reads it: what began, what changed before, what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.alerts.runbook_commands import Quoted
from rag.domain.search import Hit
from rag.incidents.hypotheses import Hypothesis, clock_time
from rag.incidents.service import IncidentView
from rag.incidents.timeline import Entry

_ENTRIES_SHOWN = 15
_TEMPLATES_SHOWN = 5
_LISTED = 5
_MAX_TEXT = 120


def shown_lines(view: IncidentView, *, show_all: bool = False) -> Iterator[str]:
    """The incident's parts, the most urgent first."""
    analysis = view.analysis
    state = f"closed {clock_time(view.incident.closed_at)}" if view.incident.closed_at else "open"
    yield f"{view.incident.name}  ({view.incident.id}, {state})"
    yield from _first_symptom(view)
    yield from _changes(view)
    yield from _hypotheses(analysis.hypotheses)
    yield from _commands("Check (read-only, quoted from runbooks)", view.guidance.checks)
    yield from _commands("Avoid (runbooks warn)", view.guidance.avoid)
    yield from _templates(view)
    yield from _timeline(analysis.timeline, None if show_all else _ENTRIES_SHOWN)
    yield from _documents("Runbooks", view.guidance.runbooks)
    yield from _documents("Similar in the past", view.guidance.similar)
    if analysis.missing:
        yield ""
        yield "Missing"
        yield from (f"  {one}" for one in analysis.missing)


def _first_symptom(view: IncidentView) -> Iterator[str]:
    onset = view.analysis.onset
    yield ""
    if onset is None:
        yield "First symptom: none found in the inputs"
        return
    first = onset.first
    weak = "  (weak: nothing else confirms it)" if onset.is_weak else ""
    yield f"First symptom: {clock_time(first.at)}  {first.service}{weak}"
    yield f"  {_cut(first.what)}"
    yield f"  {_place(first.source, first.line)}  {first.why}"


def _changes(view: IncidentView) -> Iterator[str]:
    if not view.analysis.suspects:
        return
    yield ""
    yield "Changed before, most suspicious first"
    for one in view.analysis.suspects[:_LISTED]:
        change = one.change.change
        yield f"  {clock_time(change.at)}  {change.service}  {_cut(change.what)}"
        why = "; ".join((*one.reasons, *(f"but {doubt}" for doubt in one.doubts)))
        yield f"    {_place(one.source, change.record)}  {why}".rstrip()


def _hypotheses(found: Sequence[Hypothesis]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield "Hypotheses"
    for number, one in enumerate(found, start=1):
        yield f"  {number}. [{one.strength.value}] {_cut(one.claim)}"
        for line in one.evidence[:3]:
            yield f"     for: {_cut(line.what)}  ({_place(line.source, line.line)})"
        for against in one.against[:2]:
            yield f"     against: {_cut(against)}"
        yield f"     refuted by: {one.refuted_by}"


def _commands(title: str, found: Sequence[Quoted]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield title
    for one in found[:_LISTED]:
        yield f"  {_cut(one.text.splitlines()[0] if one.text else '')}  ({one.place})"


def _templates(view: IncidentView) -> Iterator[str]:
    templates = view.analysis.templates[:_TEMPLATES_SHOWN]
    if not templates:
        return
    yield ""
    yield "Log templates"
    for one in templates:
        new = "new  " if one.is_new else ""
        stats = one.stats
        head = f"  {stats.count:>7,}  {new}{stats.level.value}  {stats.service}"
        yield f"{head}: {_cut(stats.template)}"
        yield f"           {_place(stats.source, stats.line)}"


def _timeline(timeline: Sequence[Entry], max_entries: int | None) -> Iterator[str]:
    if not timeline:
        return
    yield ""
    yield "Timeline"
    kept = sorted(timeline, key=lambda one: (not one.is_change, -one.count))[:max_entries]
    for one in sorted(kept, key=lambda entry: entry.at):
        mark = "*" if one.is_change else " "
        count = f" ({one.count:,} times)" if one.count > 1 else ""
        what = f"{_cut(one.what)}{count}"
        yield f"{mark} {clock_time(one.at)}  {what}  {_place(one.source, one.line)}"
    if max_entries is not None and len(timeline) > max_entries:
        yield f"  … {len(timeline) - max_entries} more entries: --all shows them"


def _documents(title: str, hits: Sequence[Hit]) -> Iterator[str]:
    if not hits:
        return
    yield ""
    yield title
    for hit in hits:
        lines = hit.chunk.lines
        yield f"  {hit.document.path}:{lines.first}-{lines.last}  {hit.document.metadata.title}"


def _place(source: str, line: int | None) -> str:
    return source if line is None else f"{source}:{line}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TEXT else f"{line[: _MAX_TEXT - 1]}…"
