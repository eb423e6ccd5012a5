"""What a page should say of itself and does not, or says of names that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import METADATA, Page
from rag.access.acl import PUBLIC
from rag.domain.documents import Kind

NO_OWNER = Rule(
    "missing-owner",
    Level.NOTE,
    "The page names no owner.",
    "Add `owner: team-…` to its front matter: otherwise nobody is notified when it becomes stale.",
)
NO_REVIEW = Rule(
    "missing-review",
    Level.NOTE,
    "The runbook names no date of its last review.",
    "Read it, correct it, and add `last_reviewed: YYYY-MM-DD` to its front matter.",
)
UNKNOWN_OWNER = Rule(
    "unknown-owner",
    Level.WARNING,
    "The page's owner is not one of `review.owners`.",
    "Name an owner that is there, or add this one to runbook.toml.",
)
UNKNOWN_TAG = Rule(
    "unknown-acl-tag",
    Level.WARNING,
    "An ACL tag is not one of `review.acl_tags`, so that perhaps nobody carries it.",
    "Correct the tag, or add it to runbook.toml.",
)
_REVIEWED = frozenset({Kind.RUNBOOK, Kind.NOTE})


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names that the team uses; an empty set means that any will do."""

    owners: frozenset[str] = frozenset()
    acl_tags: frozenset[str] = frozenset()


def missing_fields(page: Page) -> Iterator[Finding]:
    """Owner and review date; a postmortem is history and is not reviewed."""
    if page.fields.owner is None:
        yield page.finding(NO_OWNER, 1, "the page names no owner")
    if page.fields.last_reviewed is None and page.kind in _REVIEWED:
        yield page.finding(NO_REVIEW, 1, "the page names no last_reviewed")


def metadata_notes(page: Page) -> Iterator[Finding]:
    """What of the page's metadata was left out when it was read."""
    for note in page.notes:
        yield page.finding(METADATA, note.line, note.text)


def unknown_names(page: Page, known: KnownNames) -> Iterator[Finding]:
    """An owner and ACL tags of the front matter that are on no list."""
    owner = page.fields.owner
    if owner is not None and known.owners and owner not in known.owners:
        yield page.finding(UNKNOWN_OWNER, page.line_of("owner"), f"owner: {owner} is not known")
    if known.acl_tags and page.fields.acl:
        for tag in sorted(page.fields.acl - known.acl_tags - {PUBLIC}):
            yield page.finding(UNKNOWN_TAG, page.line_of("acl"), f"acl: {tag} is not known")
