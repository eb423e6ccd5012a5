"""Markdown as blocks with offsets, by markdown-it-py: for documents and for what a model writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.domain.documents import Block, BlockKind
from rag.text.blocks import BlockText
from rag.text.lines import Lines
from rag.text.markdown_containers import Container, container_rules
from rag.text.warning_blocks import with_warnings

_MAX_NESTING = 40
_KINDS = {
    "heading_open": BlockKind.HEADING,
    "paragraph_open": BlockKind.PARAGRAPH,
    "table_open": BlockKind.TABLE,
    "blockquote_open": BlockKind.QUOTE,
    "list_item_open": BlockKind.ITEM,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
    "html_block": BlockKind.HTML,
    "hr": BlockKind.OTHER,
    "admonition_open": BlockKind.ADMONITION,
    "tab_open": BlockKind.ITEM,
    "code_tag": BlockKind.CODE,
}
_NESTING = frozenset({BlockKind.STEP, BlockKind.ITEM, BlockKind.QUOTE, BlockKind.ADMONITION})
_QUOTING = frozenset({BlockKind.QUOTE, BlockKind.ADMONITION})
_LIST_MARK = re.compile(r"(?:\d{1,9}[.)]|[-*+])[ \t]*")
_QUOTE_MARK = re.compile(r">[ \t]*")
_QUOTES = re.compile(r"(?:(?<![ \t])[ \t]++)?>(?:[ \t]*+>)*+[ \t]?")
_HEADING_MARK = re.compile(r"#{1,6}[ \t]*")
_INDENT = re.compile(r"[ \t]*")
_INDENT_IN_QUOTE = re.compile(r"[ \t>]*")
_LANGUAGE = re.compile(r"\s*+\{?\s*+\.?([\w+-]+)")
# MyST's directives of code, whose options come first.
_CODE_DIRECTIVE = re.compile(
    r"\s*+\{(?:code-block|code|code-cell|sourcecode|prompt)\}\s*+([\w+-]+)"
)
_OPTION_LINES = re.compile(r"(?:[ \t]*+:[\w-]++:[^\n]*+\n)*+")
# GitHub's alerts: https://docs.github.com/en/get-started/writing-on-github (Alerts)
# and those of Obsidian, which may be folded and have a title.
_ALERT = re.compile(r"\[!([A-Za-z][A-Za-z-]{0,19})\][-+]?[ \t]*+(.*+)")
_HTML_HEADING = re.compile(
    r"<h([1-6])(?![\w-])[^<>]*+>\s*+((?:(?!</?h[1-6])[\s\S])*+)</h[1-6]\s*+>\s*+", re.IGNORECASE
)
_TAGS = re.compile(r"(?:<[^<>]*+>|\s)*+")
_PREFORMATTED = re.compile(
    r"<pre(?![\w-])([^<>]*+>(?:\s*+<code(?![\w-])[^<>]*+>)?+)([^<]*+)(?:</code\s*+>\s*+)?+</pre\s*+>",
    re.IGNORECASE,
)
_LANGUAGE_OF_CLASS = re.compile(r"(?:language|lang|highlight|brush)[-: ]\s?([\w+-]+)")
_TABLE_HEAD_LINES = 2  # the names of the columns, and the rule below them


@dataclass(frozen=True, slots=True)
class Markdown:
    """A Markdown text's blocks, which together hold all of it but its blank lines.

    `definitions` are those of its links, as markdown-it-py keeps them.
    """

    blocks: tuple[Block, ...]
    definitions: Mapping[str, object]

    def without_inline_markup(self, text: str) -> str:
        """Some of the text as it is read: no emphasis, no targets of links, no images."""
        [inline] = _inline_parser().parseInline(text, dict(self.definitions))
        shown = "".join(
            " " if child.type in ("softbreak", "hardbreak") else child.content
            for child in inline.children or ()
            if child.type in ("text", "code_inline", "softbreak", "hardbreak")
        )
        return " ".join(shown.split())


def parse_markdown(text: str, *, dialects: bool = False) -> Markdown:
    """Blocks of CommonMark with tables and alerts; with `dialects` the containers of others too.

    Raises RecursionError for markup that is nested beyond what the parser bears.
    """
    environment: dict[str, Any] = {}
    collected = _Collected(Lines(text))
    enclosing: list[int] = []  # for each open token, the block that it opens or is in
    parser = _dialects_parser() if dialects else _block_parser()
    for token in parser.parse(text, environment):
        if token.nesting < 0:
            enclosing.pop()
            continue
        index = collected.take(token, enclosing[-1] if enclosing else -1)
        if token.nesting > 0:
            enclosing.append(index)
    blocks = collected.finished()
    definitions = {key: environment[key] for key in ("references",) if key in environment}
    return Markdown(with_warnings(text, blocks) if dialects else blocks, definitions)


def markdown_text(text: str) -> BlockText:
    """A text that is read as Markdown; as one paragraph where its markup is nested too deeply."""
    try:
        return BlockText(text, parse_markdown(text).blocks)
    except RecursionError:
        end = len(text)
        return BlockText(text, (Block(BlockKind.PARAGRAPH, 0, end, 0, end),) if text else ())


@cache
def _block_parser() -> MarkdownIt:
    # Inline markup takes most of the time of a parse, and blocks do not depend on it.
    options = {"maxNesting": _MAX_NESTING}
    return MarkdownIt("commonmark", options).enable("table").disable("inline")


@cache
def _dialects_parser() -> MarkdownIt:
    options = {"maxNesting": _MAX_NESTING}
    parser = MarkdownIt("commonmark", options).enable("table").disable("inline")
    return parser.use(container_rules)


@cache
def _inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})


class _Collected:
    """Blocks in their order; lines that no token covers become blocks of kind OTHER."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._text = lines.text
        self._blocks: list[Block] = []
        self._next_line = 0  # the first that no block at the top covers

    def take(self, token: Token, parent: int) -> int:
        """The index of the block that a token opens, or of the one that it is in."""
        kind = _KINDS.get(token.type)
        outer = self._blocks[parent] if parent >= 0 else None
        if kind is None or not token.map or (outer and outer.kind not in _NESTING):
            return parent
        first, behind = self._lines.trimmed(*token.map)
        start, end = self._lines.start(first), self._lines.end(behind - 1)
        if outer:
            start, end = max(start, outer.body_start), min(end, outer.body_end)
        else:
            self._fill(first)
            self._next_line = behind
        if not self._text[start:end].strip():
            return parent
        self._blocks.append(self._block(token, kind, start, end, parent))
        index = len(self._blocks) - 1
        container = token.meta.get("container")
        if container and container.title:
            self._add_title(container, index)
        if kind is BlockKind.HTML and self._blocks[index].kind is kind:
            self._add_preformatted(index)
        return index

    def _add_preformatted(self, parent: int) -> None:
        """The code of `<pre>` elements in raw HTML, where it holds no other elements."""
        outer = self._blocks[parent]
        for found in _PREFORMATTED.finditer(self._text, outer.start, outer.end):
            inside = found[2]
            if not inside.strip():
                continue
            start = found.start(2) + len(inside) - len(inside.lstrip("\n"))
            end = max(start, found.start(2) + len(inside.rstrip()))
            language = _LANGUAGE_OF_CLASS.search(found[1])
            named = language[1].lower() if language else ""
            span = (start, end, start, end, parent)
            self._blocks.append(
                Block(BlockKind.CODE, *span, language=named, admonition=outer.admonition)
            )

    def _add_title(self, container: Container, parent: int) -> None:
        """The title of a container as the first paragraph in it."""
        line, start, end = container.title or (0, 0, 0)
        title = self._text[self._lines.start(line) + start : self._lines.start(line) + end]
        begin = self._lines.start(line) + start + len(title) - len(title.lstrip())
        last = begin + len(title.strip())
        admonition = self._blocks[parent].admonition
        span = (begin, last, begin, last, parent)
        self._blocks.append(Block(BlockKind.PARAGRAPH, *span, admonition=admonition))

    def finished(self) -> tuple[Block, ...]:
        self._fill(len(self._lines))
        return tuple(self._blocks)

    def _fill(self, behind: int) -> None:
        """Blocks of the runs of lines, up to before `behind`, that no token covers."""
        for start, end in self._lines.runs(self._next_line, behind):
            self._blocks.append(Block(BlockKind.OTHER, start, end, start, end))

    def _block(self, token: Token, kind: BlockKind, start: int, end: int, parent: int) -> Block:
        content = self._behind(_INDENT_IN_QUOTE if self._is_quoted(parent) else _INDENT, start, end)
        admonition = self._blocks[parent].admonition if parent >= 0 else ""
        block = Block(kind, start, end, content, end, parent, admonition=admonition)
        if "container" in token.meta:
            return self._container(block, token.meta["container"])
        if kind is BlockKind.HEADING:
            return self._heading(block, token)
        if kind is BlockKind.ITEM:
            block = replace(block, body_start=self._behind(_LIST_MARK, content, end))
            # Only an item of an ordered list has its number there.
            return (
                replace(block, kind=BlockKind.STEP, number=int(token.info)) if token.info else block
            )
        if kind is BlockKind.QUOTE:
            return self._quote(block)
        if kind is BlockKind.TABLE:
            rows = self._lines.start(self._lines.number(start) + _TABLE_HEAD_LINES)
            return replace(block, body_start=min(rows, end))
        if kind is BlockKind.PARAGRAPH:
            return block
        if token.type == "fence":
            return self._fenced(block, token)
        if kind is BlockKind.HTML and (found := self._html_heading(start, end)):
            begin, behind = found.span(2)
            level, kind = int(found[1]), BlockKind.HEADING
            return replace(block, kind=kind, level=level, body_start=begin, body_end=behind)
        block = replace(block, body_start=start)
        return self._indented(block, token) if token.type == "code_block" else block

    def _is_quoted(self, parent: int) -> bool:
        while parent >= 0 and self._blocks[parent].kind not in _QUOTING:
            parent = self._blocks[parent].parent
        return parent >= 0

    def _behind(self, mark: re.Pattern[str], start: int, end: int) -> int:
        found = mark.match(self._text, start, end)
        return found.end() if found else start

    def _heading(self, block: Block, token: Token) -> Block:
        start, end = block.body_start, block.end
        if token.markup.startswith("#"):
            start = self._behind(_HEADING_MARK, start, end)
            body = self._text[start:end].rstrip()
            bare = body.rstrip("#")
            closed = bare != body and (not bare or bare[-1] in " \t")
            end = start + len(bare.rstrip() if closed else body)
        else:  # underlined
            last = self._lines.number(end) - 1
            end = max(start, min(end, self._lines.end(last)))
        return replace(block, level=int(token.tag[1:]), body_start=start, body_end=end)

    def _html_heading(self, start: int, end: int) -> re.Match[str] | None:
        """A heading in raw HTML that only tags without text, such as a logo's, follow."""
        found = _HTML_HEADING.match(self._text, start, end)
        bare = found and _TAGS.fullmatch(self._text, found.end(), end)
        return found if bare else None

    def _container(self, block: Block, container: Container) -> Block:
        start, end = (
            min(max(self._lines.start(line) + column, block.start), block.end)
            for line, column in (container.start, container.end)
        )
        if block.kind is BlockKind.CODE:
            return replace(
                block, body_start=start, body_end=max(start, end), language=container.kind
            )
        kind = container.kind or block.admonition
        return replace(block, body_start=start, body_end=max(start, end), admonition=kind)

    def _quote(self, block: Block) -> Block:
        """A quote, or the alert that it is by its first line."""
        start = self._behind(_QUOTE_MARK, block.body_start, block.end)
        line = self._lines.number(start)
        alert = _ALERT.fullmatch(self._text, start, min(self._lines.end(line), block.end))
        if not alert:
            return replace(block, body_start=start)
        # What stands behind the mark is a title, which is part of the body.
        below = alert.start(2) if alert[2] else min(self._lines.start(line + 1), block.end)
        return replace(
            block, kind=BlockKind.ADMONITION, body_start=below, admonition=alert[1].lower()
        )

    def _fenced(self, block: Block, token: Token) -> Block:
        opening, last = self._lines.number(block.start), self._lines.number(block.end)
        start = min(self._lines.start(opening + 1), block.end)
        end = block.end
        if last > opening and self._closes(token.markup, last, block.end):
            end = max(start, self._lines.end(last - 1))
        directive = _CODE_DIRECTIVE.match(token.info)
        if directive:
            options = _OPTION_LINES.match(self._text, start, end)
            start = options.end() if options else start
        language = directive or _LANGUAGE.match(token.info)
        block = replace(
            block,
            body_start=start,
            body_end=max(start, end),
            language=language[1].lower() if language else "",
        )
        return self._indented(block, token)

    def _indented(self, block: Block, token: Token) -> Block:
        """Code with the indent that the parser has taken from its first line that is not blank."""
        body = self._text[block.body_start : block.body_end].split("\n")
        for line, code in zip(body, token.content.split("\n"), strict=False):
            if code.strip() and line.endswith(code):
                return replace(block, indent=len(_QUOTES.sub("", line[: -len(code)])))
        return block

    def _closes(self, mark: str, line: int, end: int) -> bool:
        last = self._text[self._lines.start(line) : end].lstrip(" \t>").rstrip()
        return last.startswith(mark) and not last.strip(mark[0])
