"""A sentence as words in clauses, and which of them a negation speaks of.

No parser stands behind it: clauses end at marks and at some conjunctions, and a negation speaks of
the verb or the nouns next behind it. What compares two sentences with this asks for more than one
word in common before it says anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from rag.retrieval.relevance import STOP_WORDS
from rag.text.wording import normalised, root, word_set

_TOKEN = re.compile(
    r"`[^`\n]+`|[^\W_]+(?:'[a-z]+)?(?:[_./:=,-]+[^\W_]+)*|(?P<mark>[,;:.!?()|\u2014])"
)
_ENDS_A_SENTENCE = ".;!?"
_OPENS_A_CLAUSE = word_set(
    "but because since until instead then which while so unless where although though"
)
_OF_VERBS = word_set(
    "not never cannot can't don't won't doesn't didn't isn't aren't wasn't weren't shouldn't "
    "mustn't wouldn't couldn't hasn't haven't avoid"
)
_OF_NOUNS = word_set("no none nobody neither nor nothing without")
_ARTICLES = frozenset(("a", "an", "the", "this", "that", "any", "sudden"))
_TO_BE = frozenset(("is", "are", "was", "were", "be", "been"))
_CONDITIONS = frozenset(("if", "would", "could", "might", "unless"))
_SAYS_NOTHING = word_set("must may should also still there here only again more any such just")
_NAME_LIKE = re.compile(r"\w[_./:-]+\w")
_MOST_WORDS_OF_A_NAME = 3
_MOST_NOUNS = 3
_NEGATED_PARTICIPLE = re.compile(r"un([a-z]{4,}ed)")


class Negation(Enum):
    """How a word is negated."""

    VERB = auto()  # do not restart it
    NOUN = auto()  # no restart
    PREDICATE = auto()  # no restart is needed
    LEFT_OUT = auto()  # on the replica it is not


@dataclass(slots=True)
class Word:
    """One word, or a short span of code; all but the first five are known once all are read."""

    text: str
    root: str
    clause: int
    place: int
    is_code: bool
    conditional: bool = False
    has_article: bool = False
    negation: Negation | None = None
    in_negated_clause: bool = False
    directs: bool = False  # it tells what to do, or what may be done

    @property
    def tells(self) -> bool:
        return len(self.text) > 1 and self.text not in _TELLS_NOTHING

    @property
    def is_number(self) -> bool:
        return self.text[0].isdigit()

    @property
    def is_name(self) -> bool:
        return self.is_code or _NAME_LIKE.search(self.text) is not None


_TELLS_NOTHING = STOP_WORDS | _OF_VERBS | _OF_NOUNS | _SAYS_NOTHING


@lru_cache(2048)
def words_of(sentence: str) -> tuple[Word, ...]:
    """The words in order. Whoever asks shares them, and changes nothing."""
    words = tuple(_read(normalised(sentence)))
    for word in words:
        _negate(word, words)
    _mark_directions(words)
    return words


def clauses_of(words: Sequence[Word]) -> dict[int, frozenset[str]]:
    """The telling roots of each clause."""
    found: dict[int, set[str]] = {}
    for word in words:
        if word.tells:
            found.setdefault(word.clause, set()).add(word.root)
    return {clause: frozenset(roots) for clause, roots in found.items()}


def _read(sentence: str) -> Iterator[Word]:
    clause, place, conditional, before = 0, 0, False, ""
    for found in _TOKEN.finditer(sentence):
        if found["mark"]:
            clause += 1
            conditional = conditional and found["mark"] not in _ENDS_A_SENTENCE
            before = ""
            continue
        is_code = found.group().startswith("`")
        for text in _parts(found.group()):
            clause += not is_code and text in _OPENS_A_CLAUSE
            conditional = conditional or text in _CONDITIONS
            kept = is_code and not text.isalnum()
            yield Word(
                text,
                text if kept else root(text),
                clause,
                place,
                is_code,
                conditional,
                before in _ARTICLES,
            )
            place, before = place + 1, text


def _parts(token: str) -> list[str]:
    """A word by itself; code of a few words is one name, a longer command its words."""
    inner = token.strip("`").lower()
    words = inner.split()
    return [inner] if len(words) <= _MOST_WORDS_OF_A_NAME else words


def _negate(word: Word, words: Sequence[Word]) -> None:
    """What `word` negates, if it does."""
    if participle := _NEGATED_PARTICIPLE.fullmatch(word.text):
        word.root = root(participle[1])
        _mark((word,), Negation.VERB, words)
    if word.is_code or word.text not in _OF_VERBS | _OF_NOUNS:
        return
    behind = [other for other in words[word.place + 1 :] if other.clause == word.clause]
    run = _first_run(behind)
    of_verbs = word.text in _OF_VERBS
    if run and of_verbs:  # `not restart it` speaks of the verb, `not a client problem` of the noun
        _mark((run[-1 if run[0].has_article else 0],), Negation.VERB, words)
    elif run:
        _mark(run[:_MOST_NOUNS], Negation.NOUN, words)
        if word.text != "without":
            _mark(_predicate(behind, run), Negation.PREDICATE, words)
    elif not behind or not of_verbs:
        before = [o for o in words[: word.place] if o.tells and o.clause == word.clause]
        _mark(before if of_verbs else before[-1:], Negation.LEFT_OUT, words)
    _mark((), Negation.VERB, words, word.clause)


def _first_run(behind: Sequence[Word]) -> list[Word]:
    """The first telling words that stand side by side."""
    run: list[Word] = []
    for word in behind:
        if word.tells:
            run.append(word)
        elif run:
            break
    return run


def _predicate(behind: Sequence[Word], run: Sequence[Word]) -> list[Word]:
    """`needed` of `no restart is needed`."""
    rest = [word for word in behind if word.place > run[-1].place]
    if rest and rest[0].text in _TO_BE:
        return [word for word in rest[1:] if word.tells][:1]
    return []


def _mark(
    marked: Sequence[Word], how: Negation, words: Sequence[Word], clause: int | None = None
) -> None:
    for word in marked:
        word.negation = how
    negated = {word.clause for word in marked} | ({clause} if clause is not None else set())
    for word in words:
        word.in_negated_clause = word.in_negated_clause or word.clause in negated


def _mark_directions(words: Sequence[Word]) -> None:
    """An imperative opens its clause, and a permission stands behind `may` or `can`."""
    opened: set[int] = set()
    for word in words:
        mine = [other.text for other in words[: word.place] if other.clause == word.clause]
        if word.tells and word.clause not in opened:
            word.directs = all(text in ("and", "then", "or", "so") for text in mine)
            opened.add(word.clause)
        if {"may", "can"} & set(mine[-3:]):
            word.directs = True
