"""Runs a suite: asks each question as each persona, scores the first, and checks access for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from evals.metrics.scoring import Asked, Scorer, passed
from evals.running.runs import Case, Leak, Page, Run, Unmeasured
from evals.running.system import SystemUnderTest
from evals.suite.acl_check import AccessCheck
from evals.suite.suite import Question, Suite

Told = Callable[[int, int], None]


def run_suite(
    suite: Suite,
    system: SystemUnderTest,
    scorers: Sequence[Scorer],
    *,
    judged: Sequence[str] = (),
    every_persona: bool = True,
    told: Told | None = None,
) -> Run:
    """One run. `told` hears how many questions of how many are done.

    Without `every_persona` each question is asked as its first persona alone: for comparing
    settings, where access is not what changes.
    """
    started = time.perf_counter()
    pages = system.pages()
    check = AccessCheck(pages, suite.personas)
    asked: list[Asked] = []
    leaks: list[Leak] = []
    count = 0
    for number, question in enumerate(suite.questions, start=1):
        first, *others = _personas(suite, question, check, every_persona)
        observed = system.ask(question.text, principal=suite.personas[first])
        asked.append(Asked(question, observed))
        leaks += check.leaks(question.id, first, observed)
        for persona in others:
            # An answer that could betray a page is made where one that answers is kept back.
            asks = system.ask if check.is_kept_from(persona, question) else system.shown_to
            shown = asks(question.text, principal=suite.personas[persona])
            leaks += check.leaks(question.id, persona, shown)
        count += 1 + len(others)
        if told is not None:
            told(number, len(suite.questions))
    scores, unmeasured = _scored(asked, scorers)
    return Run(
        suite=suite.name,
        digest=suite.digest,
        as_of=suite.as_of.isoformat() if suite.as_of else "",
        conditions=dict(sorted(system.conditions.items())),
        pages={page.path: Page(page.content_hash, tuple(sorted(page.acl))) for page in pages},
        asked=count,
        cases=tuple(_case(one, scores[one.question.id]) for one in asked),
        leaks=tuple(leaks),
        unmeasured=tuple(unmeasured),
        judged=tuple(sorted(judged)),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - started, 3),
    )


def _personas(suite: Suite, question: Question, check: AccessCheck, every: bool) -> list[str]:
    """The persona that is scored, then every other from which something is kept."""
    first = question.personas[0]
    others = [name for name in suite.personas if name != first and check.may_leak(name)]
    return [first, *(others if every else ())]


def _scored(
    asked: Sequence[Asked], scorers: Sequence[Scorer]
) -> tuple[dict[str, dict[str, float]], list[Unmeasured]]:
    scores: dict[str, dict[str, float]] = {one.question.id: {} for one in asked}
    unmeasured: list[Unmeasured] = []
    for scorer in scorers:
        told = scorer.score(asked)
        for identity, found in told.scores.items():
            scores[identity].update(found)
        unmeasured += told.unmeasured
    return scores, unmeasured


def _case(asked: Asked, scores: Mapping[str, float]) -> Case:
    question, observed = asked.question, asked.observed
    return Case(
        id=question.id,
        question=question.text,
        kind=question.kind,
        persona=question.personas[0],
        must_pass=question.must_pass,
        passed=passed(asked),
        gold_documents=question.gold_documents,
        passages=observed.passages,
        abstained=asked.abstained,
        scores={name: round(scores[name], 6) for name in sorted(scores)},
        response=observed.response,
        took_ms=observed.took_ms,
    )
