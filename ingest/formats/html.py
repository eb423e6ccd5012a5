"""HTML, by libxml2's parser, which takes linear time and knows each element's line.

Every element is visited once, without recursion.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.errors import QuarantineError

_DROPPED = frozenset({"script", "style", "nav", "template", "noscript", "head", "svg", "iframe"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_WHOLE = {"pre": BlockKind.CODE, "table": BlockKind.TABLE, "blockquote": BlockKind.QUOTE}
# What may hold code and prose.
_HOLDING = frozenset({BlockKind.STEP, BlockKind.ITEM, BlockKind.QUOTE})
_PROSE = frozenset({"p", "dt", "dd", "figcaption", "caption", "summary", "address"})
_COUNT = re.compile(r"-?[0-9]{1,9}")  # longer ones are no numbers of steps
_LANGUAGE = re.compile(r"(?:language|lang|highlight|brush)[-: ](\w+)")
_BREAKS = re.compile(r"(?:(?<! ) ++)?\n++ *+")
_MAX_DEPTH = 2048  # libxml2's own, of elements within each other


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """What a reader of the page sees, in its order. Lines are those of the source file.

    Raises QuarantineError for elements that are nested too deeply.
    """
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    # Bytes, because libxml2 refuses text that names an encoding of its own.
    root = etree.fromstring(text.encode(), parser)
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        raise QuarantineError(
            f"nests elements more than {_MAX_DEPTH} levels deep; simplify the page"
        )
    if root is None:
        return ()
    page = _Page(first_line, first_line + text.count("\n"))
    made = [block for block in page.blocks(root) if block.text.strip()]
    title = next(root.iter("title"), None)
    name = "" if title is None else _joined(_content(title).strings)
    if name and not any(block.kind is BlockKind.HEADING and block.level == 1 for block in made):
        span = page.span(_line(title), _line(title))
        made.insert(0, Block(BlockKind.HEADING, name, span, 1, name))
    return tuple(made)


@dataclass(slots=True)
class _Page:
    """Makes the blocks of one page, whose text has these lines in its file."""

    first_line: int
    last_line: int
    _items: Counter[etree._Element] = field(default_factory=Counter)  # read so far, by list
    _reached: int = 0  # the line of the last element that was opened

    def span(self, first: int, last: int) -> LineSpan:
        """Lines of the file, for lines of the text that count from 0."""
        start = min(self.first_line + first, self.last_line)
        return LineSpan(start, max(start, min(self.first_line + last, self.last_line)))

    def blocks(self, root: etree._Element) -> Iterator[Block]:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                if element is not root:
                    yield from self._loose(element.tail)
                continue
            self._reached = max(self._reached, _line(element))
            kind = _kind(element)
            number = self._number(element) if element.tag == "li" else 0
            if _is_dropped(element):
                walk.skip_subtree()
            elif kind is None:
                yield from self._loose(element.text)
            else:
                walk.skip_subtree()
                yield self._block(element, kind, number)

    def _loose(self, text: str | None) -> Iterator[Block]:
        """Text that stands in no element of its own, as a paragraph."""
        if text and text.strip():
            span = self.span(self._reached, self._reached)
            yield Block(BlockKind.PARAGRAPH, " ".join(text.split()), span)

    def _block(self, element: etree._Element, kind: BlockKind, number: int) -> Block:
        content = _content(element)
        self._reached = max(self._reached, content.last_line)
        span = self.span(_line(element), max(content.last_line, _line(element) + content.breaks))
        if kind is BlockKind.HEADING:
            title = _joined(content.strings)
            return Block(kind, title, span, int(element.tag[1]), title)
        text = _text(element, kind, content)
        mark = f"{number}. " if kind is BlockKind.STEP else ""
        language = _language(next(element.iter("pre"), element))
        whole = documents.Block(
            kind,
            0,
            len(mark) + len(text),
            len(mark) + _head(element, kind, text),
            len(mark) + len(text),
            number=max(number, 0) if kind is BlockKind.STEP else 0,
            language=language if kind is BlockKind.CODE else "",
        )
        parts = (whole, *_nested(text, len(mark), content, language)) if kind in _HOLDING else ()
        return Block(kind, mark + text, span, language=language, parts=parts or (whole,))

    def _number(self, item: etree._Element) -> int:
        """An item's number in its list; `start` and `value` as a browser counts them."""
        parent = item.getparent()
        if parent is None:
            return 1
        before = self._items[parent]
        self._items[parent] += 1
        own, begun = _count(item, "value"), _count(parent, "start")
        return own if own is not None else (1 if begun is None else begun) + before


@dataclass(slots=True)
class _Content:
    """The strings within an element, each with whether it is verbatim, and where they end.

    `last_line` counts from 0; `breaks` is how many line breaks the strings hold.
    """

    strings: list[tuple[str, bool]] = field(default_factory=list)
    last_line: int = 0
    breaks: int = 0

    def add(self, text: str | None, *, verbatim: bool) -> None:
        if text:
            self.strings.append((text, verbatim))
            self.breaks += text.count("\n")


