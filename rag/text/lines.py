"""A text's lines as offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

_LINE_END = re.compile(r"\r\n|\n|\r")


class Lines:
    """Lines are counted from 0 and end before their line break."""

    def __init__(self, text: str) -> None:
        self.text = text
        if "\r" in text:
            breaks = [found.span() for found in _LINE_END.finditer(text)]
            self._starts = [0, *(after for _, after in breaks)]
            self._ends = [*(before for before, _ in breaks), len(text)]
        else:
            lengths = [len(line) + 1 for line in text.split("\n")]
            behind = list(accumulate(lengths))
            self._starts = [0, *behind[:-1]]
            self._ends = [start - 1 for start in behind]

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, line: int) -> int:
        """Where a line starts; the end of the text for a line behind the last."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def end(self, line: int) -> int:
        return self._ends[line] if line < len(self._ends) else len(self.text)

    def number(self, offset: int) -> int:
        """The line that holds an offset."""
        return bisect_right(self._starts, offset) - 1

    def is_blank(self, line: int) -> bool:
        return not self.text[self.start(line) : self.end(line)].strip()

    def trimmed(self, first: int, behind: int) -> tuple[int, int]:
        """The lines from `first` to before `behind`, without blank ones at either side."""
        behind = min(behind, len(self))
        while first < behind and self.is_blank(first):
            first += 1
        while first < behind and self.is_blank(behind - 1):
            behind -= 1
        return first, behind

    def runs(self, first: int, behind: int) -> Iterator[tuple[int, int]]:
        """Offsets of the runs of lines that are not blank, from `first` to before `behind`."""
        begun = first
        for line in range(first, behind + 1):
            if line == behind or self.is_blank(line):
                if begun < line:
                    yield self.start(begun), self.end(line - 1)
                begun = line + 1
