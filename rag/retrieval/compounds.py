"""Compounds that are spelled in several ways: `rollback`, `roll back`, `roll-back`.

Two words of a question that follow each other are also searched for as one, and a compound of a
verb also as two. A compound of a noun (`hostname`) is divided only where no document has it whole:
otherwise documents that also have its parts would rank too high.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from rag.text.searchable import words
from rag.text.stemming import stem
from rag.text.stop_words import STOP_WORDS

# Second parts of verbs: `roll back`, `fail over`. The first part may be inflected: `rolled back`.
_PARTICLES = frozenset(
    ["away", "back", "down", "forward", "in", "off", "on", "out", "over", "through", "up"]
)
# Second parts of nouns: `data base`, `time stamp`.
_NOUN_LIST = """
balancer base board book chart check controller file flow gateway group hook host key level limit
line load lock log manager map mark mesh name node page path plane point pool proxy queue room
server service set shot side size source space stamp stream system table time token volume wall
word work
"""
_NOUNS = frozenset(_NOUN_LIST.split())
_MIN_FIRST, _MIN_SECOND = 3, 2
_MIN_PARTICLE_FIRST = 2  # `go away`, `up time` are no shorter
_MAX_COMPOUND = 24


def joined(tokens: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each of the tokens that the next one may continue, both as one word."""
    found: dict[str, tuple[str, ...]] = {}
    for first, second in itertools.pairwise(tokens):
        if _may_be_joined(first, second):
            known = found.get(first, ())
            found[first] = tuple(dict.fromkeys((*known, *_as_one(first, second))))
    return found


def split(word: str) -> tuple[str, ...]:
    """A compound as its two words, in each way that it may be divided."""
    return tuple(f"{first} {second}" for first, second in _parts(word))


def split_verb(word: str) -> tuple[str, ...]:
    """The same for compounds of a verb alone: `rollback`."""
    return tuple(f"{first} {second}" for first, second in _parts(word) if second in _PARTICLES)


def spelled_as_in(question: str, texts: Sequence[str]) -> str:
    """The question with each compound spelled as these texts spell it, where only one way is."""
    asked = words(question)
    spellings = _Spellings([words(text) for text in texts])
    changed: list[str] = []
    at = 0
    while at < len(asked):
        one, pair = asked[at], asked[at : at + 2]
        together = spellings.as_one(pair) if len(pair) == 2 else None
        if together:
            changed.append(together)
            at += 2
            continue
        changed.append(spellings.as_two(one) or one)
        at += 1
    return question if changed == asked else " ".join(changed)


class _Spellings:
    """The words and the pairs of neighbours in some texts."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._words = {word for text in texts for word in text}
        self._pairs = {pair for text in texts for pair in itertools.pairwise(text)}

    def as_one(self, pair: Sequence[str]) -> str | None:
        first, second = pair
        if not _may_be_joined(first, second) or (first, second) in self._pairs:
            return None
        return next((one for one in _as_one(first, second) if one in self._words), None)

    def as_two(self, word: str) -> str | None:
        if word in self._words:
            return None
        return next((two for two in split(word) if tuple(two.split()) in self._pairs), None)


def _may_be_joined(first: str, second: str) -> bool:
    if not (first.isascii() and first.isalpha() and second.isascii() and second.isalpha()):
        return False
    if first in STOP_WORDS or len(first) < _MIN_FIRST or len(first + second) > _MAX_COMPOUND:
        return False
    return second in _PARTICLES or (second not in STOP_WORDS and len(second) >= _MIN_FIRST)


def _parts(word: str) -> list[tuple[str, str]]:
    if not (word.isascii() and word.isalpha() and len(word) <= _MAX_COMPOUND):
        return []
    places = range(_MIN_PARTICLE_FIRST, len(word) - _MIN_SECOND + 1)
    divided = ((word[:at], word[at:]) for at in places)
    return [(first, second) for first, second in divided if _may_be_parts(first, second)]


def _may_be_parts(first: str, second: str) -> bool:
    return second in _PARTICLES or (second in _NOUNS and len(first) >= _MIN_FIRST)


def _as_one(first: str, second: str) -> Iterator[str]:
    """`rolled`, `back` as `rollback`, besides the plain `rolledback`."""
    yield first + second
    base = stem(first)
    if second in _PARTICLES and base != first:
        yield base + second  # roll-ed
        yield f"{base}e{second}"  # tim-ed
        if base[-1:] == base[-2:-1]:
            yield base[:-1] + second  # shut-t-ing
