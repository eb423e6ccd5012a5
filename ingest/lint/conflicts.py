"""Two pages about one alert that give the same command with other values.

Two pages conflict where both name the alert and a command that changes something, and have no value
of one of its settings in common.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ingest.chunking.command_lines import commands_in
from ingest.lint.duplicates import supersedes
from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page
from rag.command_risk.classify import CommandClassifier
from rag.command_risk.command_settings import split_settings
from rag.domain.documents import Kind, Risk

CONFLICT = Rule(
    "conflicting-commands",
    Level.WARNING,
    "Two pages about one alert give the same command with other values.",
    "Agree on one, and let the other page link to it or be superseded by it.",
)
_CHANGES = frozenset({Risk.MUTATING, Risk.DESTRUCTIVE})


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a page says of one setting of one command: its values, and the first line."""

    values: frozenset[str]
    line: int


def conflicting_commands(pages: Sequence[Page], classifier: CommandClassifier) -> Iterator[Finding]:
    """Told on both pages of a pair, at the first command in question."""
    current = [page for page in pages if page.kind is not Kind.POSTMORTEM and page.blocks]
    named = {page.place: _alerts_named(page, _all_alerts(current)) for page in current}
    settings = {page.place: _settings_of(page, classifier) for page in current if named[page.place]}
    for one, other in combinations(current, 2):
        shared = named[one.place] & named[other.place]
        if shared and not (supersedes(one, other) or supersedes(other, one)):
            yield from _between(one, settings[one.place], other, settings[other.place], min(shared))


def _all_alerts(pages: Sequence[Page]) -> re.Pattern[str] | None:
    names = sorted({alert for page in pages for alert in page.fields.alerts}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b") if names else None


def _alerts_named(page: Page, known: re.Pattern[str] | None) -> frozenset[str]:
    """The alerts of the front matter, and known ones that the text names."""
    return frozenset(page.fields.alerts) | frozenset(known.findall(page.body) if known else ())


def _settings_of(page: Page, classifier: CommandClassifier) -> dict[tuple[str, str], _Setting]:
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    lines: dict[tuple[str, str], int] = {}
    for command in commands_in(page.blocks, classifier):
        if command.risk in _CHANGES:
            shape, settings = split_settings(command.text)
            for name, value in settings.items():
                values[shape, name].add(value)
                lines.setdefault((shape, name), command.line)
    return {key: _Setting(frozenset(values[key]), lines[key]) for key in values}


def _between(
    one: Page,
    of_one: Mapping[tuple[str, str], _Setting],
    other: Page,
    of_other: Mapping[tuple[str, str], _Setting],
    alert: str,
) -> Iterator[Finding]:
    for key in sorted(of_one.keys() & of_other.keys()):
        mine, theirs = of_one[key], of_other[key]
        if mine.values.isdisjoint(theirs.values):
            yield _finding(one, mine, other, theirs, key, alert)
            yield _finding(other, theirs, one, mine, key, alert)


def _finding(
    page: Page, mine: _Setting, other: Page, theirs: _Setting, key: tuple[str, str], alert: str
) -> Finding:
    message = (
        f"for {alert}, {key[1]} of `{key[0]}` is {_listed(mine.values)} here "
        f"and {_listed(theirs.values)} in {other.path}:{theirs.line}"
    )
    return page.finding(CONFLICT, mine.line, message)


def _listed(values: frozenset[str]) -> str:
    return " or ".join(sorted(values))
