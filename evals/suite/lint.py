"""What is wrong with a suite as it stands: gold that moved away, and promises not kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals.running.runs import read_run
from evals.suite.suite import Question, Suite


@dataclass(frozen=True, slots=True)
class Problem:
    """Where in the suite, and what to mend."""

    file: str
    line: int
    question: str
    message: str


def problems(suite: Suite) -> list[Problem]:
    """Gold documents that are gone, gold passages that no longer stand in theirs, and questions
    that must pass and fail in the suite's own baseline: a gate that compares cannot hold them.

    Raises ConfigurationError where the baseline is no run.
    """
    failing = _failing_in_baseline(suite)
    return [
        Problem(question.file, question.line, question.id, message)
        for question in suite.questions
        for message in (*_wrong(suite, question), *_not_kept(question, failing))
    ]


def _failing_in_baseline(suite: Suite) -> frozenset[str]:
    if not suite.baseline.exists():
        return frozenset()
    return frozenset(case.id for case in read_run(suite.baseline).cases if not case.passed)


def _not_kept(question: Question, failing: frozenset[str]) -> Iterator[str]:
    if question.must_pass and question.id in failing:
        yield (
            "it must pass, and fails in the baseline: mend what it asks for and save the baseline "
            "again, or take `must_pass` from it"
        )


def _wrong(suite: Suite, question: Question) -> Iterator[str]:
    texts: dict[str, str] = {}
    for path in question.gold_documents:
        try:
            texts[path] = _flat((suite.corpus / path).read_text("utf-8", "replace"))
        except OSError:
            yield f"{path} is not in the corpus: name the page that answers now"
    for passage in question.gold_passages:
        if passage.document in texts and _flat(passage.text) not in texts[passage.document]:
            yield (
                f"{passage.document} does not say {_flat(passage.text)[:80]!r} any more: "
                "quote what it says now"
            )


def _flat(text: str) -> str:
    return " ".join(text.split())
