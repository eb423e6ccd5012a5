"""Text that nobody sees on the rendered page and that a model reads all the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page
from ingest.lint.suppression import is_directive

COMMENT = Rule(
    "hidden-text",
    Level.NOTE,
    "An HTML comment is indexed, though no reader of the rendered page sees it.",
    "Take it out, or say it in the open.",
)
CHARACTERS = Rule(
    "hidden-characters",
    Level.WARNING,
    "Invisible or direction-changing characters make a text read otherwise than it looks.",
    "Delete the characters that the message names; commands with them fail when pasted.",
)
# Zero width, direction, soft hyphen, and the tag characters that carry whole invisible sentences.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
    # Joiners belong to emoji and to scripts; between plain letters they hide.
    "|(?<=[ -~])[\u200c\u200d]"
)


def hidden_comments(page: Page) -> Iterator[Finding]:
    """Comments of a Markdown page, except the linter's own directives."""
    for comment in page.markup.comments:
        if comment.text and not is_directive(comment.text):
            yield page.finding(COMMENT, comment.line, "an HTML comment is hidden from readers")


def hidden_characters(page: Page) -> Iterator[Finding]:
    """One finding a line."""
    for number, line in enumerate(page.text.split("\n"), start=1):
        names = dict.fromkeys(_name(found) for found in _INVISIBLE.findall(line))
        if names:
            yield page.finding(CHARACTERS, number, f"hidden characters: {', '.join(names)}")


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed').lower()}"
