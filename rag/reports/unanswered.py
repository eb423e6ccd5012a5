"""Groups unanswered questions that ask for the same thing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rag.text.stemming import stem
from rag.text.stop_words import STOP_WORDS

_WORD = re.compile(r"[^\W_]{2,}")
# Two questions belong together if they share three fifths of the shorter one's words.
_SHARED = 0.6
# Words that say as little of what a question is about as the stop words do.
_ALSO_SILENT = frozenset(
    {"any", "because", "get", "gets", "help", "out", "please", "should", "some", "up", "while"}
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that had no result, and when it was asked (UTC)."""

    text: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Questions that had no result; `unkept` counts those whose text was not stored."""

    questions: tuple[Question, ...] = ()
    unkept: int = 0


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Similar questions, the most frequent wording first, with their number and last time."""

    questions: tuple[str, ...]
    count: int
    last_asked: datetime


def grouped(questions: Iterable[Question]) -> list[QuestionGroup]:
    """Group questions by shared words, the most frequent group first."""
    asked = list(questions)
    times = Counter(" ".join(question.text.split()) for question in asked)
    last: dict[str, datetime] = {}
    for question in asked:
        text = " ".join(question.text.split())
        last[text] = max(last.get(text, question.asked_at), question.asked_at)
    groups_by_words: list[tuple[frozenset[str], list[str]]] = []
    for text in sorted(times, key=lambda one: (-times[one], one)):
        words = _words(text)
        # Compare with the most frequent question of a group only, so that groups do not chain.
        match = next((group for leader, group in groups_by_words if _same(leader, words)), None)
        if match is None:
            groups_by_words.append((words, [text]))
        else:
            match.append(text)
    groups = [
        QuestionGroup(
            tuple(texts), sum(times[text] for text in texts), max(last[text] for text in texts)
        )
        for _, texts in groups_by_words
    ]
    return sorted(groups, key=lambda group: (-group.count, group.questions))


def _words(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    return frozenset(stem(word) for word in words if word not in STOP_WORDS | _ALSO_SILENT)


def _same(words: frozenset[str], others: frozenset[str]) -> bool:
    shorter = min(len(words), len(others))
    return shorter > 0 and len(words & others) >= max(1, _SHARED * shorter)
