"""The parts of an answer, and which of them a quotation belongs to.

A heading decides, unless the quotation warns, is history, or holds commands that do something else
than its heading says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.domain.documents import Risk
from rag.text.admonitions import WARNING_KINDS


class Part(StrEnum):
    """The parts of an answer, by their headings, in their order."""

    CAUSE = "Likely causes"
    FACTS = "What the pages say"
    CHECK = "Check first (read-only)"
    MITIGATION = "Mitigation"
    VERIFY = "Verify afterwards"
    CARE = "Take care"
    ALSO = "See also"


MISSING = "What is missing"
# How each heading may be written by a model, and how it is shown.
HEADINGS = {name.casefold(): name for name in (*(part.value for part in Part), MISSING)}
_PART_OF_HEADING: tuple[tuple[Part, re.Pattern[str]], ...] = (
    (
        Part.CARE,
        re.compile(
            r"\b(?:do not|don'?ts?|never|avoid|caution|warnings?|danger\w*|unsafe|pitfalls?|"
            r"careful|take care|what not)\b",
            re.I,
        ),
    ),
    (Part.VERIFY, re.compile(r"\b(?:verif\w+|afterwards|did it work|confirm\w*)\b", re.I)),
    (
        Part.CHECK,
        re.compile(
            r"\b(?:checks?|diagnos\w+|triage|validat\w+|inspect\w*|look\w*|"
            r"find\w*|investigat\w+|observ\w+|read-only|detect\w*|assess\w*)\b",
            re.I,
        ),
    ),
    (
        Part.MITIGATION,
        re.compile(
            r"\b(?:mitigat\w+|fix\w*|remed\w+|resol\w+|roll\w*|restor\w+|recover\w*|repair\w*|"
            r"actions?|steps?|procedure|scal\w+|restart\w*|switch\w*|drain\w*|stop\w*|instructions?|"
            r"response|workaround|fail\s?over|how to)\b",
            re.I,
        ),
    ),
    (
        Part.CAUSE,
        re.compile(
            r"\b(?:causes?|why|root|symptoms?|mean\w*|reasons?|what happened|contributing|"
            r"what fires|trigger\w*)\b",
            re.I,
        ),
    ),
)
# What was decided after an incident is history, and no step of the next one.
_DECIDED = re.compile(r"\b(?:action items?|actions?|follow[- ]?ups?|lessons?)\b", re.I)
_FORBIDS = re.compile(r"\W*(?:never|do not|don'?ts?|what not)\b", re.I)
_WARNS = re.compile(r"\W*(?:do not|don't|never|avoid|must not|be careful|caution|warning)\b", re.I)
_RISKY = frozenset({Risk.DESTRUCTIVE, Risk.MUTATING})


@dataclass(frozen=True, slots=True)
class Signs:
    """What of a quotation says which part it belongs to.

    `text` is its first words, without a list mark. `headings` lead to it, the outermost first.
    `risks` are those of its commands; `only_reads` says that all of them are known, and that none
    changes anything. `admonition` is the kind of the one that it stands in.
    """

    text: str
    headings: tuple[str, ...]
    risks: frozenset[Risk]
    only_reads: bool
    admonition: str = ""
    is_postmortem: bool = False


def part_of(signs: Signs) -> Part:
    """The part that a quotation belongs to; only what only reads is ever a check."""
    by_heading = part_of_headings(signs.headings)
    if by_heading is Part.CARE or warns(signs.text, signs.admonition):
        return Part.CARE
    if signs.is_postmortem and any(map(_DECIDED.search, signs.headings)):
        return Part.FACTS
    if not _RISKY.isdisjoint(signs.risks):
        return Part.MITIGATION
    if by_heading is Part.CHECK and not signs.only_reads:
        return Part.FACTS
    if signs.risks and signs.only_reads and by_heading in (None, Part.CAUSE):
        return Part.CHECK
    return by_heading or Part.FACTS


def warns(text: str, admonition: str = "") -> bool:
    """Whether a text warns by its first words, or by the kind of admonition that it stands in."""
    return admonition in WARNING_KINDS or _WARNS.match(text) is not None


def part_of_headings(headings: Sequence[str]) -> Part | None:
    """The part that the innermost heading with a telling word names.

    What stands under a heading that forbids is forbidden, whatever the headings between say.
    """
    if forbids(headings):
        return Part.CARE
    for heading in reversed(headings):
        for part, words in _PART_OF_HEADING:
            if words.search(heading):
                return part
    return None


def forbids(headings: Sequence[str]) -> bool:
    """Whether a heading says that what stands under it must not be done."""
    return any(map(_FORBIDS.match, headings))
