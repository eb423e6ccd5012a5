"""Documents that are not Markdown as HTML, from the blocks that their chunks keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from api.web.code_rows import code_rows
from api.web.markdown_text import Shown
from api.web.sanitizing import sanitized
from rag.domain.documents import BlockKind
from rag.text.blocks import BlockText
from rag.text.tables import cells, is_rule

_MAX_HEADING = 6
_MAX_NESTING = 40
_LISTS = {BlockKind.STEP: "ol", BlockKind.ITEM: "ul"}


def render_blocks(content: BlockText, shown: Shown) -> str:
    """Sanitized HTML; a text without blocks is shown as it stands."""
    if not content.blocks:
        return sanitized(f"<pre><code>{shown.matches.marked(content.text)}</code></pre>")
    return sanitized("".join(_Renderer(content, shown).siblings(list(content.top()), 0)))


@dataclass(frozen=True, slots=True)
class _Renderer:
    """Renders the blocks of one text."""

    content: BlockText
    shown: Shown

    def siblings(self, indexes: list[int], depth: int) -> Iterator[str]:
        """Blocks that stand beside each other; neighbouring items share a list."""
        open_list = ""
        for index in indexes:
            wanted = _LISTS.get(self.content.blocks[index].kind, "")
            if wanted != open_list:
                yield f"</{open_list}>" if open_list else ""
                yield self._list_start(wanted, index) if wanted else ""
                open_list = wanted
            yield self._block(index, depth)
        if open_list:
            yield f"</{open_list}>"

    def _list_start(self, name: str, index: int) -> str:
        return f'<ol start="{self.content.number(index)}">' if name == "ol" else "<ul>"

    def _block(self, index: int, depth: int) -> str:
        block = self.content.blocks[index]
        attributes = self._attributes(index, depth)
        if block.kind is BlockKind.HEADING:
            tag = f"h{min(_MAX_HEADING, max(1, block.level) + self.shown.heading_shift)}"
            return f"<{tag}{attributes}>{self._marked(self.content.prose(index))}</{tag}>"
        if block.kind is BlockKind.CODE:
            return f"<div{attributes}>{self._code(index)}</div>"
        if block.kind is BlockKind.TABLE:
            return f"<div{attributes}>{self._table(index)}</div>"
        if block.kind in _LISTS:
            return f"<li{attributes}>{self._inside(index, depth)}</li>"
        if block.kind in (BlockKind.QUOTE, BlockKind.ADMONITION):
            return f"<blockquote{attributes}>{self._inside(index, depth)}</blockquote>"
        return f"<p{attributes}>{self._marked(self.content.prose(index))}</p>"

    def _inside(self, index: int, depth: int) -> str:
        children = self.content.children(index)
        if not children or depth >= _MAX_NESTING:
            return self._marked(self.content.prose(index))
        return "".join(self.siblings(children, depth + 1))

    def _code(self, index: int) -> str:
        shown = self.shown
        first = self._line(self.content.blocks[index].body_start)
        code = self.content.code(index).rstrip("\n")
        return code_rows(code, first, shown.commands, shown.matches, shown.warning)

    def _table(self, index: int) -> str:
        rows = [row for row in self.content.source_lines(index) if row.strip() and not is_rule(row)]
        lines = ("".join(f"<td>{self._marked(cell)}</td>" for cell in cells(row)) for row in rows)
        return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"

    def _attributes(self, index: int, depth: int) -> str:
        block = self.content.blocks[index]
        first, last = self._line(block.start), self._line(max(block.start, block.end - 1))
        anchor = f' id="L{first}"' if depth == 0 else ""
        cited = self.shown.cited
        is_cited = cited is not None and first <= cited.last and last >= cited.first
        return anchor + (' class="cited"' if is_cited and not self._has_children(index) else "")

    def _has_children(self, index: int) -> bool:
        return bool(self.content.children(index))

    def _line(self, offset: int) -> int:
        return self.shown.first_line + self.content.text.count("\n", 0, offset)

    def _marked(self, text: str) -> str:
        return self.shown.matches.marked(text) if text.strip() else escape(text)
