"""Correction of words that are one letter away from a word that the caller can find.

Only documents that the caller may read count: whether a word is known, and what it is corrected to,
depends on no other document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from string import ascii_lowercase
from typing import Protocol

from rag.access.acl import AccessFilter
from rag.retrieval.compounds import split
from rag.text.stop_words import STOP_WORDS

# Shorter words have too many neighbours: `helm` is no `help`. Longer ones are pasted, not typed.
_MIN_LETTERS, _MAX_LETTERS = 5, 24
# A question with more unknown words than this is in another language, or a paste.
_MAX_CORRECTED = 3
_MAX_UNKNOWN_SHARE = 0.5
_FEW_UNKNOWN = 2
_WORD = re.compile(r"[A-Za-z]+(?![\w-])")
_PART_OF_NAME = re.compile(r"[\w./:@$-]")


class ReadableWords(Protocol):
    """Counts readable documents by word."""

    def known(self, words: Sequence[str], *, access: AccessFilter) -> set[str]:
        """Those of the words and phrases that a readable document holds, in any inflection."""
        ...

    def commonest(self, words: Sequence[str], *, access: AccessFilter) -> str | None:
        """The one of the words that most readable documents hold; None if none does."""
        ...


class SpellingCorrector:
    """Corrects questions. `is_ordinary` says whether a word is one of the language's own."""

    def __init__(self, vocabulary: ReadableWords, is_ordinary: Callable[[str], bool]) -> None:
        self._vocabulary = vocabulary
        self._is_ordinary = is_ordinary

    def corrected(self, question: str, *, access: AccessFilter) -> str:
        """The question with its misspelled words replaced."""
        typed = [match for match in _WORD.finditer(question) if _is_typed(question, match)]
        names = list(dict.fromkeys(match.group() for match in typed))
        if not names:
            return question
        known = self._vocabulary.known([name.lower() for name in names], access=access)
        unknown = [name for name in names if name.lower() not in known]
        if len(unknown) > max(_FEW_UNKNOWN, _MAX_UNKNOWN_SHARE * len(names)):
            return question
        meant = {name: self._meant(name, access) for name in unknown[:_MAX_CORRECTED]}
        replaced = {name: other for name, other in meant.items() if other}
        if not replaced:
            return question
        return _WORD.sub(lambda found: replaced.get(found.group(), found.group()), question)

    def _meant(self, name: str, access: AccessFilter) -> str | None:
        apart = split(name.lower())
        if held := self._vocabulary.known(apart, access=access):
            return next(two for two in apart if two in held)
        if self._is_ordinary(name.lower()):
            return None
        neighbours = dict.fromkeys(spellings_one_edit_away(name))
        return self._vocabulary.commonest(list(neighbours), access=access)


def spellings_one_edit_away(name: str) -> Iterator[str]:
    """`name` with two letters exchanged, one left out, one added or one replaced.

    The first letter stays: it is seldom mistyped, and another one makes another word.
    """
    # In this order: of words that are found equally often the first is taken.
    for at in range(1, len(name) - 1):
        if name[at] != name[at + 1]:
            yield f"{name[:at]}{name[at + 1]}{name[at]}{name[at + 2 :]}"
    for at in range(1, len(name) + 1):
        yield from (f"{name[:at]}{letter}{name[at:]}" for letter in ascii_lowercase)
    for at in range(1, len(name)):
        others = (letter for letter in ascii_lowercase if letter != name[at])
        yield from (f"{name[:at]}{letter}{name[at + 1 :]}" for letter in others)
    yield from (name[:at] + name[at + 1 :] for at in range(1, len(name)))


def _is_typed(question: str, match: re.Match[str]) -> bool:
    """Whether it is a word that somebody typed, and no part of a path, host or identifier."""
    word, start = match.group(), match.start()
    if not _MIN_LETTERS <= len(word) <= _MAX_LETTERS or word.lower() in STOP_WORDS:
        return False
    before = question[start - 1] if start else " "
    after = question[match.end() : match.end() + 2]
    if _PART_OF_NAME.match(before):
        return False
    # A dot or colon that is followed by a letter joins; at the end of a clause it does not.
    return not (len(after) == 2 and _PART_OF_NAME.match(after[0]) and after[1].isalnum())
