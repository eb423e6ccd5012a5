"""Secrets that are known by the words around them: `DB_PASSWORD=…`, `curl -u ops:…`.

Each kind has anchors, which are found as substrings; its pattern is matched only there, so a text
is not searched by many patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag.guardrails.secret_values import AnnouncedValue

_BEFORE = 90  # characters that are looked at before an anchor


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """How one kind of secret is announced.

    Each match of `pattern` begins at one of `anchors`, which are lower case; `before` must match
    what ends there. Without anchors the pattern is searched for. `accepts` judges the value.
    """

    kind: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    accepts: Callable[[AnnouncedValue], bool]
    before: re.Pattern[str] | None = None

    def spans(self, text: str, lower: str) -> Iterator[tuple[int, int]]:
        """The secrets of a text. `lower` is the text with ASCII letters in lower case."""
        for match in self._matches(text, lower):
            value = AnnouncedValue(match)
            if self.accepts(value):
                yield match.span(value.group)

    def _matches(self, text: str, lower: str) -> Iterator[re.Match[str]]:
        if not self.anchors:
            yield from self.pattern.finditer(text)
        for anchor in self.anchors:
            place = lower.find(anchor)
            while place >= 0:
                match = self._match_at(text, place)
                if match is not None:
                    yield match
                # Nothing is read twice: the next match begins behind this one.
                place = lower.find(anchor, match.end() if match else place + 1)

    def _match_at(self, text: str, place: int) -> re.Match[str] | None:
        match = self.pattern.match(text, place)
        if match is None or self.before is None:
            return match
        return match if self.before.search(text, max(0, place - _BEFORE), place) else None
