"""The interface of scorers: the results of questions in, named scores out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evals.running.runs import Unmeasured
from evals.running.system import Observation
from evals.suite.suite import Question, QuestionKind

_FOUND_WITHIN = 3


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """A question and the observation made for it."""

    question: Question
    observed: Observation

    @property
    def abstained(self) -> bool:
        if self.observed.response is not None:
            return self.observed.response.abstained
        return self.observed.no_result

    @property
    def documents(self) -> list[str]:
        """The documents found, each once, best first."""
        return list(dict.fromkeys(found.document for found in self.observed.passages))


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores by question and metric; metrics that do not apply to a question are absent."""

    scores: Mapping[str, Mapping[str, float]]
    unmeasured: tuple[Unmeasured, ...] = field(default=())


class Scorer(Protocol):
    """Scores a whole run at once, so that slow work can be batched."""

    def score(self, results: Sequence[QuestionResult]) -> Scored: ...


def passed(result: QuestionResult) -> bool:
    """Whether a question passes.

    An unanswerable question needs an abstention. Any other needs a gold document among the first
    three (`conflict`: the first; `multi-page`: all gold documents, at any rank) and, if it was
    answered, at least one supported citation.
    """
    question = result.question
    if not question.answerable or result.abstained:
        return result.abstained and not question.answerable
    response = result.observed.response
    if response is not None and not any(one.supported for one in response.citations):
        return False
    if question.kind is QuestionKind.MULTI_PAGE:
        return set(question.gold_documents) <= set(result.documents)
    within = 1 if question.kind is QuestionKind.CONFLICT else _FOUND_WITHIN
    return not set(question.gold_documents).isdisjoint(result.documents[:within])
