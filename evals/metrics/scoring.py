"""What a scorer sees and says: one question with what came back, to named scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evals.running.runs import Unmeasured
from evals.running.system import Observation
from evals.suite.suite import Question, QuestionKind

_FOUND_WITHIN = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came back for it."""

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
    """Scores by question and metric; a metric that does not apply to a question is left out."""

    scores: Mapping[str, Mapping[str, float]]
    unmeasured: tuple[Unmeasured, ...] = field(default=())


class Scorer(Protocol):
    """Scores a whole run at once, so that what is slow can be done in batches."""

    def score(self, asked: Sequence[Asked]) -> Scored: ...


def passed(asked: Asked) -> bool:
    """The plain yes or no of a question.

    An unanswerable one wants an abstention. Any other wants a gold page among the first three:
    the first of all where pages conflict, and every gold page anywhere where several are needed.
    An answer to it must have a citation that holds.
    """
    question = asked.question
    if not question.answerable or asked.abstained:
        return asked.abstained and not question.answerable
    response = asked.observed.response
    if response is not None and not any(one.supported for one in response.citations):
        return False
    if question.kind is QuestionKind.MULTI_PAGE:
        return set(question.gold_documents) <= set(asked.documents)
    within = 1 if question.kind is QuestionKind.CONFLICT else _FOUND_WITHIN
    return not set(question.gold_documents).isdisjoint(asked.documents[:within])
