"""Comments by which an author switches a rule off: `<!-- lint: off RULE -->` … `lint: on RULE`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page

UNKNOWN = Rule(
    "unknown-suppression",
    Level.WARNING,
    "A comment switches off a rule that does not exist.",
    "Name one of the rules that `runbook lint --rules` lists.",
)
# An HTML comment, or one of reStructuredText or AsciiDoc, on a line of its own.
_DIRECTIVE = re.compile(r"lint:\s*(on|off)\b([\w\s,-]*)")
_RULE_NAME = re.compile(r"[\w-]+")
_LINE = re.compile(
    r"^[ \t]*(?:<!--|\.\.|//)[ \t]*(lint:[ \t]*(?:on|off)\b(?:(?!-->)[^\n>])*+)(?:-->)?[ \t]*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule is off from `first` to `last`, both included; `last` None is the end of the page."""

    rule: str
    first: int
    last: int | None


def is_directive(comment: str) -> bool:
    """Whether a comment is a directive to the linter."""
    return _DIRECTIVE.fullmatch(comment.strip()) is not None


def without_silenced(page: Page, findings: Sequence[Finding]) -> list[Finding]:
    """The findings of a page that none of its comments switches off."""
    silences = list(_silences(page))
    return [
        finding
        for finding in findings
        if not any(_covers(silence, finding) for silence in silences)
    ]


def unknown_suppressions(page: Page, known: Set[str]) -> Iterator[Finding]:
    """Comments that name no rule, or one that is not known."""
    for line, _, names in _directives(page):
        for name in names or ("nothing",):
            if name not in known:
                yield page.finding(UNKNOWN, line, f"`lint:` names {name!r}, which is no rule")


def _covers(silence: Silence, finding: Finding) -> bool:
    until = finding.line if silence.last is None else silence.last
    return silence.rule == finding.rule.id and silence.first <= finding.line <= until


def _silences(page: Page) -> Iterator[Silence]:
    begun: dict[str, int] = {}
    for line, switch, names in _directives(page):
        for name in names:
            if switch == "off":
                begun.setdefault(name, 1 if _is_at_the_top(page, line) else line)
            elif name in begun:
                yield Silence(name, begun.pop(name), line)
    yield from (Silence(name, first, None) for name, first in begun.items())


def _directives(page: Page) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    line, counted = 1, 0
    for found in _LINE.finditer(page.text):
        line += page.text.count("\n", counted, found.start(1))
        counted = found.start(1)
        directive = _DIRECTIVE.fullmatch(found[1])
        if directive is not None:
            yield line, directive[1], tuple(_RULE_NAME.findall(directive[2]))


def _is_at_the_top(page: Page, line: int) -> bool:
    """Before anything else of the body: such a comment speaks for the front matter as well."""
    between = page.text.split("\n")[page.body_first_line - 1 : line - 1]
    return all(not text.strip() or _LINE.match(text) for text in between)
