"""Whether what was found answers the question at all.

    relevance = cosine of question and passage + 0.4 · share of the question's words in it

A passage that is less relevant than a threshold is shown as the nearest there is, and not as an
answer. The threshold is higher when the question names something (a product, an error code) that
none of the passages names; one that holds an identifier of the question is always an answer, and
nothing else answers a question that is nothing but codes or names in CamelCase. Weight
and thresholds were set on the questions of two corpora, answerable and not; what they let through
and refuse is reported in docs/benchmarks.md. No count over other documents enters, so that a page
that a caller may not read cannot be felt in the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.text.identifiers import codes_in, identifiers_in, names_in, phrases, without
from rag.text.stemming import stem
from rag.text.stop_words import STOP_WORDS

COVERAGE_WEIGHT = 0.4
MIN_RELEVANCE = 0.45
MIN_WITHOUT_ITS_NAMES = 0.6
_LOOKED_AT = 3
_WORD = re.compile(r"[^\W_]+")
_TEXTS_KEPT = 1024
# Words that say of a code or an alert no more than that it is one.
_SAID_OF_CODES = frozenset(
    _WORD.findall("alert alerts code codes error errors fired fires firing mean meaning means")
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A passage as its texts, and the cosine of the question and it."""

    texts: Sequence[str]
    cosine: float


def answers(question: str, found: Sequence[Compared]) -> bool:
    """Whether any of the best of these passages, which come best first, answers the question.

    A code is looked for in all of them: one that is only mentioned on a page may stand far down.
    """
    best = found[:_LOOKED_AT]
    names = names_in(question)
    named = {name for name in names if any(holds(one.texts, name) for one in best)}
    if named & set(identifiers_in(question)):
        return True
    if codes := codes_alone(question):
        return any(holds(one.texts, code) for one in found for code in codes)
    threshold = MIN_WITHOUT_ITS_NAMES if names and not named else MIN_RELEVANCE
    return any(relevance(question, one.texts, one.cosine) >= threshold for one in best)


def codes_alone(question: str) -> list[str]:
    """The codes of a question without another significant word, in each way to spell them.

    The words within a code do not count: `pgw` is in every document about codes of its kind.
    """
    codes = codes_in(question)
    if significant_words(without(question, codes)) - _SAID_OF_CODES:
        return []
    return [way for code in codes for way in _spellings(code)]


def _spellings(code: str) -> list[str]:
    apart = phrases(code)
    return [code, *apart, apart[0].replace(" ", "")]


def holds(texts: Iterable[str], name: str) -> bool:
    """Whether one of the texts holds a name as a whole word, in any letter case."""
    whole = re.compile(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])")
    return any(whole.search(text.lower()) for text in texts)


def relevance(question: str, passage: Iterable[str], cosine: float) -> float:
    """How well a passage, given as its texts, answers a question."""
    return cosine + COVERAGE_WEIGHT * coverage(question, passage)


def coverage(question: str, passage: Iterable[str]) -> float:
    """The share of the question's significant words that the passage holds, 0 to 1."""
    asked = set(map(stem, significant_words(question)))
    if not asked:
        return 0.0
    held = [stems(text) for text in passage]
    return sum(any(word in one for one in held) for word in asked) / len(asked)


def missing_words(question: str, texts: Sequence[str]) -> list[str]:
    """Significant words of the question that none of the texts holds, in their order."""
    return [
        word
        for word in dict.fromkeys(question.split())
        if coverage(word, texts) == 0.0 and coverage(word, [word]) > 0.0
    ]


def significant_words(question: str) -> set[str]:
    """The words of a question, in lower case, that say what it is about."""
    return {
        word
        for word in _WORD.findall(question.lower())
        if word not in STOP_WORDS and len(word) > 1 and not word.isdigit()
    }


@lru_cache(_TEXTS_KEPT)  # one answer compares many words and sentences with the same chunks
def stems(text: str) -> frozenset[str]:
    """The stems of all words of a text."""
    return frozenset(stem(word) for word in _WORD.findall(text.lower()))
