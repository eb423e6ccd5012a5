"""The anchors that authors declare for headings, which sites use in place of those they make.

Markdown            ## Title {#anchor}    ## Title {id="anchor"}    ## Title {/*#anchor*/}
                    <a id="anchor"></a> in a heading or on a line above it
AsciiDoc            [#anchor] or [[anchor]] on a line above
reStructuredText    .. _anchor: on a line above
HTML                <h2 id="anchor">
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ingest.reading.blocks import Block, BlockKind

_ANCHOR = r"([\w:.-]{1,200}+)"
_AT_THE_END = re.compile(rf"\{{(?:(?:/\*\s?)?#|id=[\"']?){_ANCHOR}[^{{}}\n]*+\}}[ \t]*+$")
_TAG = re.compile(r"<(?:a|h[1-6]|span)\s([^<>]{0,300}+)>", re.IGNORECASE)
_ID = re.compile(rf"\b(?:id|name)=[\"']?{_ANCHOR}", re.IGNORECASE)
_MARKDOWN = re.compile(r"[ \t]{0,20}+<a\s([^<>]{0,300}+)>(?:</a>)?[ \t]*+", re.IGNORECASE)
_ASCIIDOC = re.compile(r"\[([^\]\n]{1,300}+)\]{1,2}[ \t]*+")
_ASCIIDOC_ID = re.compile(r"(?:\[|[\w%.]{0,100}+#)([\w:-]{1,200}+)")
_RESTRUCTURED_TEXT = re.compile(r"\.\. _`?([^`:\n]{1,200}+)`?:[ \t]*+")
# What stands above a heading, and the anchor in it.
_ABOVE = {
    **dict.fromkeys((".md", ".mdx", ".markdown"), (_MARKDOWN, _ID)),
    **dict.fromkeys((".adoc", ".asciidoc"), (_ASCIIDOC, _ASCIIDOC_ID)),
    ".rst": (_RESTRUCTURED_TEXT, re.compile(r"(.+)")),
}
_MAX_BETWEEN = 3  # lines between an anchor and its heading that are blank or attributes
_MAX_LINE = 1000  # characters of a line that are looked at
Anchors = tuple[tuple[str, str], ...]


def declared_anchors(blocks: Iterable[Block], text: str, suffix: str, first_line: int) -> Anchors:
    """The title and the anchor of each heading that has one of its own, the first of each title.

    `text` is what the blocks were read from, and `first_line` the line of the file it begins on.
    """
    lines = [line[:_MAX_LINE] for line in text.split("\n")]
    found: dict[str, str] = {}
    for block in blocks:
        at = block.lines.first - first_line
        if block.kind is not BlockKind.HEADING or not block.title or not 0 <= at < len(lines):
            continue  # what is extracted may have lines of its own
        if anchor := _of_heading(lines, at, suffix):
            found.setdefault(block.title, anchor)
    return tuple(found.items())


def _of_heading(lines: list[str], at: int, suffix: str) -> str:
    if own := _AT_THE_END.search(lines[at]):
        return own[1]
    for tag in _TAG.finditer(lines[at]):
        if own := _ID.search(tag[1]):
            return own[1]
    if suffix not in _ABOVE:
        return ""
    whole, inside = _ABOVE[suffix]
    for line in _above(lines, at):
        match = whole.fullmatch(line)
        anchor = inside.search(match[1]) if match else None
        if anchor:
            return _id_of_label(anchor[1]) if suffix == ".rst" else anchor[1]
    return ""


def _id_of_label(label: str) -> str:
    """As docutils makes an id of a label: https://docutils.sourceforge.io (nodes.make_id)."""
    return "-".join(re.findall(r"[a-z0-9]+", label.lower()))


def _above(lines: list[str], at: int) -> Iterator[str]:
    """The nearest lines above a heading, up to one that is text."""
    for line in reversed(lines[max(0, at - 1 - _MAX_BETWEEN) : at]):
        yield line
        if line.strip() and not line.startswith(("[", ".. _")):
            return