def _content(element: etree._Element) -> _Content:
    found = _Content(last_line=_line(element))
    verbatim = 0
    for event, inner in (walk := etree.iterwalk(element, events=("start", "end"))):
        if event == "start":
            found.last_line = max(found.last_line, _line(inner))
            verbatim += inner.tag == "pre"
            if inner.tag in _DROPPED:
                walk.skip_subtree()
            else:
                found.add(inner.text, verbatim=verbatim > 0)
        else:
            verbatim -= inner.tag == "pre"
            if inner is not element:
                found.add(inner.tail, verbatim=verbatim > 0)
    return found


def _joined(strings: list[tuple[str, bool]]) -> str:
    return " ".join(" ".join(text.split()) for text, _ in strings if text.strip())


def _text(element: etree._Element, kind: BlockKind, content: _Content) -> str:
    if kind is BlockKind.CODE:
        return "".join(text for text, _ in content.strings).strip("\n")
    if kind is BlockKind.TABLE:
        return "\n".join(" | ".join(row) for row in _rows(element))
    parts = (
        f"\n{text.strip()}\n" if verbatim else " ".join(text.split())
        for text, verbatim in content.strings
    )
    return _BREAKS.sub("\n", " ".join(part for part in parts if part.strip())).strip()


def _nested(text: str, start: int, content: _Content, language: str) -> Iterator[documents.Block]:
    """The code in a block whose text begins at `start`, and the prose around it, if it has code."""
    codes = [_BREAKS.sub("\n", string.strip()) for string, verbatim in content.strings if verbatim]
    done = 0
    for code in filter(None, codes):
        found = text.find(code, done)
        if found >= 0:
            yield from _paragraph(text, done, found, start)
            first, last = start + found, start + found + len(code)
            yield documents.Block(
                BlockKind.CODE, first, last, first, last, parent=0, language=language
            )
            done = found + len(code)
    if done:
        yield from _paragraph(text, done, len(text), start)


def _paragraph(text: str, first: int, last: int, start: int) -> Iterator[documents.Block]:
    inside = text[first:last]
    if inside.strip():
        begin = start + first + len(inside) - len(inside.lstrip())
        end = begin + len(inside.strip())
        yield documents.Block(BlockKind.PARAGRAPH, begin, end, begin, end, parent=0)


def _head(element: etree._Element, kind: BlockKind, text: str) -> int:
    """How much of a table's text its first row is, where that names the columns."""
    first = next(element.iter("tr"), None) if kind is BlockKind.TABLE else None
    if first is None or next(first.iter("th"), None) is None:
        return 0
    return len(text.split("\n", 1)[0]) + ("\n" in text)


def _rows(table: etree._Element) -> Iterator[list[str]]:
    """The cells of each row; a table in a cell is part of that cell's text."""
    rows: list[list[list[str]]] = []
    depth = 0
    for event, inner in (walk := etree.iterwalk(table, events=("start", "end"))):
        if event == "end":
            depth -= inner.tag == "table"
            if depth:
                _add_to_cell(rows, inner.tail)
            continue
        depth += inner.tag == "table"
        if inner.tag in _DROPPED:
            walk.skip_subtree()
            continue
        if depth == 1 and inner.tag == "tr":
            rows.append([])
        elif depth == 1 and inner.tag in ("td", "th") and rows:
            rows[-1].append([])
        _add_to_cell(rows, inner.text)
    return ([" ".join(" ".join(cell).split()) for cell in row] for row in rows)


def _add_to_cell(rows: list[list[list[str]]], text: str | None) -> None:
    if text and text.strip() and rows and rows[-1]:
        rows[-1][-1].append(text)


def _is_dropped(element: etree._Element) -> bool:
    return (
        element.tag in _DROPPED
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or "display:none" in element.get("style", "").replace(" ", "")
    )


def _kind(element: etree._Element) -> BlockKind | None:
    """What an element is as one block; None for one whose children are looked at in turn."""
    if element.tag in _HEADINGS:
        return BlockKind.HEADING
    if element.tag == "li":
        parent = element.getparent()
        numbered = parent is not None and parent.tag == "ol"
        return BlockKind.STEP if numbered else BlockKind.ITEM
    if element.tag in _PROSE:
        return BlockKind.PARAGRAPH
    return _WHOLE.get(element.tag)


def _count(element: etree._Element, attribute: str) -> int | None:
    raw = element.get(attribute, "").strip()
    return int(raw) if _COUNT.fullmatch(raw) else None


def _language(element: etree._Element) -> str:
    inner = next(element.iter("code"), element)
    found = _LANGUAGE.search(f"{element.get('class', '')} {inner.get('class', '')}")
    return found[1].lower() if found else ""


def _line(element: etree._Element) -> int:
    """Lines before the one that an element's tag begins on."""
    return max((element.sourceline or 1) - 1, 0)
