"""Text that comes in pieces, as whole lines and whole fenced blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text.limits import MAX_ANSWER_LINE_CHARS

_FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})")


class StreamedUnits:
    """Keeps what is not whole yet."""

    def __init__(self) -> None:
        self._line = ""
        self._block: list[str] = []
        self._mark = ""

    def feed(self, text: str) -> Iterator[str]:
        """The lines and blocks that this piece completes, without the newline behind them."""
        *whole, self._line = (self._line + text).split("\n")
        for line in whole:
            yield from self._read(line)
        while len(self._line) > MAX_ANSWER_LINE_CHARS:
            first, self._line = _cut(self._line)
            yield from self._taken(first)

    def rest(self) -> Iterator[str]:
        """What is left at the end; a block that was never closed is a block all the same."""
        if self._line:
            yield from self._read(self._line)
            self._line = ""
        if self._block:
            yield "\n".join(self._block)
            self._block, self._mark = [], ""

    def _read(self, line: str) -> Iterator[str]:
        while len(line) > MAX_ANSWER_LINE_CHARS:
            first, line = _cut(line)
            yield from self._taken(first)
        yield from self._taken(line)

    def _taken(self, line: str) -> Iterator[str]:
        fence = _FENCE.match(line)
        if self._mark:
            self._block.append(line)
            if fence and line.strip() == fence["mark"] and fence["mark"].startswith(self._mark):
                yield "\n".join(self._block)
                self._block, self._mark = [], ""
        elif fence:
            self._block, self._mark = [line], fence["mark"]
        else:
            yield line


def _cut(line: str) -> tuple[str, str]:
    """A line that is too long in two: at the last space within the limit, else at the limit."""
    place = line.rfind(" ", 1, MAX_ANSWER_LINE_CHARS)
    place = place if place > 0 else MAX_ANSWER_LINE_CHARS
    return line[:place], line[place:].removeprefix(" ")
