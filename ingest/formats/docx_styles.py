"""Paragraphs of DOCX: their text, the kind that a style gives them, and how lists are numbered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.reading.blocks import BlockKind

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CODE = re.compile(r"\b(?:code|preformatted|verbatim|console|macro text)\b", re.IGNORECASE)
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


def style_of(style: Any) -> ParagraphStyle:
    """By the style's name and outline level, else those of the styles that it is based on."""
    number = None
    for one in _bases(style):
        number = number or number_of(one.element)
        name = one.name or ""
        heading = _HEADING.match(name)
        outline = one.element.find(f"{_W}pPr/{_W}outlineLvl")
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


def _bases(style: Any) -> Iterator[Any]:
    for _ in range(_MAX_BASES):
        if style is None:
            return
        yield style
        style = getattr(style, "base_style", None)


def number_of(element: Any) -> tuple[str, str] | None:
    """The list number and level of a paragraph or style; None for one that is in no list."""
    found = element.find(f"{_W}pPr/{_W}numPr")
    if found is None:
        return None
    number, level = found.find(f"{_W}numId"), found.find(f"{_W}ilvl")
    named = "0" if number is None else number.get(f"{_W}val", "0")
    if named == "0":
        return None
    return named, "0" if level is None else level.get(f"{_W}val", "0")


def numbering_of(document: Any) -> Mapping[tuple[str, str], str]:
    """The number format (`decimal`, `bullet`) of each list and level."""
    related = [
        relation.target_part
        for relation in document.part.rels.values()
        if relation.reltype.endswith("/numbering")
    ]
    formats: dict[tuple[str, str], str] = {}
    for part in related:
        lists = {
            one.get(f"{_W}abstractNumId"): one for one in part.element.iter(f"{_W}abstractNum")
        }
        for number in part.element.iter(f"{_W}num"):
            named = number.find(f"{_W}abstractNumId")
            abstract = lists.get("" if named is None else named.get(f"{_W}val"))
            for level in () if abstract is None else abstract.iter(f"{_W}lvl"):
                form = level.find(f"{_W}numFmt")
                place = (number.get(f"{_W}numId", ""), level.get(f"{_W}ilvl", "0"))
                formats[place] = "decimal" if form is None else form.get(f"{_W}val", "decimal")
    return formats


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
