"""HTML, by BeautifulSoup on the standard library's parser, which knows each element's line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag
from bs4.exceptions import ParserRejectedMarkup

from ingest.reading.blocks import Block, BlockKind
from rag.domain.documents import LineSpan
from rag.errors import QuarantineError

_DROPPED = frozenset({"script", "style", "nav", "template", "noscript", "head", "svg", "iframe"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_WHOLE = {"pre": BlockKind.CODE, "table": BlockKind.TABLE, "blockquote": BlockKind.QUOTE}
_PROSE = frozenset({"p", "dt", "dd", "figcaption", "caption", "summary", "address"})
_COUNT = re.compile(r"-?[0-9]{1,9}")  # longer ones are no numbers of steps
_LANGUAGE = re.compile(r"(?:language|lang|highlight|brush)[-: ](\w+)")


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """What a reader of the page sees, in its order. Lines are those of the source file.

    Raises QuarantineError for markup that the parser gives up on.
    """
    try:
        soup = BeautifulSoup(text, "html.parser")
    except ParserRejectedMarkup as error:
        raise QuarantineError("not readable HTML: a declaration in it is malformed") from error
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    made = [block for block in _walk(soup, text, first_line) if block.text.strip()]
    if title and not any(block.kind is BlockKind.HEADING and block.level == 1 for block in made):
        line = first_line + _line(soup.title)
        made.insert(0, Block(BlockKind.HEADING, title, LineSpan(line, line), 1, title))
    return tuple(made)


def _walk(soup: BeautifulSoup, text: str, first_line: int) -> Iterator[Block]:
    """Visits elements without recursion: a page may nest them without end."""
    last_line = first_line + text.count("\n")
    pending: list[PageElement] = list(reversed(soup.contents))
    while pending:
        element = pending.pop()
        if isinstance(element, NavigableString):
            if not isinstance(element, PreformattedString) and element.strip():
                yield _loose(element, first_line, last_line)
        elif isinstance(element, Tag) and not _is_dropped(element):
            kind = _kind(element)
            if kind is None:
                pending.extend(reversed(element.contents))
            else:
                yield _block(element, kind, first_line, last_line)


def _is_dropped(element: Tag) -> bool:
    return (
        element.name in _DROPPED
        or element.has_attr("hidden")
        or element.get("aria-hidden") == "true"
        or "display:none" in str(element.get("style", "")).replace(" ", "")
    )


def _kind(element: Tag) -> BlockKind | None:
    """What an element is as one block; None for one whose children are looked at in turn."""
    if element.name in _HEADINGS:
        return BlockKind.HEADING
    if element.name == "li":
        numbered = element.parent is not None and element.parent.name == "ol"
        return BlockKind.STEP if numbered else BlockKind.ITEM
    if element.name in _PROSE:
        return BlockKind.PARAGRAPH
    return _WHOLE.get(element.name)


def _block(element: Tag, kind: BlockKind, first_line: int, last_line: int) -> Block:
    start = min(first_line + _line(element), last_line)
    end = max(start, min(first_line + _end_line(element), last_line))
    if kind is BlockKind.HEADING:
        title = element.get_text(" ", strip=True)
        return Block(kind, title, LineSpan(start, end), int(element.name[1]), title)
    return Block(kind, _text(element, kind), LineSpan(start, end), language=_language(element))


def _text(element: Tag, kind: BlockKind) -> str:
    if kind is BlockKind.CODE:
        return element.get_text().strip("\n")
    if kind is BlockKind.TABLE:
        return "\n".join(
            " | ".join(cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"]))
            for row in element.find_all("tr")
        )
    text = _with_code(element)
    return f"{_number(element)}. {text}" if kind is BlockKind.STEP else text


def _with_code(element: Tag) -> str:
    """The text of an element, with the line breaks of code within it kept."""
    told: list[str] = []
    for string in element.find_all(string=True):
        if isinstance(string, PreformattedString):
            continue
        verbatim = string.find_parent("pre") is not None
        told.append(f"\n{string.strip()}\n" if verbatim else " ".join(string.split()))
    return re.sub(
        r"(?:(?<! ) ++)?\n++ *+", "\n", " ".join(part for part in told if part.strip())
    ).strip()


def _number(element: Tag) -> int:
    """An item's number in its list; `start` and `value` as a browser counts them."""
    parent = element.parent
    begun = _count(parent, "start") if parent is not None else None
    before = len(element.find_previous_siblings("li"))
    own = _count(element, "value")
    return own if own is not None else (1 if begun is None else begun) + before


def _count(element: Tag, attribute: str) -> int | None:
    told = str(element.get(attribute, "")).strip()
    return int(told) if _COUNT.fullmatch(told) else None


def _language(element: Tag) -> str:
    inner = element.find("code") or element
    classes = f"{element.get('class') or ''} {inner.get('class') or ''}"
    found = _LANGUAGE.search(classes)
    return found[1].lower() if found else ""


def _loose(string: NavigableString, first_line: int, last_line: int) -> Block:
    before = string.find_previous(True)
    line = min(first_line + (_line(before) if isinstance(before, Tag) else 0), last_line)
    return Block(BlockKind.PARAGRAPH, " ".join(string.split()), LineSpan(line, line))


def _line(element: Tag | None) -> int:
    """Lines before the one that an element's tag begins on."""
    return max((element.sourceline or 1) - 1, 0) if element is not None else 0


def _end_line(element: Tag) -> int:
    inside = max((_line(tag) for tag in element.find_all(True)), default=_line(element))
    return max(inside, _line(element) + str(element.get_text()).count("\n"))
