"""What fits on one screen: parts of an answer, counted in lines and characters."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_LINES = 25
MAX_CHARS = 1500


@dataclass(slots=True)
class Screen:
    """Parts of a text in their order, while they fit within `lines` and `characters`."""

    lines: int = MAX_LINES
    characters: int = MAX_CHARS
    _text: str = field(default="", init=False)

    @property
    def text(self) -> str:
        return self._text

    def fits(self, part: str, *, tail: str = "", spare_lines: int = 0) -> bool:
        """Whether a part could be added, with room left for a tail and some lines more."""
        longer = "\n\n".join(filter(None, [self._text, part, tail]))
        return longer.count("\n") + 1 + spare_lines <= self.lines and len(longer) <= self.characters

    def add(self, part: str, *, joint: str = "\n\n") -> None:
        """Add a part, whether or not it fits."""
        self._text = self._joined(part, joint)

    def _joined(self, part: str, joint: str) -> str:
        return f"{self._text}{joint}{part}" if self._text else part
