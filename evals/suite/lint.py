"""Checks a suite: gold documents that moved, and must-pass questions that fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals.running.runs import read_run
from evals.suite.suite import Question, Suite


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with its place in the suite and what to do."""

    file: str
    line: int
    question: str
    message: str


def problems(suite: Suite) -> list[Problem]:
    """Missing gold documents, gold passages that their document no longer contains, and must-pass
    questions that fail in the suite's own baseline, which the gate cannot enforce.

    Raises ConfigurationError if the baseline is not a run.
    """
    failing = _failing_in_baseline(suite)
    return [
        Problem(question.file, question.line, question.id, message)
        for question in suite.questions
        for message in (*_gold_problems(suite, question), *_must_pass_problems(question, failing))
    ]


def _failing_in_baseline(suite: Suite) -> frozenset[str]:
    if not suite.baseline.exists():
        return frozenset()
    return frozenset(case.id for case in read_run(suite.baseline).cases if not case.passed)


def _must_pass_problems(question: Question, failing: frozenset[str]) -> Iterator[str]:
    if question.must_pass and question.id in failing:
        yield (
            "it must pass but fails in the baseline: fix what it tests and save the baseline "
            "again, or remove `must_pass`"
        )


def _gold_problems(suite: Suite, question: Question) -> Iterator[str]:
    texts: dict[str, str] = {}
    for path in question.gold_documents:
        try:
            texts[path] = _normalized((suite.corpus / path).read_text("utf-8", "replace"))
        except OSError:
            yield f"{path} is not in the corpus: name the document that answers it now"
    for passage in question.gold_passages:
        if passage.document in texts and _normalized(passage.text) not in texts[passage.document]:
            yield (
                f"{passage.document} no longer contains {_normalized(passage.text)[:80]!r}: "
                "quote its current text"
            )


def _normalized(text: str) -> str:
    return " ".join(text.split())
