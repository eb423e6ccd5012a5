"""AsciiDoc, line by line: no maintained parser for it knows its lines in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.formats.asciidoc_styles import Described, described
from ingest.formats.line_blocks import LineBlocks
from ingest.formats.nested_lines import MAX_DEPTH, Body, Reader, common_indent
from ingest.reading.blocks import Block, BlockKind
from rag.text.admonitions import admonition_kind

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*)")
_VERBATIM = re.compile(r"(-{4,}|\.{4,}|`{3,})(\w*)\s*")
_HIDDEN = re.compile(r"(?:\+{4,}|/{4,})\s*")
_TABLE = re.compile(r"[|,:!]===\s*")
_CONTAINER = re.compile(r"(?:={4,}|\*{4,}|_{4,}|--)\s*")
_STEP = re.compile(r"\A\s*(?:\.{1,5}|(\d{1,3})\.)\s+(?=\S)")
_ITEM = re.compile(r"\s*(?:\*{1,5}|-)\s+(?=\S)")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s+(?=\S)")
# Comments, attributes and macros of a whole line: nothing that a reader of the page sees.
_UNSEEN = re.compile(
    r"(?://(?!/)|:!?[\w-]++!?:(?:\s|$)|(?:include|image|ifdef|ifndef|ifeval|endif|toc|video)::)"
)
_DEFAULT_LANGUAGE = re.compile(r":source-language:[ \t]*+([\w+-]++)\s*")
_CONTINUATION = "+"
_DELIMITERS = (_VERBATIM, _HIDDEN, _TABLE, _CONTAINER)
_VERBATIM_STYLES = frozenset({"source", "listing", "literal"})


def blocks(text: str, first_line: int) -> tuple[Block, ...]:
    """Sections, listings, tables, admonitions, numbered and bulleted items, paragraphs."""
    lines = text.split("\n")
    found = (_DEFAULT_LANGUAGE.fullmatch(line) for line in lines)
    language = next((one[1].lower() for one in found if one), "")
    return _Reader(lines, first_line, language).read()


class _Reader:
    """Reads lines as blocks; `depth` counts the blocks that they stand in.

    `language` is that of listings which do not name theirs.
    """

    def __init__(
        self, lines: Sequence[str], first_line: int = 1, language: str = "", depth: int = 0
    ) -> None:
        self._lines = lines
        self._depth = depth
        self._language = language
        self._made = LineBlocks(lines, first_line)

    def read(self) -> tuple[Block, ...]:
        index = 0
        while index < len(self._lines):
            index = self._take(index) if self._lines[index].strip() else index + 1
        return self._made.finished()

    def _take(self, start: int) -> int:
        """Add the block that begins here; returns where the next one may begin."""
        lines = self._lines
        about = described(lines, start)
        if about.behind == len(lines) or not lines[about.behind].strip():
            self._add_title(start, about)
            return about.behind
        heading = _HEADING.fullmatch(lines[about.behind])
        if heading:
            at = about.behind
            body = Body(at, at + 1, heading.start(2))
            level, title = len(heading[1]), heading[2].strip()
            self._made.add(BlockKind.HEADING, at, at + 1, level=level, title=title, body=body)
            return at + 1
        start = self._add_title(start, about)
        return self._take_delimited(start, about) or self._take_run(start, about)

    def _add_title(self, start: int, about: Described) -> int:
        """Add a block's title as a paragraph; returns where the rest of the block begins."""
        if about.title_line is None:
            return start
        end = about.title_line + 1
        self._made.add(BlockKind.PARAGRAPH, start, end, body=Body(about.title_line, end, 1))
        return end

    def _take_delimited(self, start: int, about: Described) -> int | None:
        """Add the block between delimiters that begins here, attributes included."""
        opening = about.behind
        line = self._lines[opening]
        pattern = next((one for one in _DELIMITERS if one.fullmatch(line)), None)
        if pattern is None:
            return None
        end, closed = _closing(self._lines, opening)
        body = Body(opening + 1, end - closed)
        verbatim = _VERBATIM.fullmatch(line)
        if verbatim or (pattern is _CONTAINER and about.style in _VERBATIM_STYLES):
            named = about.language or (verbatim[2].lower() if verbatim else "")
            self._add_code(start, end, body, about, named)
        elif pattern is _CONTAINER:
            self._add_container(start, end, body, about)
        else:
            kind = BlockKind.TABLE if pattern is _TABLE else BlockKind.OTHER
            self._made.add(kind, start, end, body=body)
        return end

    def _add_code(self, start: int, end: int, body: Body, about: Described, language: str) -> None:
        kind = admonition_kind(about.style) if about.is_admonition else ""
        default = self._language if about.style == "source" else ""
        self._made.add(
            BlockKind.CODE, start, end, language=language or default, admonition=kind, body=body
        )

    def _add_container(self, start: int, end: int, body: Body, about: Described) -> None:
        kind = about.style.lower() if about.is_admonition else ""
        self._made.add(
            BlockKind.ADMONITION if kind else BlockKind.QUOTE,
            start,
            end,
            admonition=kind,
            body=body,
            reader=self._reader(),
        )

    def _take_run(self, start: int, about: Described) -> int:
        """Add a comment, an item, a paragraph, or an admonition of one paragraph."""
        at = about.behind
        line = self._lines[at]
        if _UNSEEN.match(line) or (self._depth and line.strip() == _CONTINUATION):
            self._made.add(BlockKind.OTHER, start, at + 1)
            return at + 1
        kind = _kind_of_run(line)
        if kind is BlockKind.PARAGRAPH:
            return self._take_paragraph(start, about)
        mark = _STEP.match(line) or _ITEM.match(line)
        step = mark is not None and mark.re is _STEP and mark[1]
        end = self._end_of_item(at)
        self._made.add(
            kind,
            start,
            end,
            number=int(step) if step else 0,
            body=Body(at, end, mark.end() if mark else 0),
            reader=self._reader(),
        )
        return end

    def _take_paragraph(self, start: int, about: Described) -> int:
        at = about.behind
        line = self._lines[at]
        end = self._end_of_paragraph(at)
        label = _ADMONITION.match(line)
        if about.style in _VERBATIM_STYLES or about.language:
            self._add_code(start, end, Body(at, end), about, about.language)
        elif about.is_admonition or label:
            kind = label[1] if label else about.style
            body = Body(at, end, label.end() if label else 0)
            self._made.add(BlockKind.ADMONITION, start, end, admonition=kind.lower(), body=body)
        elif line[0] in " \t" and not self._is_described(at):
            indent = common_indent(self._lines[at:end])
            self._made.add(BlockKind.CODE, start, end, indent=indent, body=Body(at, end))
        else:
            self._made.add(BlockKind.PARAGRAPH, start, end, body=Body(at, end))
        return end

    def _is_described(self, at: int) -> bool:
        """Whether an indented paragraph is what a term (`term::`) above it is described by."""
        before = next((self._lines[i] for i in range(at - 1, -1, -1) if self._lines[i].strip()), "")
        return before.rstrip().endswith(("::", ";;"))

    def _reader(self) -> Reader | None:
        if self._depth >= MAX_DEPTH:
            return None
        return lambda lines: _Reader(lines, 1, self._language, self._depth + 1).read()

    def _end_of_paragraph(self, start: int) -> int:
        """A paragraph ends at a blank line, and where another block begins."""
        end = start + 1
        while end < len(self._lines) and self._lines[end].strip():
            line = self._lines[end]
            if _begins_block(line) or _kind_of_run(line) is not BlockKind.PARAGRAPH:
                break
            if self._depth and line.strip() == _CONTINUATION:
                break
            end += 1
        return end

    def _end_of_item(self, start: int) -> int:
        """An item takes its lines and what `+` joins to it."""
        lines = self._lines
        end = start + 1
        while end < len(lines) and lines[end].strip():
            if lines[end].strip() == _CONTINUATION:
                end = _end_of_joined(lines, end + 1)
            elif _begins_block(lines[end]) or _kind_of_run(lines[end]) is not BlockKind.PARAGRAPH:
                break
            else:
                end += 1
        return end


