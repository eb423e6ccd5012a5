"""Secrets in a page, which all its readers and every copy of it hold."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page
from rag.guardrails.redaction import find_secrets

SECRET = Rule(
    "secret",
    Level.ERROR,
    "The page holds what looks like a password, a key or a token.",
    "Rotate it, take it out of the page and its history, and say where it is kept instead.",
)


def secrets(page: Page) -> Iterator[Finding]:
    """Each secret with its line and kind; what it says is never repeated."""
    for secret in find_secrets(page.text):
        yield page.finding(SECRET, secret.line, f"this looks like a secret ({secret.kind})")
