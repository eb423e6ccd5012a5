"""What an answer shows first: the needed line near its top, and how long the answer is.

A question of the benchmark names a quote of a document that supports its answer. Words are compared
without regard to letter case, punctuation and markup, since an answer escapes and wraps prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from api.compose.local import LOCAL_ADMINISTRATOR
from bench.corpora import Question
from evals.metrics.answer_form import FIRST_LINES, holds
from rag.answering.answering import Answerer
from rag.domain.answers import Answer
from rag.domain.search import SearchQuery


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """Over the answerable questions with a quote: shares from 0 to 1, and lengths of answers.

    `needed_line` is the share of answers that hold the whole quote in their first ten lines,
    `needed_anywhere` the share that hold it at all, `lead` the share that open with a document
    that answers. Lengths are in lines and in characters.
    """

    questions: int
    needed_line: float
    needed_anywhere: float
    lead: float
    median_lines: float
    max_lines: int
    median_characters: float


def figures(questions: Sequence[Question], answerer: Answerer) -> AnswerFigures | None:
    """The figures of these questions, asked by the local administrator; None without quotes."""
    asked = [question for question in questions if question.gold and question.quote]
    if not asked:
        return None
    answers = [answerer.answer(SearchQuery(one.text, LOCAL_ADMINISTRATOR)) for one in asked]
    pairs = list(zip(asked, answers, strict=True))
    lines = [answer.text.count("\n") + 1 for answer in answers]
    return AnswerFigures(
        questions=len(asked),
        needed_line=fmean(holds(_beginning(answer.text), one.quote) for one, answer in pairs),
        needed_anywhere=fmean(holds(answer.text, one.quote) for one, answer in pairs),
        lead=fmean(_lead(answer) in one.gold for one, answer in pairs),
        median_lines=median(lines),
        max_lines=max(lines),
        median_characters=median(len(answer.text) for answer in answers),
    )


def _beginning(text: str) -> str:
    return "\n".join(text.split("\n")[:FIRST_LINES])


def _lead(answer: Answer) -> str:
    return answer.hits[0].document.path if answer.hits else ""
