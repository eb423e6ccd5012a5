"""Which kind of admonition a name, a class or a label stands for, and which paragraphs warn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.domain.documents import BlockKind

NOTE = "note"
WARNING = "warning"
# Kinds that warn; the others advise.
WARNING_KINDS = frozenset({"attention", "caution", "danger", "error", "warning"})
# The words of dialects for one kind. Warnings come first: `alert warning` warns.
_KINDS = {
    "danger": "danger critical fatal destructive",
    "error": "error failure fail bug",
    "warning": "warning warn warnings",
    "caution": "caution careful beware",
    "attention": "attention",
    "important": "important",
    "tip": "tip hint success check done",
    "note": "note notice info information todo abstract summary question faq example quote",
}
_KIND_OF_WORD = {word: kind for kind, words in _KINDS.items() for word in words.split()}
# Names of containers that are admonitions of whatever kind their arguments say.
_CONTAINERS = frozenset(
    {"admonition", "alert", "aside", "box", "callout", "hint", "infobox", "message", "notice"}
    | {"notification", "panel"}
)
_WORD = re.compile(r"[a-z]+")

_EMOJI = (
    r"(?:[\u26a0\u2620\u26d4\u2757\u203c\U0001f6a8\U0001f6d1\U0001f6ab\U0001f4a3]\ufe0f?"
    r"|:(?:warning|rotating_light|no_entry|no_entry_sign|skull|stop_sign|octagonal_sign"
    r"|bangbang|exclamation|heavy_exclamation_mark):)"
)
_MARKUP = r"(?:\*{1,3}|_{1,3}|'{3})"
_LABEL_WORD = r"(?:warning|caution|danger|attention|beware|careful)"
_LEADING_EMOJI = re.compile(rf"{_MARKUP}?(?:{_EMOJI}\s*+)++")
_MARKED_LABEL = re.compile(
    rf"({_MARKUP})(?:{_EMOJI}\s*+)*+{_LABEL_WORD}\b[^\S\n]*+[:!.]*+[^\S\n]*+(?:{_EMOJI}\s*+)*+"
    r"\1[:!]?",
    re.IGNORECASE,
)
_PLAIN_LABEL = re.compile(rf"{_LABEL_WORD}[^\S\n]*+(?:[:!]++|(?=\n|\Z))", re.IGNORECASE)
_ATTRIBUTE_LINE = re.compile(r"\{:([^{}\n]*+)\}[^\S\n]*+")
_MARKED_WHOLE = re.compile(r"\s*(\*\*|__|\*|_)(?=\S)[^*_\n]++\1:?\s*")
_FORBIDS = re.compile(r"[\W_]*(?:never|do not|don'?ts?|what not)\b", re.IGNORECASE)


def admonition_kind(name: str, arguments: str = "") -> str:
    """The kind that a directive, shortcode, component or class names; empty if none.

    A name that says only that it is an admonition gets its kind from `arguments`, else `note`.
    """
    names = _WORD.findall(name.lower())
    own = _first_kind(names)
    is_container = not _CONTAINERS.isdisjoint(names)
    if not own and not is_container:
        return ""
    return (_first_kind(_WORD.findall(arguments.lower())) if is_container else "") or own or NOTE


def _first_kind(words: Sequence[str]) -> str:
    """The kind of these words that warns most."""
    found = {_KIND_OF_WORD[word] for word in words if word in _KIND_OF_WORD}
    return next((kind for kind in _KINDS if kind in found), "")


@dataclass(frozen=True, slots=True)
class Label:
    """What marks a text as a warning; `text[end:]` is what follows the label."""

    kind: str
    end: int


def warning_label(text: str) -> Label | None:
    """The label that a paragraph begins with: an emoji, a word in bold, or a word and a colon."""
    attributes = _ATTRIBUTE_LINE.match(text)
    if attributes:
        kind = admonition_kind(attributes[1], attributes[1])
        return Label(kind, attributes.end()) if kind in WARNING_KINDS else None
    start = len(text) - len(text.lstrip())
    found = _MARKED_LABEL.match(text, start) or _PLAIN_LABEL.match(text, start)
    if found:
        return Label(_first_kind(_WORD.findall(found.group().lower())) or WARNING, found.end())
    emoji = _LEADING_EMOJI.match(text, start)
    if emoji is None:
        return None
    label = _MARKED_LABEL.match(text, emoji.end()) or _PLAIN_LABEL.match(text, emoji.end())
    if label:
        return Label(_first_kind(_WORD.findall(label.group().lower())) or WARNING, label.end())
    # An emoji within emphasis stays: the mark that ends the emphasis follows later.
    return Label(WARNING, 0 if text[start] in "*_'" else emoji.end())


@dataclass(frozen=True, slots=True)
class Sibling:
    """A block among those of one level; `text` is its prose, `admonition` what it stands in."""

    kind: BlockKind
    text: str = ""
    admonition: str = ""


@dataclass(frozen=True, slots=True)
class WarningRun:
    """Siblings `first` to before `behind` that are one warning; its label is `label_end` long."""

    first: int
    behind: int
    kind: str
    label_end: int


def warning_runs(siblings: Sequence[Sibling]) -> Iterator[WarningRun]:
    """The warnings that paragraphs begin, each with the blocks that belong to it.

    A paragraph with a label takes the code, the table or the bullets that follow it; so does an
    admonition that ends in a colon. A label that stands alone takes the next block first. A line in
    bold that forbids takes what follows, up to the next heading or the next line in bold.
    """
    place = 0
    while place < len(siblings):
        run = _run_at(siblings, place)
        if run:
            yield run
        place = run.behind if run else place + 1


def _run_at(siblings: Sequence[Sibling], place: int) -> WarningRun | None:
    block = siblings[place]
    if block.kind is BlockKind.ADMONITION and block.admonition in WARNING_KINDS:
        end = _end_of_introduced(siblings, place) if _introduces(block) else place + 1
        return WarningRun(place, end, block.admonition, 0) if end > place + 1 else None
    if block.kind is not BlockKind.PARAGRAPH or block.admonition:
        return None
    if _MARKED_WHOLE.fullmatch(block.text) and _FORBIDS.match(block.text):
        return WarningRun(place, _end_of_bold_section(siblings, place + 1), WARNING, 0)
    label = warning_label(block.text)
    if label is None:
        return None
    last = place
    if not block.text[label.end :].strip(" \t\n:.!*_") and _can_follow(siblings, place + 1):
        last = place + 1
    return WarningRun(place, _end_of_introduced(siblings, last), label.kind, label.end)


def _introduces(block: Sibling) -> bool:
    return block.text.rstrip().rstrip("*_").endswith(":")


def _can_follow(siblings: Sequence[Sibling], place: int) -> bool:
    return place < len(siblings) and siblings[place].kind is not BlockKind.HEADING


def _end_of_introduced(siblings: Sequence[Sibling], last: int) -> int:
    """Behind the code, table or bullets that the block at `last` introduces."""
    end = last + 1
    taken = {BlockKind.CODE, BlockKind.TABLE}
    if _introduces(siblings[last]):
        taken.add(BlockKind.ITEM)
    if siblings[last].kind in (BlockKind.PARAGRAPH, BlockKind.ADMONITION):
        while end < len(siblings) and siblings[end].kind in taken:
            end += 1
    return end


def _end_of_bold_section(siblings: Sequence[Sibling], place: int) -> int:
    while place < len(siblings) and siblings[place].kind is not BlockKind.HEADING:
        block = siblings[place]
        if block.kind is BlockKind.PARAGRAPH and _MARKED_WHOLE.fullmatch(block.text):
            break
        place += 1
    return place
