"""HTML, by libxml2's parser, which takes linear time and knows each element's line.

Every element is visited once, without recursion.
"""

from __future__ import annotations

from collections import Counter

from lxml import etree

from ingest.formats.html_elements import (
    CODE_SPANS,
    HEADINGS,
    INLINE,
    admonition_of,
    count,
    is_dropped,
    is_layout,
    kind_of_item,
    language_of,
    line_of,
)
from ingest.formats.html_text import Words, code_lines, code_span, rows_of, words_of
from ingest.formats.nested_lines import MAX_DEPTH
from ingest.formats.nodes import Node, blocks_of
from ingest.reading.blocks import Block, BlockKind
from rag.errors import QuarantineError

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
    nodes = _Reader(first_line).read(root)
    title = root.find("head/title")  # one elsewhere names a picture (SVG), not the page
    lines = [] if title is None else words_of(title)
    if lines and not any(node.kind is BlockKind.HEADING and node.level == 1 for node in nodes):
        name = " ".join(text for text, _ in lines)
        line = first_line + line_of(title)
        nodes.insert(0, Node(BlockKind.HEADING, line, [(name, line)], level=1))
    return blocks_of(nodes, first_line + text.count("\n"))


class _Reader:
    """Makes the nodes of one page, whose text begins on this line of its file."""

    def __init__(self, first_line: int) -> None:
        self._first = first_line
        self._top: list[Node] = []
        self._open: list[tuple[etree._Element, Node]] = []
        self._words = Words()
        self._line = 0  # reached in the text, from 0
        self._items: Counter[etree._Element] = Counter()  # read so far, by list

    def read(self, root: etree._Element) -> list[Node]:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                self._leave(element)
                if element is not root:
                    self._add_words(element.tail)
            elif self._enter(element):
                self._add_words(element.text)
            else:
                walk.skip_subtree()
        self._flush()
        return self._top

    def _enter(self, element: etree._Element) -> bool:
        """Begin an element; returns whether to look at what is in it."""
        self._line = max(self._line, line_of(element))
        number = self._number(element) if element.tag == "li" else 0
        if is_dropped(element):
            return False
        if element.tag in CODE_SPANS and "\n" not in "".join(element.itertext()).strip():
            self._words.add(code_span(element), self._line)
            return False
        if element.tag == "br":
            self._words.add_break(self._line)
        if element.tag in INLINE:
            return True
        self._flush()
        leaf = self._leaf(element)
        if leaf is not None:
            self._add(leaf)
            self._line = max(self._line, leaf.last - self._first)
            return False
        self._begin(element, number)
        return True

    def _leave(self, element: etree._Element) -> None:
        if element.tag not in INLINE or self._is_open(element):
            self._flush()
        if self._is_open(element):
            _, node = self._open.pop()
            node.last = self._first + self._line

    def _is_open(self, element: etree._Element) -> bool:
        return bool(self._open) and self._open[-1][0] is element

    def _begin(self, element: etree._Element, number: int) -> None:
        """Open the node of an element that holds others, if it is one."""
        kind = admonition_of(element)
        node = None
        if kind:
            node = self._node(BlockKind.ADMONITION)
            node.admonition = kind
        elif element.tag == "li":
            node = self._node(kind_of_item(element))
            if node.kind is BlockKind.STEP:
                node.mark, node.number = f"{number}. ", max(number, 0)
        elif element.tag == "blockquote":
            node = self._node(BlockKind.QUOTE)
        if node is not None and len(self._open) < MAX_DEPTH:
            self._add(node)
            self._open.append((element, node))

    def _leaf(self, element: etree._Element) -> Node | None:
        """The node of an element that holds no other; None for one whose children are visited."""
        if element.tag in HEADINGS:
            kind = BlockKind.PARAGRAPH if self._open else BlockKind.HEADING
            node = self._node(kind, words_of(element))
            node.level = int(element.tag[1]) if kind is BlockKind.HEADING else 0
            return node
        if element.tag == "pre" or element.tag in CODE_SPANS:
            node = self._node(BlockKind.CODE, code_lines(element))
            node.language = language_of(element)
            return node
        if element.tag == "table" and not is_layout(element) and not self._is_in_admonition():
            node = self._node(BlockKind.TABLE, list(rows_of(element)))
            first = next(element.iter("tr"), None)
            node.head = int(first is not None and next(first.iter("th"), None) is not None)
            return node
        return None

    def _is_in_admonition(self) -> bool:
        return bool(self._open) and self._open[-1][1].kind is BlockKind.ADMONITION

    def _node(self, kind: BlockKind, lines: list[tuple[str, int]] | None = None) -> Node:
        numbered = [(text, self._first + line) for text, line in lines or []]
        last = max((line for _, line in numbered), default=self._first + self._line)
        return Node(kind, self._first + self._line, numbered, last=last)

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].children.append(node)
        else:
            self._top.append(node)

    def _add_words(self, text: str | None) -> None:
        if text:
            self._words.add(text, self._line)
            self._line += text.count("\n")

    def _flush(self) -> None:
        """Make a paragraph of the words that were read so far."""
        lines = self._words.take()
        if not lines or (self._is_in_admonition() and self._repeats_kind(lines)):
            return
        node = self._node(BlockKind.PARAGRAPH, lines)
        node.line = node.lines[0][1]
        self._add(node)

    def _repeats_kind(self, lines: list[tuple[str, int]]) -> bool:
        """Whether these words are only the label of the admonition that they begin."""
        node = self._open[-1][1]
        label = " ".join(text for text, _ in lines).strip(" :!").lower()
        return not node.children and label == node.admonition

    def _number(self, item: etree._Element) -> int:
        """An item's number in its list; `start` and `value` as a browser counts them."""
        parent = item.getparent()
        if parent is None:
            return 1
        before = self._items[parent]
        self._items[parent] += 1
        own, begun = count(item, "value"), count(parent, "start")
        return own if own is not None else (1 if begun is None else begun) + before
