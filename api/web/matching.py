"""Marks the words of a question in text that is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from rag.text.stemming import stem
from rag.text.stop_words import STOP_WORDS

_WORD = re.compile(r"[^\W_]+")
_MIN_CHARS = 2
_MAX_WORDS = 64
_TEXTS_KEPT = 512


@dataclass(frozen=True, slots=True)
class Matches:
    """The stems of the words to mark; none by default."""

    stems: frozenset[str] = frozenset()

    def within(self, text: str) -> Matches:
        """Those that a text has; all of them where a reference such as `&eacute;` may hide one."""
        return self if "&" in text else Matches(self.stems & _stems_of(text))

    def marked(self, text: str) -> str:
        """The text as HTML, with `<mark>` around each word of the question in any inflection."""
        if not self.stems:
            return escape(text)
        parts: list[str] = []
        end = 0
        for found in _WORD.finditer(text):
            if stem(found[0].lower()) in self.stems:
                parts += [escape(text[end : found.start()]), f"<mark>{escape(found[0])}</mark>"]
                end = found.end()
        return "".join([*parts, escape(text[end:])])


NOTHING_MATCHED = Matches()


@lru_cache(_TEXTS_KEPT)
def _stems_of(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _WORD.findall(text.lower()))


def words_of(question: str) -> Matches:
    """What to mark for a question: its first words without those that stand in nearly every one."""
    words = [word.lower() for word in _WORD.findall(question)]
    kept = [word for word in words if len(word) >= _MIN_CHARS and word not in STOP_WORDS]
    return Matches(frozenset(stem(word) for word in kept[:_MAX_WORDS]))
