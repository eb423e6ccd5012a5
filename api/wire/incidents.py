"""The JSON of incidents, for every interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from api.wire.alerts import instant, quoted_to_wire
from api.wire.hits import JsonObject, to_wire
from rag.domain.search import Hit
from rag.incidents.analysis import RankedTemplate
from rag.incidents.anomalies import Anomaly
from rag.incidents.changes import Suspect
from rag.incidents.facts import InputSummary
from rag.incidents.hypotheses import Evidence, Hypothesis
from rag.incidents.incident import Incident
from rag.incidents.service import IncidentView, Prose
from rag.incidents.symptoms import Onset
from rag.incidents.timeline import Entry


def incident_to_wire(incident: Incident) -> JsonObject:
    """What an incident is; its tags are shown, because only their holders see it."""
    return {
        "id": incident.id,
        "name": incident.name,
        "status": "closed" if incident.closed_at else "open",
        "opened_at": instant(incident.opened_at),
        "closed_at": instant(incident.closed_at),
        "acl": sorted(incident.acl),
        "services": list(incident.services),
        "note": incident.note or None,
    }


def opened_to_wire(incident: Incident, similar: Sequence[Hit]) -> JsonObject:
    """A new incident, with similar ones of the past."""
    return {**incident_to_wire(incident), "similar": [to_wire(hit) for hit in similar]}


def input_to_wire(added: InputSummary) -> JsonObject:
    """What was read of an input."""
    return {
        "name": added.name,
        "kind": added.kind.value,
        "records": added.records,
        "undated": added.undated,
        "first": instant(added.first),
        "last": instant(added.last),
    }


def view_to_wire(view: IncidentView) -> JsonObject:
    """The body of an incident."""
    analysis, guidance = view.analysis, view.guidance
    return {
        "incident": incident_to_wire(view.incident),
        "inputs": [input_to_wire(one) for one in view.facts.inputs],
        "timeline": [entry_to_wire(one) for one in analysis.timeline],
        "first_symptom": _onset(analysis.onset) if analysis.onset else None,
        "changes_before": [_suspect(one) for one in analysis.suspects],
        "log_templates": [_template(one) for one in analysis.templates],
        "anomalies": [_anomaly(one) for one in analysis.anomalies],
        "hypotheses": [_hypothesis(one) for one in analysis.hypotheses],
        "checks": [quoted_to_wire(one) for one in guidance.checks],
        "avoid": [quoted_to_wire(one) for one in guidance.avoid],
        "missing": list(analysis.missing),
        "runbooks": [to_wire(hit) for hit in guidance.runbooks],
        "similar": [to_wire(hit) for hit in guidance.similar],
    }


def draft_to_wire(markdown: str, prose: Prose | None, request_id: str) -> JsonObject:
    """A draft; `model` and `prompt` are null where the templates said all of it."""
    return {
        "markdown": markdown,
        "model": prose.model if prose else None,
        "prompt": prose.prompt if prose else None,
        "notices": list(prose.notices) if prose else [],
        "request_id": request_id,
    }


def entry_to_wire(entry: Entry) -> JsonObject:
    """One entry of a timeline."""
    return {
        "at": instant(entry.at),
        "source": entry.source,
        "line": entry.line,
        "what": entry.what,
        "count": entry.count,
        "is_change": entry.is_change,
        "service": entry.service or None,
        "until": instant(entry.until),
    }


def _onset(onset: Onset) -> JsonObject:
    first = onset.first
    return {
        "at": instant(first.at),
        "source": first.source,
        "line": first.line,
        "what": first.what,
        "kind": first.kind.value,
        "service": first.service or None,
        "why": first.why,
        "is_weak": onset.is_weak,
        "services": list(onset.services),
    }


def _suspect(one: Suspect) -> JsonObject:
    change = one.change.change
    return {
        "at": instant(change.at),
        "source": one.source,
        "line": change.record,
        "what": change.what,
        "service": change.service or None,
        "by": change.by or None,
        "score": one.score,
        "seconds_before": int(one.lead.total_seconds()),
        "reasons": list(one.reasons),
        "doubts": list(one.doubts),
    }


def _template(one: RankedTemplate) -> JsonObject:
    stats = one.stats
    return {
        "template": stats.template,
        "count": stats.count,
        "first": instant(stats.first),
        "last": instant(stats.last),
        "example": stats.example,
        "line": stats.line,
        "is_new": one.is_new,
        "source": stats.source,
        "service": stats.service or None,
        "level": stats.level.value,
        "exception": stats.exception or None,
        "since_change": one.since_change,
        "variables": list(stats.variables),
    }


def _anomaly(one: Anomaly) -> JsonObject:
    return {
        **asdict(one),
        "service": one.service or None,
        "start": instant(one.start),
        "end": instant(one.end),
        "score": round(one.score, 2),
    }


def _hypothesis(one: Hypothesis) -> JsonObject:
    return {
        "claim": one.claim,
        "evidence": [_evidence(line) for line in one.evidence],
        "against": list(one.against),
        "refuted_by": one.refuted_by,
        "strength": one.strength.value,
    }


def _evidence(line: Evidence) -> JsonObject:
    return {"at": instant(line.at), "source": line.source, "line": line.line, "what": line.what}
