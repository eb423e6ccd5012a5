"""The anchors that authors declare for headings, which sites use in place of those they make.

Markdown            ## Title {#anchor}    ## Title {/*#anchor*/}    <a id="anchor"></a>
AsciiDoc            [#anchor] or [[anchor]] on a line above
reStructuredText    .. _anchor: on a line above
HTML                <h2 id="anchor">
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ingest.reading.blocks import Block, BlockKind

_ANCHOR = r"([\w:.-]{1,200})"
_AT_THE_END = re.compile(rf"\{{(?:/\*\s?)?#{_ANCHOR}[^{{}}\n]*+\}}[ \t]*+$")
_ELEMENT = re.compile(rf"<(?:a|h[1-6]|span)\s[^<>]*?\b(?:id|name)=[\"']?{_ANCHOR}", re.IGNORECASE)
_ASCIIDOC = re.compile(
    r"\[(?:\[([\w:-]{1,200})(?:,[^\]\n]*+)?\]|[\w%.]*+#([\w:-]{1,200})[^\]\n]*+)\][ \t]*+"
)
_RESTRUCTURED_TEXT = re.compile(rf"\.\. _`?{_ANCHOR}`?:[ \t]*+")
_MARKDOWN_ABOVE = re.compile(
    rf"[ \t]*+<a\s[^<>]*?\b(?:id|name)=[\"']?{_ANCHOR}[\"'][^<>]*+>(?:</a>)?[ \t]*+", re.IGNORECASE
)
_ABOVE = {
    ".md": _MARKDOWN_ABOVE,
    ".mdx": _MARKDOWN_ABOVE,
    ".markdown": _MARKDOWN_ABOVE,
    ".adoc": _ASCIIDOC,
    ".asciidoc": _ASCIIDOC,
    ".rst": _RESTRUCTURED_TEXT,
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
        if block.kind is BlockKind.HEADING and block.title:
            anchor = _of_heading(lines, block.lines.first - first_line, suffix)
            if anchor:
                found.setdefault(block.title, anchor)
    return tuple(found.items())


def _of_heading(lines: list[str], at: int, suffix: str) -> str:
    own = _AT_THE_END.search(lines[at]) or _ELEMENT.search(lines[at])
    if own:
        return own[1]
    above = _ABOVE.get(suffix)
    if above is None:
        return ""
    for line in _above(lines, at):
        if match := above.fullmatch(line):
            anchor = next(filter(None, match.groups()))
            return _id_of_label(anchor) if suffix == ".rst" else anchor
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
