"""Blocks of code that do not say their language."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page

LANGUAGE = Rule(
    "code-language",
    Level.WARNING,
    "A block of code names no language, so that its commands and their risk may be missed.",
    "Write the language behind the opening fence: ```bash, ```sql, or ```text for output.",
)


def unnamed_languages(page: Page) -> Iterator[Finding]:
    """Fenced and indented blocks of a Markdown page, at any depth."""
    for fence in page.markup.fences:
        if not fence.language:
            yield page.finding(LANGUAGE, fence.line, "this block of code names no language")
