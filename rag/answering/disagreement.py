"""Where two pages of one answer give different values for the same thing.

A value is that of a setting (`name = 40`, a row `name | 12gb`) or of a command that changes
something. Two pages disagree on it where they are about one service or alert, for a command also
about one alert or under headings of one subject, and have no value of it in common. Which one holds
is for the reader: both are shown, with what was reviewed later. Few false alarms matter more here
than finding all; what only happened once (a postmortem) and what is declared as superseded are left
out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from rag.answering.context import Passage, pages_of
from rag.answering.escaping import label
from rag.command_risk.command_settings import split_settings
from rag.domain.documents import BlockKind, Document, FreshnessStatus, Kind, Risk
from rag.guardrails.neutralising import one_line
from rag.retrieval.priors import all_superseded
from rag.text.blocks import BlockText
from rag.text.wording import telling_roots

HEADING = "Where the pages disagree"
_CHANGES = frozenset({Risk.MUTATING, Risk.DESTRUCTIVE})
_MAX_SHOWN = 3
# What pages beside the question disagree on is not what was asked: one of two is nearly the best.
_NEARLY_BEST = 0.8
_MAX_CHARS = 80
_MIN_SHARED_OF_HEADINGS = 0.5
_NAME = r"[A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)*"
_VALUE = r"\d+(?:[.,]\d+)*\s?(?:%|[A-Za-z]{1,7})?"
_SPAN = re.compile(r"`([^`\n]+)`")
_ASSIGNED = re.compile(rf"(?P<name>{_NAME})\s*[=:]\s*['\"]?(?P<value>{_VALUE})['\"]?")
_NAME_THEN_VALUE = re.compile(rf"(?P<name>{_NAME})\s+(?P<value>{_VALUE}|[a-z]+(?:-[a-z]+)+)")
_CELL_NAME = re.compile(rf"`({_NAME})`")
_CELL_VALUE = re.compile(rf"`?({_VALUE}|(?<=`){_NAME})`?")
_IS_A_SETTING = re.compile(
    r"[a-z0-9]+(?:[_.-][a-z0-9]+)+|[A-Z0-9]+(?:_[A-Z0-9]+)+|max[a-z]+|min[a-z]+"
)


@dataclass(frozen=True, slots=True)
class Side:
    """What one page says, and the first passage of it that does."""

    values: frozenset[str]
    passage: Passage


@dataclass(frozen=True, slots=True)
class Disagreement:
    """`subject` is a setting's name, or a command and which of its settings."""

    subject: str
    sides: tuple[Side, Side]

    @property
    def markers(self) -> tuple[int, ...]:
        return tuple(side.passage.marker for side in self.sides)

    def __str__(self) -> str:
        one, other = self.sides
        return (
            f"The pages disagree on {self.subject}: {_said(one)}; {_said(other)}. "
            f"{_later(one, other)}Which one holds is for you to decide."
        )


def disagreements(passages: Sequence[Passage]) -> list[Disagreement]:
    """The first few between pages of these passages, in the order of their markers."""
    pages = [
        page
        for page in pages_of(passages)
        if page[0].hit.document.metadata.kind is not Kind.POSTMORTEM
    ]
    best = max((_score(page) for page in pages), default=0.0)
    found: list[Disagreement] = []
    for one, other in combinations(pages, 2):
        asked_for = max(_score(one), _score(other)) >= _NEARLY_BEST * best
        if asked_for and not _superseded(one[0].hit.document, other[0].hit.document):
            found += _between(one, other)
    return sorted(found, key=lambda one: (one.markers, one.subject))[:_MAX_SHOWN]


def rendered(found: Sequence[Disagreement]) -> str:
    """A part of an answer, in the project's own voice; empty when there is nothing to tell."""
    return "\n".join([f"### {HEADING}\n", *(f"> {one}" for one in found)]) if found else ""


def _score(page: Sequence[Passage]) -> float:
    return max(passage.hit.score for passage in page)


def _between(one: Sequence[Passage], other: Sequence[Passage]) -> Iterator[Disagreement]:
    mine, theirs = one[0].hit.document.metadata, other[0].hit.document.metadata
    alert = bool(set(mine.alerts) & set(theirs.alerts))
    if not (alert or set(mine.service) & set(theirs.service)):
        return
    yield from _differing(_settings_of(one), _settings_of(other))
    for subject, mine_, theirs_ in _common(_commands_of(one), _commands_of(other)):
        if alert or _one_subject(mine_.passage, theirs_.passage):
            yield Disagreement(subject, (mine_, theirs_))


