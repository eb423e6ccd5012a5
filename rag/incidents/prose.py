"""The summary of a report and of a status in the words of a model, from the facts alone.

The facts are numbered and quoted as an answer's passages are, with secrets redacted, and what the
model writes is checked as an answer is: each sentence against the facts that it cites, each command
against those that a fact quotes. Without a model, or where nothing of it is supported, there is no
prose, and the templates say what is known.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rag.answering.checking import MARKER
from rag.answering.context import Context, Passage
from rag.answering.prompting import PromptBook
from rag.answering.writing import Writing
from rag.command_risk.classify import CommandClassifier
from rag.domain.answers import Unsupported
from rag.domain.documents import (
    AclOrigin,
    Chunk,
    Document,
    Freshness,
    FreshnessStatus,
    LineSpan,
    Metadata,
)
from rag.domain.search import Explanation, Hit, Scores
from rag.errors import RunbookError
from rag.faithfulness.support import SupportChecker
from rag.guardrails.neutralising import neutralised
from rag.guardrails.redaction import redacted
from rag.incidents.hypotheses import Hypothesis, clock_time
from rag.incidents.service import IncidentView, Prose
from rag.ports import AnswerObserver, Embedder, Generator
from rag.text.markdown import markdown_text

REPORT_PROMPT = "incident-report"
STATUS_PROMPT = "incident-status"
_MAX_FACT_CHARS = 600
_MAX_CHANGES = 3
_MAX_HYPOTHESES = 3
_MAX_COMMANDS = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Fact:
    """A statement of the analysis, and where it is from; `place` may be empty."""

    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class ProseParts:
    """What prose is written and checked with."""

    generator: Generator
    prompts: PromptBook
    embedder: Embedder
    observer: AnswerObserver
    classifier: CommandClassifier
    unsupported: Unsupported


class ModelProse:
    """Prose by the configured model."""

    def __init__(self, parts: ProseParts) -> None:
        self._parts = parts

    def summary(self, view: IncidentView) -> Prose | None:
        """The summary of a report, with the numbers of its sources; None where there is none."""
        question = "Write the summary of the report on this incident."
        facts = list(_report_facts(view))
        return self._written(REPORT_PROMPT, question, facts, self._parts.unsupported)

    def status(self, view: IncidentView) -> Prose | None:
        """What is known, for people outside: unsupported sentences are left out, not marked."""
        question = "Write what is known of this incident."
        found = self._written(
            STATUS_PROMPT, question, list(_status_facts(view)), Unsupported.REMOVE
        )
        if found is None:
            return None
        text = " ".join(MARKER.sub("", found.text).split()).replace(" .", ".")
        return Prose(text, (), found.model, found.prompt, found.notices)

    def _written(
        self, name: str, question: str, facts: Sequence[_Fact], unsupported: Unsupported
    ) -> Prose | None:
        if not facts:
            return None
        parts = self._parts
        try:
            prompt = parts.prompts.current(name)
            writing = Writing(
                parts.generator,
                Context(tuple(_passage(number, one) for number, one in enumerate(facts, start=1))),
                SupportChecker(parts.embedder),
                unsupported,
                parts.observer,
                parts.classifier,
            )
            for _ in writing.parts(prompt, question, ()):
                pass
        except RunbookError as error:
            log.warning("an incident's text is written from the templates: %s", error)
            return None
        if not writing.stands:
            return None
        answer = writing.answer()
        cited = sorted({marker for one in answer.statements for marker in one.markers})
        sources = tuple((marker, facts[marker - 1].place) for marker in cited)
        return Prose(answer.text.strip(), sources, answer.model, prompt.id, answer.notices)


def _report_facts(view: IncidentView) -> Iterator[_Fact]:
    analysis = view.analysis
    onset = analysis.onset
    if onset is None:
        return
    first = onset.first
    where = f" in {first.service}" if first.service else ""
    weak = " Nothing else confirms it: this evidence is weak." if onset.is_weak else ""
    yield _Fact(
        f"The first symptom was seen at {clock_time(first.at)}{where}: {first.what}.{weak}",
        _place(first.source, first.line),
    )
    if onset.services:
        since = (f"{name} since {clock_time(at)}" for name, at in onset.services.items())
        yield _Fact(f"Services with symptoms: {', '.join(since)}.")
    for suspect in analysis.suspects[:_MAX_CHANGES]:
        change = suspect.change.change
        reasons = "; ".join((*suspect.reasons, *suspect.doubts))
        yield _Fact(
            f"Before it, at {clock_time(change.at)}, {change.service or 'an unnamed service'} "
            f"changed: {change.what}. {reasons}.",
            _place(suspect.source, change.record),
        )
    if not analysis.suspects:
        yield _Fact("No change before it is known.")
    for hypothesis in analysis.hypotheses[:_MAX_HYPOTHESES]:
        yield _Fact(_hypothesis(hypothesis))
    for check in view.guidance.checks[:_MAX_COMMANDS]:
        yield _Fact(f"The runbook says to look with `{check.text}`.", check.place)
    if analysis.missing:
        yield _Fact(f"What is missing: {'; '.join(analysis.missing)}.")


def _hypothesis(one: Hypothesis) -> str:
    against = f" Against it: {'; '.join(one.against)}." if one.against else ""
    return f"Hypothesis, with {one.strength.value} evidence: {one.claim}{against}"


def _status_facts(view: IncidentView) -> Iterator[_Fact]:
    incident, onset = view.incident, view.analysis.onset
    if incident.closed_at:
        yield _Fact(f"The incident is over since {incident.closed_at:%H:%M} UTC.")
    if onset is None:
        return
    services = list(onset.services) or ["part of the service"]
    verb = "is" if len(services) == 1 else "are"
    yield _Fact(
        f"Since {onset.first.at:%H:%M} UTC {' and '.join(services)} {verb} not working as expected."
    )


def _place(source: str, line: int | None) -> str:
    return source if line is None else f"{source}:{line}"


def _passage(number: int, fact: _Fact) -> Passage:
    """A fact in the form that answers are made and checked from."""
    text = " ".join(redacted(fact.text).split())[:_MAX_FACT_CHARS]
    content = neutralised(markdown_text(text))
    place = redacted(fact.place)
    now = datetime.now(UTC)
    document = Document(
        source="incident",
        path=place,
        metadata=Metadata(title=""),
        acl=frozenset(),
        acl_origin=AclOrigin.NOBODY,
        revision="",
        updated_at=now,
        content_hash="",
    )
    chunk = Chunk(document.id, number, content.text, (), LineSpan(1, 1), blocks=content.blocks)
    freshness = Freshness(FreshnessStatus.UNKNOWN, now, None, 0)
    explanation = Explanation((), 1.0, 0.0, 1.0)
    hit = Hit(number, chunk, document, 0.0, Scores(), freshness, explanation)
    return Passage(number, hit, content, content)
