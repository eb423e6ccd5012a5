"""Runs every rule over the pages of one or more roots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.lint.access import broken_rules
from ingest.lint.code_blocks import unnamed_languages
from ingest.lint.conflicts import conflicting_commands
from ingest.lint.duplicates import near_duplicates
from ingest.lint.findings import Finding
from ingest.lint.headings import skipped_headings
from ingest.lint.hidden_text import hidden_characters, hidden_comments
from ingest.lint.links import LinkTargets, dead_links, dead_supersedes
from ingest.lint.metadata import KnownNames, metadata_notes, missing_fields, unknown_names
from ingest.lint.page import Page, PageContents, read_pages
from ingest.lint.rules import RULES
from ingest.lint.secrets import secrets
from ingest.lint.site_pages import SitePages
from ingest.lint.steps import steps_without_result
from ingest.lint.suppression import unknown_suppressions, without_silenced
from ingest.reading.acl_rules import AclRules
from rag.addresses.site_rules import SiteRules
from rag.command_risk.classify import CommandClassifier
from rag.ports import Embedder


@dataclass(frozen=True, slots=True)
class Target:
    """A root with the pages below it that are read; findings are reported for `asked` alone.

    The others are there to be compared with. Paths are relative to the root, with `/`. `guessed`
    says that the root is a checkout's, and that the source's may lie anywhere below it. `site` are
    the rules of the site that renders the pages.
    """

    root: Path
    pages: tuple[str, ...]
    asked: frozenset[str]
    guessed: bool = False
    site: SiteRules | None = None


@dataclass(frozen=True, slots=True)
class _LintContext:
    """What the rules compare a page with."""

    known: KnownNames
    links: LinkTargets
    rules: Mapping[Path, AclRules]
    classifier: CommandClassifier


def lint(
    targets: Sequence[Target],
    known: KnownNames,
    embedder: Embedder | None,
    contents: PageContents,
    classifier: CommandClassifier,
) -> list[Finding]:
    """What is wrong with the pages that are asked about, by file and line.

    With an embedder, pages are compared by meaning as well as by their words.
    """
    pages = [
        page
        for target in targets
        for page in read_pages(contents, target.root, target.pages, guessed=target.guessed)
    ]
    asked = {target.root / path for target in targets for path in target.asked}
    found = [*conflicting_commands(pages, classifier), *near_duplicates(_whole(pages), embedder)]
    between: dict[Path, list[Finding]] = {}
    for finding in found:
        between.setdefault(finding.place, []).append(finding)
    context = _LintContext(
        known,
        LinkTargets(contents, {t.root: SitePages(t.root, t.pages, t.site) for t in targets}),
        {t.root: AclRules(t.root, None) for t in targets},
        classifier,
    )
    findings: list[Finding] = []
    for page in pages:
        if page.place in asked:
            own = _of_page(page, context)
            findings += without_silenced(page, [*own, *between.get(page.place, ())])
    return sorted(findings, key=lambda finding: (str(finding.place), finding.line, finding.rule.id))


def _whole(pages: Sequence[Page]) -> list[Page]:
    return [page for page in pages if not page.broken]


def _of_page(page: Page, context: _LintContext) -> Iterator[Finding]:
    yield from secrets(page)
    yield from hidden_characters(page)
    if page.broken:
        yield page.broken
        return
    yield from metadata_notes(page)
    yield from missing_fields(page)
    yield from unknown_names(page, context.known)
    yield from broken_rules(page, context.rules[page.root])
    yield from dead_supersedes(page)
    yield from dead_links(page, context.links)
    yield from unnamed_languages(page)
    yield from steps_without_result(page, context.classifier)
    yield from skipped_headings(page)
    yield from hidden_comments(page)
    yield from unknown_suppressions(page, RULES.keys())
