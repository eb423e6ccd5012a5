"""Headings that leave out a level."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page
from ingest.reading.blocks import BlockKind

SKIPPED = Rule(
    "heading-skip",
    Level.WARNING,
    "A heading skips a level, so that a section does not stand where it seems to.",
    "Use the level directly below that of the heading it stands under.",
)


def skipped_headings(page: Page) -> Iterator[Finding]:
    """Headings more than one level below the one before; the first may be of level 1 or 2."""
    above = 1
    for block in page.blocks:
        if block.kind is BlockKind.HEADING:
            if block.level > above + 1:
                message = f"a heading of level {block.level} stands under one of level {above}"
                yield page.finding(SKIPPED, block.lines.first, message)
            above = block.level
