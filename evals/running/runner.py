"""Runs a suite: asks each question as each persona, scores the first, checks access for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from evals.metrics.scoring import QuestionResult, Scorer, passed
from evals.running.runs import Case, Leak, Page, Run, Unmeasured
from evals.running.system import SystemUnderTest
from evals.suite.acl_check import AccessCheck
from evals.suite.suite import Question, Suite

OnProgress = Callable[[int, int], None]


def run_suite(
    suite: Suite,
    system: SystemUnderTest,
    scorers: Sequence[Scorer],
    *,
    judged: Sequence[str] = (),
    every_persona: bool = True,
    on_progress: OnProgress | None = None,
) -> Run:
    """Run the suite once. `on_progress` is called with the number of questions done and in all.

    Without `every_persona`, each question is asked as its first persona only: for comparing
    settings, which do not change access.
    """
    started = time.perf_counter()
    pages = system.pages()
    check = AccessCheck(pages, suite.personas)
    results: list[QuestionResult] = []
    leaks: list[Leak] = []
    count = 0
    for number, question in enumerate(suite.questions, start=1):
        first, *others = _personas(suite, question, check, every_persona)
        observed = system.ask(question.text, principal=suite.personas[first])
        results.append(QuestionResult(question, observed))
        leaks += check.leaks(question.id, first, observed)
        for persona in others:
            # A full answer is generated only where a hidden document could leak through it.
            asks = system.ask if check.is_hidden_from(persona, question) else system.retrieve
            shown = asks(question.text, principal=suite.personas[persona])
            leaks += check.leaks(question.id, persona, shown)
        count += 1 + len(others)
        if on_progress is not None:
            on_progress(number, len(suite.questions))
    scores, unmeasured = _scored(results, scorers)
    return Run(
        suite=suite.name,
        digest=suite.digest,
        as_of=suite.as_of.isoformat() if suite.as_of else "",
        conditions=dict(sorted(system.conditions.items())),
        pages={page.path: Page(page.content_hash, tuple(sorted(page.acl))) for page in pages},
        asked=count,
        cases=tuple(_case(one, scores[one.question.id]) for one in results),
        leaks=tuple(leaks),
        unmeasured=tuple(unmeasured),
        judged=tuple(sorted(judged)),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - started, 3),
    )


def _personas(suite: Suite, question: Question, check: AccessCheck, every: bool) -> list[str]:
    """The persona that is scored, then every other from which a document is hidden."""
    first = question.personas[0]
    others = [name for name in suite.personas if name != first and check.may_leak(name)]
    return [first, *(others if every else ())]


def _scored(
    results: Sequence[QuestionResult], scorers: Sequence[Scorer]
) -> tuple[dict[str, dict[str, float]], list[Unmeasured]]:
    scores: dict[str, dict[str, float]] = {one.question.id: {} for one in results}
    unmeasured: list[Unmeasured] = []
    for scorer in scorers:
        scored = scorer.score(results)
        for identity, found in scored.scores.items():
            scores[identity].update(found)
        unmeasured += scored.unmeasured
    return scores, unmeasured


def _case(result: QuestionResult, scores: Mapping[str, float]) -> Case:
    question, observed = result.question, result.observed
    return Case(
        id=question.id,
        question=question.text,
        kind=question.kind,
        persona=question.personas[0],
        must_pass=question.must_pass,
        passed=passed(result),
        gold_documents=question.gold_documents,
        passages=observed.passages,
        abstained=result.abstained,
        scores={name: round(scores[name], 6) for name in sorted(scores)},
        response=observed.response,
        took_ms=observed.took_ms,
    )