def _differing(mine: dict[str, Side], theirs: dict[str, Side]) -> Iterator[Disagreement]:
    for subject, one, other in _common(mine, theirs):
        yield Disagreement(subject, (one, other))


def _common(mine: dict[str, Side], theirs: dict[str, Side]) -> Iterator[tuple[str, Side, Side]]:
    for subject in sorted(mine.keys() & theirs.keys()):
        one, other = mine[subject], theirs[subject]
        if one.values.isdisjoint(other.values):
            yield subject, one, other


def _settings_of(page: Iterable[Passage]) -> dict[str, Side]:
    return _sides(
        (f"`{name}`", value, passage)
        for passage in page
        for name, value in _settings(passage.prompt)
    )


def _commands_of(page: Iterable[Passage]) -> dict[str, Side]:
    return _sides(value for passage in page for value in _command_values(passage))


def _command_values(passage: Passage) -> Iterator[tuple[str, str, Passage]]:
    shown = " ".join(passage.prompt.text.split())
    for command in passage.hit.chunk.commands:
        line = " ".join(command.text.split())
        if command.risk in _CHANGES and line in shown:
            shape, settings = split_settings(command.text)
            for name, value in settings.items():
                which = "" if name.startswith("number ") else f"`{name}` of "
                if len(shape) <= _MAX_CHARS and "`" not in shape:
                    yield f"{which}`{one_line(shape)}`", value, passage


def _sides(found: Iterable[tuple[str, str, Passage]]) -> dict[str, Side]:
    values: dict[str, set[str]] = defaultdict(set)
    first: dict[str, Passage] = {}
    for subject, value, passage in found:
        values[subject].add(_bare(value))
        first.setdefault(subject, passage)
    return {subject: Side(frozenset(values[subject]), first[subject]) for subject in first}


def _settings(content: BlockText) -> Iterator[tuple[str, str]]:
    """Names and values of code, and of rows that begin with a name in code."""
    for index in content.leaves():
        kind = content.blocks[index].kind
        if kind is BlockKind.CODE:
            yield from _assigned(line.strip() for line in content.code(index).split("\n"))
        elif kind is BlockKind.TABLE:
            yield from _rows(content.rows(index))
        else:
            yield from _assigned(_SPAN.findall(content.prose(index)))


def _assigned(codes: Iterable[str]) -> Iterator[tuple[str, str]]:
    for code in codes:
        found = _ASSIGNED.fullmatch(code) or _NAME_THEN_VALUE.fullmatch(code)
        if found and _IS_A_SETTING.fullmatch(found["name"]):
            yield found["name"], found["value"]


def _rows(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) > 1:
            name, value = _CELL_NAME.fullmatch(cells[0]), _CELL_VALUE.fullmatch(cells[1])
            if name and value and _IS_A_SETTING.fullmatch(name[1]):
                yield name[1], value[1]


def _bare(value: str) -> str:
    return value.replace(" ", "").strip("'\"`").lower()


def _superseded(one: Document, other: Document) -> bool:
    """Whether one of them says so of the other: the answer says it where it cites that page."""
    named = all_superseded([one, other])
    return any((page.source, page.path) in named for page in (one, other))


def _one_subject(one: Passage, other: Passage) -> bool:
    """Whether two passages stand under headings of the same words."""
    mine, theirs = (
        telling_roots(passage.hit.chunk.section[-1] if passage.hit.chunk.section else "")
        for passage in (one, other)
    )
    return len(mine & theirs) >= _MIN_SHARED_OF_HEADINGS * max(1, len(mine | theirs))


def _said(side: Side) -> str:
    hit = side.passage.hit
    stale = ", stale" if hit.freshness.status is FreshnessStatus.STALE else ""
    reviewed = hit.freshness.last_reviewed
    when = f"reviewed {reviewed}" if reviewed else "never reviewed"
    values = " or ".join(f"`{value}`" for value in sorted(side.values))
    return f"{label(hit.document.path)} ({when}{stale}) says {values} [{side.passage.marker}]"


def _later(one: Side, other: Side) -> str:
    mine, theirs = (side.passage.hit.freshness.last_reviewed or date.min for side in (one, other))
    if mine == theirs:
        return ""
    later = one if mine > theirs else other
    return f"{label(later.passage.hit.document.path)} was reviewed later. "
