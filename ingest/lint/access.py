"""Rule files that cannot be understood: every page that depends on one would be quarantined."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page
from ingest.reading.acl_rules import AclRules
from rag.errors import QuarantineError

BROKEN_RULES = Rule(
    "acl-rules",
    Level.ERROR,
    "The .runbook-acl.yaml that says who may read the page cannot be understood.",
    "Correct the file that the message names: it holds one line, `acl: [tag, …]`.",
)


def broken_rules(page: Page, rules: AclRules) -> Iterator[Finding]:
    """The rule file of a page that says nothing itself."""
    try:
        rules.resolve(page.path, page.fields.acl)
    except QuarantineError as error:
        yield page.finding(BROKEN_RULES, 1, error.reason)
