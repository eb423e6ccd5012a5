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
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from rag.answering.escaping import Attribution, Unquotable, escaped
from rag.guardrails.redaction import redacted

# Deeper nesting is shown as it stands, as code.
_MAX_NESTING = 24
_LINE_END = re.compile(r"\r\n?")
_BACKTICKS = re.compile(r"`+")
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
MARGIN = " "
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<[^<>]*+>")
_NOT_SHOWN = re.compile(r"\s*<(?:script|style)\b", re.IGNORECASE)
_HOLDS_CODE = re.compile(r"<(?:pre|code)\b", re.IGNORECASE)
_ALIGNMENTS = {"text-align:left": ":---", "text-align:center": ":---:", "text-align:right": "---:"}


def quotation(markdown: str, marker: int, remark: str = "") -> str:
    """Some blocks of a document, with the marker behind each sentence or below what has none.

    The remark, in the program's own words, stands behind the first marker.
    """
    attribution = Attribution(marker, remark)
    text = _LINE_END.sub("\n", markdown).replace("\0", "\ufffd")  # as CommonMark reads them
    shown = [_at_margin(block) for block in _blocks(text, attribution)]
    if not attribution.given:
        shown.append(attribution.take())
    return "\n\n".join(shown)


def quoted_sentence(text: str, marker: int, remark: str = "") -> str:
    """One sentence, or one row of a table, on lines of a paragraph with its marker at the end."""
    attribution = Attribution(marker, remark)
    return f"{escaped(text)} {attribution.take()}"


def quoted_code(code: str, language: str = "") -> str:
    """Code between fences that it cannot close, byte for byte but for redacted secrets."""
    code = redacted(code)
    longest = max((len(run) for run in _BACKTICKS.findall(code)), default=0)
    fence = "`" * max(3, longest + 1)
    body = code if not code or code.endswith("\n") else f"{code}\n"
    return f"{fence}{language if _LANGUAGE.fullmatch(language) else ''}\n{body}{fence}"


def _blocks(markdown: str, attribution: Attribution) -> list[str]:
    tokens = _parser().parse(markdown)
    if any(token.level >= _MAX_NESTING - 1 for token in tokens):
        return [quoted_code(markdown)]
    return list(_rendered(SyntaxTreeNode(tokens).children, attribution))


@cache
def _parser() -> MarkdownIt:
    """Blocks alone: what stands in a line is read by rag/answering/escaping.py."""
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
    parser.core.ruler.enableOnly(["block"])
    return parser


def _rendered(nodes: Sequence[SyntaxTreeNode], attribution: Attribution) -> Iterator[str]:
    """Each block, without blank lines around it; those that show nothing are left out."""
    for node in nodes:
        if node.type in ("fence", "code_block"):
            if node.content.strip():
                yield quoted_code(node.content, (node.info.split() or [""])[0])
        elif node.type == "table":
            yield _table(node)
        elif node.type == "html_block":
            yield from _html(node.content, attribution)
        elif node.type in ("bullet_list", "ordered_list"):
            yield from _list(node, attribution)
        elif node.type == "inline":
            yield from _prose(node.content, attribution)
        else:  # a paragraph, a heading or a block quote: what stands inside it
            yield from _rendered(node.children, attribution)


def _prose(text: str, attribution: Attribution) -> Iterator[str]:
    attempt = replace(attribution)
    try:
        shown = escaped(text, attempt)
        attribution.remark, attribution.given = attempt.remark, attempt.given
    except Unquotable:
        shown = quoted_code(text)
    if shown:
        yield shown


def _html(html: str, attribution: Attribution) -> Iterator[str]:
    """The words between tags; preformatted text as it stands; of comments and scripts nothing."""
    if _NOT_SHOWN.match(html):
        return
    visible = _COMMENT.sub(" ", html).strip()
    if not _TAG.search(visible):
        yield from _prose(visible, attribution)
        return
    if _HOLDS_CODE.search(html) or "`" in html:
        yield quoted_code(html, "html")
        return
    words = _TAG.sub(" ", visible)
    yield from _prose(" ".join(words.split()), attribution)


def _list(node: SyntaxTreeNode, attribution: Attribution) -> Iterator[str]:
    items = [shown for item in node.children for shown in _item(item, attribution)]
    if items:
        yield _joint(node.children).join(items)


def _item(node: SyntaxTreeNode, attribution: Attribution) -> Iterator[str]:
    shown = list(_rendered(node.children, attribution))
    if shown:
        mark = f"{node.info}{node.markup} "
        body = indented(_joint([node]).join(shown), " " * len(mark))
        yield mark + body[len(mark) :]


def _joint(items: Sequence[SyntaxTreeNode]) -> str:
    """What separates the blocks of these items: nothing but a line break in a tight list."""
    blocks = [block for item in items for block in item.children]
    loose = any(block.type == "paragraph" and not block.hidden for block in blocks)
    return "\n\n" if loose or any(block.type == "table" for block in blocks) else "\n"


def _table(node: SyntaxTreeNode) -> str:
    rows = [row for part in node.children for row in part.children]
    rules = [_ALIGNMENTS.get(str(cell.attrs.get("style", "")), "---") for cell in rows[0].children]
    head, *body = [_row(_cell(cell) for cell in row.children) for row in rows]
    return "\n".join([head, f"|{'|'.join(rules)}|", *body])


def _row(cells: Iterator[str] | Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(node: SyntaxTreeNode) -> str:
    text = node.children[0].content if node.children else ""
    return escaped(text).replace("|", "\\|")


def _at_margin(block: str) -> str:
    """A block at the top of a quotation: code is indented by a space, which no list takes."""
    return indented(block, MARGIN) if block.startswith("```") else block


def indented(block: str, indent: str) -> str:
    """Every line indented; empty ones stay as they are."""
    return "\n".join(indent + line if line else line for line in block.split("\n"))
