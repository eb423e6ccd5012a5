"""What changed before the first symptom, the most suspicious first, by written rules.

    +3  the changed service shows a symptom in the first cluster
    +2  it is the service that shows one first
    +2  the change names a word that a symptom names, such as a flag or a table
    +2  it happened in the ten minutes before, +1.5 in half an hour, +1 in an hour, +0.5 in a day

Equal scores are ordered by time, the nearest first. A change after the first symptom is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rag.incidents.facts import Facts, SourcedChange
from rag.incidents.symptoms import Onset
from rag.text.identifiers import identifiers_in

_CLOCK_SKEW = timedelta(seconds=30)
_OLDEST = timedelta(days=7)
_FIRST_WITHIN = timedelta(minutes=2)
_CLOSENESS = (
    (timedelta(minutes=10), 2.0),
    (timedelta(minutes=30), 1.5),
    (timedelta(hours=1), 1.0),
    (timedelta(days=1), 0.5),
)
_MIN_WORD_CHARS = 4


@dataclass(frozen=True, slots=True)
class Suspect:
    """A change before the first symptom. `reasons` speak for it, `doubts` against it."""

    source: str
    change: SourcedChange
    score: float
    lead: timedelta
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def is_related(self) -> bool:
        """Whether more than the time connects it with the symptoms."""
        return bool(self.reasons)


def changes_before(facts: Facts, onset: Onset) -> list[Suspect]:
    """The changes of the week before the first symptom, the most suspicious first."""
    limit = onset.first.at + _CLOCK_SKEW
    found = [
        _suspect(one, onset)
        for one in facts.changes
        if one.change.at <= limit and onset.first.at - one.change.at <= _OLDEST
    ]
    return sorted(found, key=lambda one: (-one.score, one.lead))


def _suspect(sourced: SourcedChange, onset: Onset) -> Suspect:
    change = sourced.change
    lead = max(timedelta(0), onset.first.at - change.at)
    score = next((points for within, points in _CLOSENESS if lead <= within), 0.0)
    reasons: list[str] = []
    doubts: list[str] = []
    shown = _service_onset(change.service, onset)
    if shown is not None:
        score += 3
        reasons.append(f"{change.service} shows symptoms from {shown.total_seconds():.0f} s on")
        if shown <= _FIRST_WITHIN and _is_first(change.service, onset):
            score += 2
            reasons.append(f"{change.service} shows the first of them")
    elif change.service:
        doubts.append(f"{change.service} shows no symptom in the first minutes")
    if words := _shared_words(change.what, onset):
        score += 2
        reasons.append(f"it names {', '.join(words)}, as a symptom does")
    return Suspect(sourced.source, sourced, score, lead, tuple(reasons), tuple(doubts))


def _service_onset(service: str, onset: Onset) -> timedelta | None:
    """How long after the first symptom a service shows one; None where it shows none."""
    times = [at for name, at in onset.services.items() if _same_service(name, service)]
    return min(times) - onset.first.at if service and times else None


def _is_first(service: str, onset: Onset) -> bool:
    first = next((one for one in onset.cluster if one.service), None)
    return first is not None and _same_service(first.service, service)


def _same_service(one: str, other: str) -> bool:
    """Whether two names mean one service: `checkout` and `checkout-api` do, `a` and `b` do not."""
    mine, theirs = one.casefold(), other.casefold()
    if not mine or not theirs:
        return False
    return mine == theirs or mine.startswith(f"{theirs}-") or theirs.startswith(f"{mine}-")


def _shared_words(what: str, onset: Onset) -> Sequence[str]:
    named = [word for word in identifiers_in(what) if len(word) >= _MIN_WORD_CHARS]
    texts = " ".join(one.what for one in onset.cluster).casefold()
    return [word for word in named if word.casefold() in texts][:3]
