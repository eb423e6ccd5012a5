"""What is wrong with a suite against its corpus as it stands: gold that moved away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals.suite import Question, Suite


@dataclass(frozen=True, slots=True)
class Problem:
    """Where in the suite, and what to mend."""

    file: str
    line: int
    question: str
    message: str


def problems(suite: Suite) -> list[Problem]:
    """Gold documents that are gone, and gold passages that no longer stand in theirs."""
    return [
        Problem(question.file, question.line, question.id, message)
        for question in suite.questions
        for message in _wrong(suite, question)
    ]


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