def _kind_of_run(line: str) -> BlockKind:
    if _STEP.match(line):
        return BlockKind.STEP
    return BlockKind.ITEM if _ITEM.match(line) else BlockKind.PARAGRAPH


def _begins_block(line: str) -> bool:
    """Whether a line ends the paragraph above it by what it is itself."""
    return (
        _HEADING.fullmatch(line) is not None
        or any(pattern.fullmatch(line) for pattern in _DELIMITERS)
        or described([line], 0).behind > 0
    )


def _closing(lines: Sequence[str], opening: int) -> tuple[int, bool]:
    """Behind the delimited block that opens at `opening`, and whether it is closed."""
    mark = lines[opening].strip()
    fence = mark.rstrip("abcdefghijklmnopqrstuvwxyz") if mark.startswith("`") else mark
    closed = (
        i + 1 for i in _verbatim_aside(lines, opening + 1, fence) if lines[i].strip() == fence
    )
    end = next(closed, None)
    return (len(lines), False) if end is None else (end, True)


def _verbatim_aside(lines: Sequence[str], start: int, fence: str) -> Iterator[int]:
    """The lines from `start` on that may close a block; in a container, not those of listings."""
    inside = ""
    is_container = _CONTAINER.fullmatch(fence) is not None
    for at in range(start, len(lines)):
        text = lines[at].strip()
        if inside:
            inside = "" if text == inside else inside
        elif is_container and _VERBATIM.fullmatch(text) and text != fence:
            inside = text.rstrip("abcdefghijklmnopqrstuvwxyz") if text[0] == "`" else text
        else:
            yield at


def _end_of_joined(lines: Sequence[str], start: int) -> int:
    inner = described(lines, start).behind
    if inner < len(lines) and any(pattern.fullmatch(lines[inner]) for pattern in _DELIMITERS):
        return _closing(lines, inner)[0]
    return min(start + 1, len(lines))
