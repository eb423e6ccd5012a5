"""Quotations of a document as Markdown that no reader can take for the program's own words.

The convention, which every output of an answer keeps:

- The program speaks in headings (`### `), block quotes (`> `), markers (`[1]`) and remarks
  (`_(...)_`) behind a marker, at the left margin.
- A quotation holds paragraphs, lists, tables and code, and nothing else. Its prose is escaped where
  it would render as anything that the program writes (rag/answering/escaping.py).
- Code stands in a fence that is longer than any run of backticks in it and that is indented, so
  that no line of it stands at the left margin. Between the fences it is byte for byte the
  document's, as is inline code; only secrets are redacted in both. No marker, remark or escape
  ever stands inside code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.answering.escaping import Attribution, Unquotable, escaped
from rag.domain.documents import BlockKind
from rag.guardrails.redaction import redacted
from rag.text.blocks import BlockText
from rag.text.tables import cells, is_rule

# Deeper nesting is shown as it stands, as code.
_MAX_NESTING = 12
_LINE_END = re.compile(r"\r\n?")
_BACKTICKS = re.compile(r"`+")
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
MARGIN = " "
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<[^<>]*+>")
_NOT_SHOWN = re.compile(r"\s*<(?:script|style)\b", re.IGNORECASE)
_HOLDS_CODE = re.compile(r"<(?:pre|code)\b", re.IGNORECASE)
_LIST_MARK = re.compile(r"\d{1,9}[.)]|[-*+]")
_BLANK_LINE = 2  # line breaks
_ITEMS = frozenset({BlockKind.STEP, BlockKind.ITEM})
_JOINED_TIGHTLY = _ITEMS | {BlockKind.PARAGRAPH, BlockKind.CODE}
_BLOCK_STARTS = ("```", "|", "- ", *(str(digit) for digit in range(10)))


def quotation(content: BlockText, index: int, marker: int, remark: str = "") -> str:
    """A block of a document, with the marker behind each sentence or below what has none.

    The remark, in the program's own words, stands behind the first marker.
    """
    return _quotation(content, index, Attribution(marker, remark))


def bare_quotation(
    content: BlockText,
    index: int,
    marker: int,
    remark: str = "",
    names: Sequence[str] = (),
    max_blocks: int | None = None,
) -> str:
    """A block of a document, with the marker only where there is a remark.

    Of a table with rows that hold one of `names`, these rows alone. Of an item of a list the first
    `max_blocks` of the blocks in it.
    """
    attribution = Attribution(marker, remark, sparse=True)
    return _quotation(content, index, attribution, names, max_blocks)


def _quotation(
    content: BlockText,
    index: int,
    attribution: Attribution,
    names: Sequence[str] = (),
    max_blocks: int | None = None,
) -> str:
    quotation = _Quotation(content, attribution, names, max_blocks)
    shown = [_at_margin(block) for block in quotation.top(index)]
    if attribution.given:
        return "\n\n".join(shown)
    if attribution.sparse:  # what a command does is said before it
        return "\n".join(filter(None, [attribution.take(), *shown]))
    return "\n\n".join([*shown, attribution.take()])


def shows_something(content: BlockText, index: int) -> bool:
    """Whether a quotation of a block would hold anything of it."""
    kind = content.blocks[index].kind
    if kind is BlockKind.HTML:
        return any(_Quotation(content, Attribution(0)).top(index))
    return kind is not BlockKind.OTHER and bool(content.prose(index).strip())


def quoted_sentence(text: str, marker: int, remark: str = "") -> str:
    """One sentence, or one row of a table, on lines of a paragraph with its marker at the end."""
    attribution = Attribution(marker, remark)
    return f"{escaped(text)} {attribution.take()}"


def quoted_code(code: str, language: str = "") -> str:
    """Code between fences that it cannot close, byte for byte but for redacted secrets."""
    code = redacted(_as_commonmark_reads(code))
    longest = max((len(run) for run in _BACKTICKS.findall(code)), default=0)
    fence = "`" * max(3, longest + 1)
    body = code if not code or code.endswith("\n") else f"{code}\n"
    return f"{fence}{language if _LANGUAGE.fullmatch(language) else ''}\n{body}{fence}"


class _Quotation:
    """Renders blocks of one text; `attribution` knows what was given already."""

    def __init__(
        self,
        content: BlockText,
        attribution: Attribution,
        names: Sequence[str] = (),
        max_blocks: int | None = None,
    ) -> None:
        self._content = content
        self._max_blocks = max_blocks
        self._attribution = attribution
        self._names = [name.casefold() for name in names]

    def top(self, index: int) -> list[str]:
        """A block that may be nested to any depth, as one or several blocks."""
        content = self._content
        if max(len([*content.above(at)]) for at in content.within(index)) >= _MAX_NESTING:
            return [quoted_code(content.source(index))]
        return list(self._block(index))

    def _block(self, index: int) -> Iterator[str]:
        """A block without blank lines around it; of one that shows nothing, nothing."""
        block = self._content.blocks[index]
        if block.kind is BlockKind.CODE:
            yield quoted_code(self._content.code(index), block.language)
        elif block.kind is BlockKind.TABLE:
            yield self._table(index)
        elif block.kind is BlockKind.HTML:
            yield from self._html(index)
        elif block.kind in _ITEMS:
            yield from self._item(index)
        elif block.kind is BlockKind.ADMONITION:
            yield from self._admonition(index)
        elif block.kind is not BlockKind.OTHER:
            yield from self._inside(index)

    def _inside(self, index: int) -> Iterator[str]:
        """What a block holds: the blocks nested in it, else its prose."""
        children = self._content.children(index)
        if not children:
            yield from self._prose(self._content.prose(index))
        for child in children:
            yield from self._block(child)

    def _prose(self, text: str) -> Iterator[str]:
        attempt = replace(self._attribution)
        lines = _as_commonmark_reads(text)
        try:
            shown = escaped(lines, attempt)
            self._attribution.remark, self._attribution.given = attempt.remark, attempt.given
        except Unquotable:
            shown = quoted_code(lines)
        if shown:
            yield shown

    def _html(self, index: int) -> Iterator[str]:
        """The words between tags; preformatted text as it stands; of comments, scripts nothing."""
        html = self._content.prose(index)
        if _NOT_SHOWN.match(html):
            return
        visible = _COMMENT.sub(" ", html).strip()
        if not _TAG.search(visible):
            yield from self._prose(visible)
            return
        if _HOLDS_CODE.search(html) or "`" in html:
            yield quoted_code(html, "html")
            return
        words = _TAG.sub(" ", visible)
        yield from self._prose(" ".join(words.split()))

    def _admonition(self, index: int) -> Iterator[str]:
        """What an admonition holds, behind its kind in bold."""
        label = f"**{self._content.blocks[index].admonition.capitalize()}:**"
        shown = list(self._inside(index))
        if shown and not shown[0].startswith(_BLOCK_STARTS):
            shown[0] = f"{label} {shown[0]}"
        elif shown:
            shown.insert(0, label)
        yield from shown

    def _item(self, index: int) -> Iterator[str]:
        children = list(self._content.children(index))
        if self._content.blocks[index].parent < 0:
            children = children[: self._max_blocks]
        parts = [(child, shown) for child in children for shown in self._block(child)]
        if not children:
            parts = [(index, shown) for shown in self._prose(self._content.prose(index))]
        if not parts:
            return
        mark = f"{self._mark(index)} "
        text = parts[0][1]
        for (before, _), (child, shown) in pairwise(parts):
            text += self._joint(before, child) + shown
        yield mark + indented(text, " " * len(mark))[len(mark) :]

    def _mark(self, index: int) -> str:
        """The mark of an item: the document's, or Markdown's in place of another markup's."""
        block = self._content.blocks[index]
        mark = self._content.text[block.start : block.body_start].strip()
        if _LIST_MARK.fullmatch(mark):
            return mark
        return f"{self._content.number(index)}." if block.kind is BlockKind.STEP else "-"

    def _joint(self, before: int, index: int) -> str:
        """What separates two blocks of an item: a line break alone where the document has that."""
        one, other = self._content.blocks[before], self._content.blocks[index]
        # Markdown takes what follows a paragraph for the rest of it, if it can.
        continues = one.kind is BlockKind.PARAGRAPH and (
            other.kind is BlockKind.PARAGRAPH
            or (other.kind is BlockKind.STEP and other.number != 1)
        )
        tight = self._content.text.count("\n", one.end, other.start) < _BLANK_LINE
        tight = tight and before != index and not continues
        return "\n" if tight and {one.kind, other.kind} <= _JOINED_TIGHTLY else "\n\n"

    def _table_lines(self, index: int) -> list[str]:
        """The body of a table, behind the names of its columns where it has them."""
        names = self._content.source_lines(index)[: -len(self._content.body_lines(index))]
        return [
            *(line for line in names if "|" in line and any(map(str.isalnum, line))),
            *self._content.body_lines(index),
        ]

    def _table(self, index: int) -> str:
        """A table with as many cells in each row as columns; as code where it has no such rows."""
        lines = [line for line in self._content.source_lines(index) if line.strip()]
        is_markdown = len(lines) > 1 and is_rule(lines[1])
        if is_markdown:
            rules = cells(lines[1])
            rows = [cells(lines[0]), *map(cells, self._rows_asked_for(lines[2:]))]
        else:
            inside = [line for line in self._table_lines(index) if line.strip()]
            asked_for = [*inside[:1], *self._rows_asked_for(inside[1:])]
            rows = [cells(line) for line in asked_for if "|" in line]
            is_whole = len(rows) == len(asked_for) and len(rows) > 0 and len(rows[0]) > 1
            if not is_whole or max(map(len, rows)) > len(rows[0]):
                return quoted_code("\n".join(lines))
            rules = ["---"] * len(rows[0])
        head, *body = [_row([*row, *[""] * len(rules)][: len(rules)]) for row in rows]
        return "\n".join([head, f"|{'|'.join(rules)}|", *body])

    def _rows_asked_for(self, rows: Sequence[str]) -> Sequence[str]:
        """The rows that hold one of the names, or all rows where none does."""
        found = [row for row in rows if any(name in row.casefold() for name in self._names)]
        return found or rows


def _as_commonmark_reads(text: str) -> str:
    """The text with its line ends and null characters as every reader of Markdown takes them."""
    return _LINE_END.sub("\n", text).replace("\0", "\ufffd")


def _row(row: Sequence[str]) -> str:
    shown = (escaped(cell).replace("|", "\\|") for cell in row)
    return f"| {' | '.join(shown)} |"


def _at_margin(block: str) -> str:
    """A block at the top of a quotation: code is indented by a space, which no list takes."""
    return indented(block, MARGIN) if block.startswith("```") else block


def indented(block: str, indent: str) -> str:
    """Every line indented; empty ones stay as they are."""
    return "\n".join(indent + line if line else line for line in block.split("\n"))
