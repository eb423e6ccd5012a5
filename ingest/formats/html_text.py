"""The words, the code and the rows within elements of HTML, with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from ingest.formats.html_elements import CODE_SPANS, INLINE, is_dropped, line_of
from ingest.formats.nodes import TextLine


@dataclass(slots=True)
class Words:
    """Inline text as it is collected: white space collapses, and only `<br>` breaks a line."""

    _lines: list[list[str]] = field(default_factory=lambda: [[]])
    _numbers: list[int] = field(default_factory=lambda: [0])

    def add(self, text: str, line: int) -> None:
        if not any(part.strip() for part in self._lines[-1]) and text.strip():
            leading = text[: len(text) - len(text.lstrip())]
            self._numbers[-1] = line + leading.count("\n")
        self._lines[-1].append(text)

    def add_break(self, line: int) -> None:
        self._lines.append([])
        self._numbers.append(line)

    def take(self) -> list[TextLine]:
        """The lines that hold words, and start anew."""
        joined = (" ".join("".join(parts).split()) for parts in self._lines)
        found = [(text, at) for text, at in zip(joined, self._numbers, strict=True) if text]
        self._lines, self._numbers = [[]], [0]
        return found


def code_span(element: etree._Element) -> str:
    """Inline code between backticks, as every reader of a chunk knows it."""
    code = " ".join(verbatim(element).split())
    if not code or code.startswith("`"):
        return code
    mark = "``" if "`" in code else "`"
    return f"{mark}{code}{mark}"


def verbatim(element: etree._Element) -> str:
    """Preformatted text without highlighting, line numbers and buttons; `<br>` breaks a line."""
    parts = [element.text or ""]
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, inner in walk:
        if inner is element:
            continue
        if event == "end":
            parts.append(inner.tail or "")
        elif inner.tag == "br":
            parts.append("\n")
        elif is_dropped(inner):
            walk.skip_subtree()
        else:
            parts.append(inner.text or "")
    return "".join(parts)


def code_lines(element: etree._Element) -> list[TextLine]:
    """The lines of a `pre`, without blank ones at either side; `<br>` is on its tag's line."""
    line = line_of(element)
    numbered: list[tuple[str, int]] = [("", line)]

    def add(text: str) -> None:
        nonlocal line
        for place, part in enumerate(text.split("\n")):
            if place:
                line += 1
                numbered.append((part, line))
            else:
                numbered[-1] = (numbered[-1][0] + part, numbered[-1][1])

    add(element.text or "")
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, inner in walk:
        if inner is element:
            continue
        if event == "end":
            add(inner.tail or "")
        elif inner.tag == "br":
            numbered.append(("", line))
        elif is_dropped(inner):
            walk.skip_subtree()
        else:
            add(inner.text or "")
    filled = [at for at, (text, _) in enumerate(numbered) if text.strip()]
    return numbered[filled[0] : filled[-1] + 1] if filled else []


def words_of(element: etree._Element) -> list[TextLine]:
    """All words within an element, as lines of text."""
    words = Words()
    line = line_of(element)
    words.add(element.text or "", line)
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, inner in walk:
        if inner is element:
            continue
        if event == "end":
            words.add((" " if inner.tag not in INLINE else "") + (inner.tail or ""), line)
            continue
        line = max(line, line_of(inner))
        if is_dropped(inner):
            walk.skip_subtree()
        elif inner.tag in CODE_SPANS:
            walk.skip_subtree()
            words.add(code_span(inner), line)
        elif inner.tag == "br":
            words.add_break(line)
        else:
            words.add((" " if inner.tag not in INLINE else "") + (inner.text or ""), line)
    return words.take()


def rows_of(table: etree._Element) -> Iterator[TextLine]:
    """The rows of a table, cells apart; a table in a cell is part of that cell's text."""
    rows: list[tuple[int, list[list[str]]]] = []
    depth = 0
    walk = etree.iterwalk(table, events=("start", "end"))
    for event, inner in walk:
        if event == "end":
            depth -= inner.tag == "table"
            if depth:
                _add_to_cell(rows, inner, inner.tail)
            continue
        depth += inner.tag == "table"
        if is_dropped(inner):
            walk.skip_subtree()
            continue
        if depth == 1 and inner.tag == "tr":
            rows.append((line_of(inner), []))
        elif depth == 1 and inner.tag in ("td", "th") and rows:
            rows[-1][1].append([])
        if inner.tag in CODE_SPANS:
            walk.skip_subtree()
            _add_to_cell(rows, inner, code_span(inner))
        else:
            _add_to_cell(rows, inner, inner.text)
    for line, row in rows:
        cells = [" ".join("".join(cell).split()) for cell in row]
        if any(cells):
            yield " | ".join(cells), line


def _add_to_cell(
    rows: list[tuple[int, list[list[str]]]], element: etree._Element, text: str | None
) -> None:
    if rows and rows[-1][1]:
        apart = " " if element.tag not in INLINE or element.tag == "br" else ""
        rows[-1][1][-1].append(apart + (text or ""))
