"""Paragraphs of DOCX: their text, the kind that a style gives them, and how lists are numbered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ingest.reading.blocks import BlockKind

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CODE = re.compile(r"\b(?:code|preformatted|verbatim|console|macro text)\b", re.IGNORECASE)
_STYLE = f"{_W}style"
_LEVELS = tuple("012345678")  # of a list, by the format
_MAX_BASES = 10  # styles that are based on each other
_TEXT = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
# Deletions, the older of two drawings of one shape, and properties.
_UNSEEN = frozenset(
    {f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr"}
    | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """What a style makes of a paragraph; `number` are the number and level of its list."""

    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    number: tuple[str, str] | None = None


def styles_of(document: Any) -> Mapping[str, ParagraphStyle]:
    """What each style makes of a paragraph, by its id.

    From the elements: python-docx looks through all styles for each one that is based on another.
    """
    elements = {one.get(f"{_W}styleId", ""): one for one in document.styles.element.iter(_STYLE)}
    return {name: _style_of(element, elements) for name, element in elements.items()}


def _style_of(style: Any, elements: Mapping[str, Any]) -> ParagraphStyle:
    """By the style's name and outline level, else those of the styles that it is based on."""
    number = None
    for element in _bases(style, elements):
        number = number or number_of(element)
        name = _value(element, f"{_W}name")
        heading = _HEADING.match(name)
        outline = element.find(f"{_W}pPr/{_W}outlineLvl")
        if heading or name == "Title":
            return ParagraphStyle(BlockKind.HEADING, int(heading[1]) if heading else 1)
        if outline is not None and outline.get(f"{_W}val", "9") in "012345678":
            return ParagraphStyle(BlockKind.HEADING, int(outline.get(f"{_W}val")) + 1)
        if name.startswith("List Number"):
            return ParagraphStyle(BlockKind.STEP)
        if name.startswith("List Bullet"):
            return ParagraphStyle(BlockKind.ITEM)
        if _CODE.search(name):
            return ParagraphStyle(BlockKind.CODE)
    return ParagraphStyle(number=number)


def _bases(style: Any, elements: Mapping[str, Any]) -> Iterator[Any]:
    """The style itself, then the one that it is based on, and so on."""
    for _ in range(_MAX_BASES):
        if style is None:
            return
        yield style
        style = elements.get(_value(style, f"{_W}basedOn"))


def _value(element: Any, tag: str) -> str:
    """The value of a child element; "" without one."""
    child = element.find(tag)
    return "" if child is None else str(child.get(f"{_W}val", ""))


def number_of(element: Any) -> tuple[str, str] | None:
    """The list number and level of a paragraph or style; None for one that is in no list."""
    found = element.find(f"{_W}pPr/{_W}numPr")
    if found is None:
        return None
    number, level = found.find(f"{_W}numId"), found.find(f"{_W}ilvl")
    named = "0" if number is None else number.get(f"{_W}val", "0")
    if named == "0":
        return None
    given = "0" if level is None else level.get(f"{_W}val", "0")
    return named, given if given in _LEVELS else "0"


def numbering_of(document: Any) -> Mapping[str, Mapping[str, str]]:
    """The number format (`decimal`, `bullet`) of each level, by list and level."""
    related = [
        relation.target_part
        for relation in document.part.rels.values()
        if relation.reltype.endswith("/numbering")
    ]
    formats: dict[str, Mapping[str, str]] = {}
    for part in related:
        lists = {
            one.get(f"{_W}abstractNumId", ""): _levels(one)
            for one in part.element.iter(f"{_W}abstractNum")
        }
        for number in part.element.iter(f"{_W}num"):
            levels = lists.get(_value(number, f"{_W}abstractNumId"))
            if levels is not None:  # shared, as thousands of lists may name one
                formats[number.get(f"{_W}numId", "")] = levels
    return formats


def _levels(abstract: Any) -> Mapping[str, str]:
    levels = islice(abstract.iterchildren(f"{_W}lvl"), len(_LEVELS))
    return {one.get(f"{_W}ilvl", "0"): _value(one, f"{_W}numFmt") or "decimal" for one in levels}


def text_of(paragraph: Any) -> str:
    """The text of a paragraph, in content controls and insertions too, without deletions."""
    parts: list[str] = []
    pending = [*reversed(list(paragraph))]
    while pending:
        element = pending.pop()
        if element.tag == f"{_W}t":
            parts.append(element.text or "")
        elif element.tag in _TEXT:
            parts.append(_TEXT[element.tag])
        elif element.tag not in _UNSEEN:
            pending += reversed(list(element))
    return "".join(parts)
