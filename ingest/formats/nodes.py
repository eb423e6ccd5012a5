"""A tree of nodes to blocks, for formats whose text is extracted: lines know their file's line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.reading.blocks import Block, BlockKind
from rag.domain import documents
from rag.domain.documents import LineSpan
from rag.text.admonitions import Sibling, WarningRun, warning_runs

# A line of extracted text, and the line of the file that it stands on.
TextLine = tuple[str, int]


@dataclass(slots=True)
class Node:
    """A block with its text, or with the nodes that are nested in it.

    `mark` is what stands before its text and is not part of its body, such as a step's number.
    `head` is how many of its lines name the columns of a table.
    """

    kind: BlockKind
    line: int
    lines: list[TextLine] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    mark: str = ""
    level: int = 0
    number: int = 0
    language: str = ""
    admonition: str = ""
    head: int = 0
    last: int = 0

    @property
    def text(self) -> str:
        return "\n".join(text for text, _ in self.lines)

    @property
    def is_empty(self) -> bool:
        if self.children:
            return all(child.is_empty for child in self.children)
        return not any(text.strip() for text, _ in self.lines)


def blocks_of(nodes: Sequence[Node], last_line: int) -> tuple[Block, ...]:
    """The nodes as blocks in their order, without empty ones; warnings by a label are grouped."""
    kept = [node for node in nodes if not node.is_empty]
    return tuple(_Assembled().block(node, last_line) for node in with_warnings(kept))


def with_warnings(nodes: Sequence[Node]) -> list[Node]:
    """The nodes, with each warning that only a label marks as one of kind ADMONITION."""
    siblings = [Sibling(node.kind, _prose(node), node.admonition) for node in nodes]
    made: list[Node] = []
    place = 0
    for run in warning_runs(siblings):
        made += nodes[place : run.first]
        made.append(_warning(nodes[run.first : run.behind], run))
        place = run.behind
    return [*made, *nodes[place:]]


def _prose(node: Node) -> str:
    """What a paragraph says; of an admonition, its last paragraph."""
    while node.kind is BlockKind.ADMONITION and node.children:
        node = node.children[-1]
    return node.text if node.kind is BlockKind.PARAGRAPH else ""


def _warning(nodes: Sequence[Node], run: WarningRun) -> Node:
    first, *others = nodes
    if first.kind is BlockKind.ADMONITION:
        last = max(node.last for node in nodes)
        return replace(first, children=[*first.children, *others], last=last)
    mark, rest = first.text[: run.label_end], first.text[run.label_end :]
    skipped = first.text.count("\n", 0, run.label_end)
    numbers = [number for _, number in first.lines[skipped:]]
    lines = list(zip(rest.split("\n"), numbers, strict=True))
    if not rest.strip():
        mark, inside = f"{mark}{rest}".rstrip() + "\n", others
    else:
        inside = [replace(first, lines=lines), *others]
    last = max(node.last for node in nodes)
    if not inside:
        return first
    return Node(
        BlockKind.ADMONITION,
        first.line,
        children=list(inside),
        mark=mark,
        admonition=run.kind,
        last=last,
    )


class _Assembled:
    """Puts the text of one top node together, with offsets and line numbers."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._numbers: list[int] = []
        self._parts: list[documents.Block] = []

    def block(self, node: Node, last_line: int) -> Block:
        self._add(node, -1, "")
        text = "".join(self._text)
        numbers = tuple(min(number, last_line) for number in self._numbers)
        first = min(node.line, last_line)
        last = max(first, min(max(node.last, *numbers), last_line))
        title = " ".join(text.split()) if node.kind is BlockKind.HEADING else ""
        top = self._parts[0]
        about = (node.level, title, top.language, top.admonition)
        span = LineSpan(first, last)
        return Block(node.kind, text, span, *about, parts=tuple(self._parts), line_numbers=numbers)

    def _write(self, text: str, line: int) -> None:
        if not self._text:
            self._numbers.append(line)
        self._text.append(text)
        self._length += len(text)
        self._numbers += [line] * text.count("\n")

    def _add(self, node: Node, parent: int, admonition: str) -> None:
        start, index = self._length, len(self._parts)
        kind = node.admonition or admonition
        block = documents.Block(
            node.kind,
            start,
            start,
            start,
            start,
            parent,
            level=node.level,
            number=node.number,
            language=node.language if node.kind is BlockKind.CODE else "",
            admonition=kind,
        )
        self._parts.append(block)
        self._write(node.mark, _first_line(node))
        body = self._length
        if node.children:
            self._add_children(node, index, kind)
        else:
            for text in self._lines(node):
                self._length += len(text)
                self._text.append(text)
            body += len("".join(f"{text}\n" for text, _ in node.lines[: node.head]))
        end = self._length
        self._parts[index] = replace(block, end=end, body_start=min(body, end), body_end=end)

    def _add_children(self, node: Node, index: int, admonition: str) -> None:
        inside = [child for child in node.children if not child.is_empty]
        inside = inside if admonition else with_warnings(inside)
        for place, child in enumerate(inside):
            if place:
                self._write("\n", _first_line(child))
            self._add(child, index, admonition)

    def _lines(self, node: Node) -> Iterator[str]:
        for place, (text, number) in enumerate(node.lines):
            if place:
                yield "\n"
                self._numbers.append(number)
            elif not self._numbers:
                self._numbers.append(number)
            yield text


def _first_line(node: Node) -> int:
    while node.children:
        node = next((child for child in node.children if not child.is_empty), node.children[0])
    return node.lines[0][1] if node.lines else node.line
