"""Groups unanswered questions that ask for the same thing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_WORD = re.compile(r"[^\W_]{2,}")
_SILENT = (
    "a an and any are as at be because but by can do does for from get gets has have help how i if "
    "in into is it its me my no not of on or our out please should so some that the their then "
    "there this to up us was we were what when where which while who why will with you"
)
# Two questions belong together if they share three fifths of the shorter one's words.
_SHARED = 0.6
_SUFFIX = re.compile(r"(?:ing|ed|es|s)$")
_SHORTEST_STEM = 4
_SILENT_WORDS = frozenset(_WORD.findall(_SILENT))


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
    words = {word for word in _WORD.findall(text.lower()) if word not in _SILENT_WORDS}
    return frozenset(_stem(word) for word in words)


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word)
    return stem if len(stem) >= _SHORTEST_STEM else word


def _same(words: frozenset[str], others: frozenset[str]) -> bool:
    shorter = min(len(words), len(others))
    return shorter > 0 and len(words & others) >= max(1, _SHARED * shorter)
