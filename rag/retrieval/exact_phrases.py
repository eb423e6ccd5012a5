"""What a question asks for to the letter: quoted phrases, phrases of unspaced scripts, version
ranges and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text.searchable import unicode_form, unspaced_runs

MAX_PHRASES = 4
_MAX_PHRASE_CHARS = 200
_MIN_RUN = 3  # characters of a phrase without spaces; fewer are a word
_QUOTED = re.compile(
    rf'"([^"\n]{{2,{_MAX_PHRASE_CHARS}}})"|“([^”\n]{{2,{_MAX_PHRASE_CHARS}}})”|'
    rf"`([^`\n]{{2,{_MAX_PHRASE_CHARS}}})`|«([^»\n]{{2,{_MAX_PHRASE_CHARS}}})»|"
    rf"(?<![\w'])'([^'\n]{{2,{_MAX_PHRASE_CHARS}}})'(?![\w'])"
)
_VERSION = r"v?(\d{1,4}(?:\.\d{1,4}){1,2}(?:\.x)?)(?![\w.]*\d)"
_VERSION_RANGE = re.compile(
    rf"(?<![\w.]){_VERSION}\s{{0,4}}(?:to|->|→|-|\u2013|and)\s{{0,4}}{_VERSION}"
)
_MONTH_LIST = """
january february march april may june july august september october november december
"""
_MONTH_NAMES = _MONTH_LIST.split()
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTH_NAMES)
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?", re.I)
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? ({_MONTH})\b\.?(?:,? (\d{{4}}))?", re.I)


def quoted_phrases(question: str) -> list[str]:
    """The phrases of several words that stand in quotation marks, in order, the first few."""
    found = (
        next(part for part in match.groups() if part).strip()
        for match in _QUOTED.finditer(unicode_form(question))
    )
    return list(dict.fromkeys(phrase for phrase in found if " " in phrase))[:MAX_PHRASES]


def unspaced_phrases(question: str) -> list[str]:
    """Phrases in scripts that are written without spaces, in order, the first few."""
    found = (run for run in unspaced_runs(question) if len(run) >= _MIN_RUN)
    return list(dict.fromkeys(found))[:MAX_PHRASES]


def version_ranges(question: str) -> list[tuple[str, str]]:
    """`2.9 to 2.10` as ("2.9", "2.10"), the first few."""
    return [(match[1], match[2]) for match in _VERSION_RANGE.finditer(question)][:MAX_PHRASES]


def date_spellings(question: str) -> list[tuple[str, ...]]:
    """Each date of the question in the ways that a title or a file name may write it."""
    found = dict.fromkeys(_dates(question))
    return [tuple(_spellings(*one)) for one in found][:MAX_PHRASES]


def _dates(question: str) -> Iterator[tuple[int | None, int, int]]:
    """Year, month and day."""
    for year, month, day in _ISO_DATE.findall(question):
        if 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
            yield int(year), int(month), int(day)
    for name, day, year in _MONTH_FIRST.findall(question):
        yield int(year) if year else None, _month_number(name), int(day)
    for day, name, year in _DAY_FIRST.findall(question):
        yield int(year) if year else None, _month_number(name), int(day)


def _month_number(name: str) -> int:
    return next(
        number
        for number, whole in enumerate(_MONTH_NAMES, start=1)
        if whole.startswith(name[:3].lower())
    )


def _spellings(year: int | None, month: int, day: int) -> Iterator[str]:
    behind = f" {year}" if year else ""
    before = f"{year} " if year else ""
    yield f"{before}{month:02} {day:02}"
    yield f"{before}{month} {day}"
    if year:
        yield f"{year}{month:02}{day:02}"
    name = _MONTH_NAMES[month - 1]
    for month_name in dict.fromkeys((name, name[:3])):
        for number in (str(day), f"{day}{_ordinal_ending(day)}"):
            yield f"{month_name} {number}{behind}"
            yield f"{number} {month_name}{behind}"


def _ordinal_ending(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
