"""Two pages about one alert that give the same command with other values.

A command is told apart by its words: program, verbs, what it acts on, and the options that say
where (`-n`, `--context`, `--host`, …). What remains are its settings: values of other options,
`KEY=value` words, and bare numbers. Two pages conflict where both name the alert and a command that
changes something, and have no value of one of its settings in common. Values that a reader fills in
(`<n>`, `$N`) say nothing.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ingest.command_lines import commands_in
from ingest.lint.duplicates import supersedes
from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import Page
from rag.domain import Kind, Risk

CONFLICT = Rule(
    "conflicting-commands",
    Level.WARNING,
    "Two pages about one alert give the same command with other values.",
    "Agree on one, and let the other page link to it or be superseded by it.",
)
_CHANGES = frozenset({Risk.MUTATING, Risk.DESTRUCTIVE})
_WHERE = frozenset(
    {
        *("-n", "--namespace", "--context", "--cluster", "-c", "--container", "-l", "--selector"),
        *("-h", "-H", "--host", "--hostname", "-p", "--port", "-U", "--user", "--username"),
        *("-d", "--dbname", "--database", "--profile", "--region", "--project", "--zone"),
        *("--bootstrap-server", "--group", "--topic", "--partition", "-t", "-f", "--filename"),
        *("-o", "--output", "--kubeconfig", "--server", "--url", "-C", "-i"),
    }
)
_OPTION = re.compile(r"(--?[A-Za-z][\w-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.]*)=(.+)", re.DOTALL)
_QUANTITY = re.compile(r"-?\d+(?:\.\d+)?(?:[a-zA-Z%]{1,3})?")
_FILLED_IN = re.compile(r".*(?:<[^>]*>|\$|\{\{|%s|\.\.\.|…).*", re.DOTALL)


@dataclass(slots=True)
class _Reading:
    """A command line taken apart, word by word."""

    shape: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a page says of one setting of one command: its values, and the first line."""

    values: frozenset[str]
    line: int


def conflicting_commands(pages: Sequence[Page]) -> Iterator[Finding]:
    """Told on both pages of a pair, at the first command in question."""
    current = [page for page in pages if page.kind is not Kind.POSTMORTEM and page.blocks]
    named = {page.place: _alerts_named(page, _all_alerts(current)) for page in current}
    told = {page.place: _told(page) for page in current if named[page.place]}
    for one, other in combinations(current, 2):
        shared = named[one.place] & named[other.place]
        if shared and not (supersedes(one, other) or supersedes(other, one)):
            yield from _between(one, told[one.place], other, told[other.place], min(shared))


def taken_apart(command: str) -> tuple[str, dict[str, str]]:
    """A command line's shape, and its settings; values to be filled in are left out."""
    reading = _Reading()
    words = _words(command)
    while words:
        _read_word(reading, words)
    kept = {key: value for key, value in reading.settings.items() if not _FILLED_IN.match(value)}
    return " ".join(reading.shape), kept


def _all_alerts(pages: Sequence[Page]) -> re.Pattern[str] | None:
    names = sorted({alert for page in pages for alert in page.fields.alerts}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b") if names else None


def _alerts_named(page: Page, known: re.Pattern[str] | None) -> frozenset[str]:
    """The alerts of the front matter, and known ones that the text names."""
    return frozenset(page.fields.alerts) | frozenset(known.findall(page.body) if known else ())


def _told(page: Page) -> dict[tuple[str, str], _Told]:
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    lines: dict[tuple[str, str], int] = {}
    for command in commands_in(page.blocks):
        if command.risk in _CHANGES:
            shape, settings = taken_apart(command.text)
            for name, value in settings.items():
                values[shape, name].add(value)
                lines.setdefault((shape, name), command.line)
    return {key: _Told(frozenset(values[key]), lines[key]) for key in values}


def _between(
    one: Page,
    of_one: Mapping[tuple[str, str], _Told],
    other: Page,
    of_other: Mapping[tuple[str, str], _Told],
    alert: str,
) -> Iterator[Finding]:
    for key in sorted(of_one.keys() & of_other.keys()):
        mine, theirs = of_one[key], of_other[key]
        if mine.values.isdisjoint(theirs.values):
            yield _finding(one, mine, other, theirs, key, alert)
            yield _finding(other, theirs, one, mine, key, alert)


def _finding(
    page: Page, mine: _Told, other: Page, theirs: _Told, key: tuple[str, str], alert: str
) -> Finding:
    told = (
        f"for {alert}, {key[1]} of `{key[0]}` is {_listed(mine.values)} here "
        f"and {_listed(theirs.values)} in {other.path}:{theirs.line}"
    )
    return page.finding(CONFLICT, mine.line, told)


def _listed(values: frozenset[str]) -> str:
    return " or ".join(sorted(values))


def _words(command: str) -> list[str]:
    joined = command.replace("\\\n", " ")
    try:
        return shlex.split(joined, comments=True)
    except ValueError:  # an unclosed quote, or a heredoc
        return joined.split()


def _read_word(reading: _Reading, words: list[str]) -> None:
    word = words.pop(0)
    option = _OPTION.fullmatch(word)
    if option is not None:
        value = option[2]
        if value is None and words and not words[0].startswith("-"):
            value = words.pop(0) if _takes_a_value(option[1], words[0]) else None
        _place(reading, option[1], value)
    elif assigned := _ASSIGNMENT.fullmatch(word):
        reading.settings[assigned[1]] = assigned[2]
        reading.shape.append(f"{assigned[1]}=")
    elif _QUANTITY.fullmatch(word):
        reading.settings[f"number {len(reading.settings) + 1}"] = word
        reading.shape.append("#")
    else:
        reading.shape.append(word)


def _takes_a_value(option: str, following: str) -> bool:
    """A switch is followed by what the command acts on, as in `delete --force pod/x`."""
    return "/" not in following or option in _WHERE


def _place(reading: _Reading, option: str, value: str | None) -> None:
    if value is None or option in _WHERE:
        reading.shape.append(option if value is None else f"{option}={value}")
    else:
        reading.shape.append(option)
        reading.settings[option] = value
