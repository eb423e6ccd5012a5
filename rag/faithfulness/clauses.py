"""Splits a sentence into words and clauses, and marks the words that are negated.

This is a heuristic, not a parser: a clause ends at punctuation and at some conjunctions, and a
negation applies to the verb or the nouns that follow it. Callers that compare two sentences should
require more than one word in common before they report a difference.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from itertools import groupby

from rag.text.stop_words import STOP_WORDS
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
_NEGATES = _OF_VERBS | _OF_NOUNS
_ARTICLES = frozenset(("a", "an", "the", "this", "that", "any", "sudden"))
_TO_BE = frozenset(("is", "are", "was", "were", "be", "been"))
_CONDITIONS = frozenset(("if", "would", "could", "might", "unless"))
_SAYS_NOTHING = word_set("must may should also still there here only again more any such just")
_NAME_LIKE = re.compile(r"\w[_./:-]+\w")
_MAX_WORDS_OF_A_NAME = 3
_MAX_NOUNS = 3
_NEGATED_PARTICIPLE = re.compile(r"un([a-z]{4,}ed)")


class Negation(Enum):
    """How a word is negated."""

    VERB = auto()  # do not restart it
    NOUN = auto()  # no restart
    PREDICATE = auto()  # no restart is needed
    LEFT_OUT = auto()  # on the replica it is not


@dataclass(slots=True)
class Word:
    """One word or a short span of code; fields with defaults are set after reading all words."""

    text: str
    root: str
    clause: int
    place: int
    is_code: bool
    conditional: bool = False
    has_article: bool = False
    negation: Negation | None = None
    in_negated_clause: bool = False
    directs: bool = False  # an imperative or a permission

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
    """The words in order. The result is cached and shared: callers must not change it."""
    words = tuple(_read(normalised(sentence)))
    for _, inside in groupby(words, key=lambda word: word.clause):
        clause = list(inside)
        _mark_negations(clause)
        _mark_directions(clause)
    return words


def clauses_of(words: Sequence[Word]) -> dict[int, frozenset[str]]:
    """The roots of the content words of each clause."""
    found: dict[int, set[str]] = {}
    for word in words:
        if word.tells:
            found.setdefault(word.clause, set()).add(word.root)
    return {clause: frozenset(roots) for clause, roots in found.items()}


def by_root(words: Iterable[Word]) -> dict[str, list[Word]]:
    """The words grouped by root, each group in order."""
    found: dict[str, list[Word]] = defaultdict(list)
    for word in words:
        found[word.root].append(word)
    return found


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
    """A plain word, a short code span as one name, or the words of a longer command."""
    inner = token.strip("`").lower()
    words = inner.split()
    return [inner] if len(words) <= _MAX_WORDS_OF_A_NAME else words


def _mark_negations(clause: Sequence[Word]) -> None:
    """Mark the negated words of one clause, and every word as being in a negated clause."""
    runs = _runs(clause)
    negated = False
    for place, word in enumerate(clause):
        if participle := _NEGATED_PARTICIPLE.fullmatch(word.text):
            word.root = root(participle[1])
            word.negation = Negation.VERB
            negated = True
        if not word.is_code and word.text in _NEGATES:
            _negate(clause, place, runs)
            negated = True
    for word in clause:
        word.in_negated_clause = negated


def _runs(clause: Sequence[Word]) -> list[tuple[int, int]]:
    """Runs of adjacent content words, as half-open ranges of places."""
    runs: list[tuple[int, int]] = []
    for tells, inside in groupby(range(len(clause)), key=lambda place: clause[place].tells):
        places = list(inside)
        if tells:
            runs.append((places[0], places[-1] + 1))
    return runs


def _negate(clause: Sequence[Word], place: int, runs: Sequence[tuple[int, int]]) -> None:
    """Mark what the word at `place` negates: words of the next run, else of the previous one."""
    word, following = clause[place], bisect_right(runs, (place, len(clause)))
    if following == len(runs):
        _negate_before(clause, place, runs)
        return
    start, end = runs[following]
    if word.text in _OF_VERBS:  # `not restart it` negates the verb, `not a problem` the noun
        clause[end - 1 if clause[start].has_article else start].negation = Negation.VERB
        return
    for noun in clause[start : min(end, start + _MAX_NOUNS)]:
        noun.negation = Negation.NOUN
    has_predicate = end < len(clause) and clause[end].text in _TO_BE  # `no restart is needed`
    if word.text != "without" and has_predicate and following + 1 < len(runs):
        clause[runs[following + 1][0]].negation = Negation.PREDICATE


def _negate_before(clause: Sequence[Word], place: int, runs: Sequence[tuple[int, int]]) -> None:
    """Mark what a negation at the end of its clause negates: the clause, or its last noun."""
    if clause[place].text in _OF_VERBS:
        left_out = [one for one in clause if one.tells] if place == len(clause) - 1 else []
    else:
        left_out = [clause[runs[-1][1] - 1]] if runs else []
    for word in left_out:
        word.negation = Negation.LEFT_OUT


def _mark_directions(clause: Sequence[Word]) -> None:
    """Mark imperatives, which open a clause, and permissions, which follow `may` or `can`."""
    opens = True
    for place, word in enumerate(clause):
        if word.tells and opens:
            word.directs = True
        if any(other.text in ("may", "can") for other in clause[max(0, place - 3) : place]):
            word.directs = True
        opens = opens and word.text in ("and", "then", "or", "so")
