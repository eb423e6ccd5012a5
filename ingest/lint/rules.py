"""Every rule by its id, for `--rules`, SARIF, and comments that switch one off."""

from __future__ import annotations

from ingest.lint import (
    access,
    code_blocks,
    conflicts,
    duplicates,
    headings,
    hidden_text,
    links,
    metadata,
    page,
    secrets,
    steps,
    suppression,
)

RULES = {
    rule.id: rule
    for rule in (
        page.UNREADABLE,
        page.FRONT_MATTER,
        page.METADATA,
        access.BROKEN_RULES,
        secrets.SECRET,
        links.DEAD_LINK,
        links.DEAD_ANCHOR,
        links.DEAD_SUPERSEDES,
        conflicts.CONFLICT,
        duplicates.NEAR_DUPLICATE,
        metadata.UNKNOWN_TAG,
        metadata.UNKNOWN_OWNER,
        headings.SKIPPED,
        code_blocks.LANGUAGE,
        hidden_text.CHARACTERS,
        suppression.UNKNOWN,
        hidden_text.COMMENT,
        metadata.NO_OWNER,
        metadata.NO_REVIEW,
        steps.NO_RESULT,
    )
}
