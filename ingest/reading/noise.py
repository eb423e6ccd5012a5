"""What stands in files and is no text of the document: it is kept out of chunks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from ingest.chunking.prose import cut_to_length
from ingest.reading.blocks import Block, BlockKind
from ingest.reading.notes import Note
from rag.errors import QuarantineError
from rag.text.blocks import BlockText
from rag.text.edits import edited

_DATA_URI = re.compile(r"data:[\w.+/-]{1,100};base64,[A-Za-z0-9+/=]{64,}+")
_HEADING_ANCHOR = re.compile(
    r"^(#{1,6}[ \t][^\n{}]*+)(?:\{#[\w:.-]++[^{}\n]*+\}|\{/\*[^*\n{}]*+\*/\})[ \t]*+$", re.MULTILINE
)
_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7})(?: .*+)?|={7}")
_CONFLICT_START = re.compile(r"^<{7} ", re.MULTILINE)
_CONFLICT_END = re.compile(r"^>{7} ", re.MULTILINE)
_COMMENTS = re.compile(r"(?:\s*+<!--(?:(?!-->)[\s\S])*+-->)++\s*+")
_MDX_LINE = re.compile(r"(?:import|export)\b[^\n]*+")
_MDX_START = re.compile(
    r"(?:import\s[^\n\"']*+[\"'][^\n]*+|export\s++(?:const|default|function|let)\b.*+)"
)
_ONLY_TAGS = re.compile(
    r"(?:\{\{[<%][^{}]*+\}\}|\{%[^{}]*+\}|\{\{[^{}]*+\}\}"
    r"|</?[A-Za-z][\w.-]*+(?:\s[^<>]*+)?/?>|\s)++"
)
_LINK_DEFINITION = re.compile(r"\s*\[[^\]\n]+\]:\s*(?!data:)\S")
_LAYOUT_TAG = re.compile(
    r"</?(?:details|summary|div|center|section)(?:\s[^<>\n]*+)?>", re.IGNORECASE
)
# Generators of tables of contents and people write them as lists of links to anchors.
_LINK_TO_SECTION = re.compile(
    r"\s*+(?:[-*+]|\d{1,3}[.)])\s++\[(?:[^\[\]\n]|\[[^\[\]\n]*+\])++\]\(#[^\s)]*+\)\s*+"
)
_CONTENTS = re.compile(
    r"\W*(?:(?:table of )?contents|toc|on this page|in this document|overview of sections)\b"
    r"(?:[^\n]*\bDocToc\b[^\n]*)?\W*",
    re.IGNORECASE,
)
_MIN_CONTENTS = 3  # fewer links to sections may be a sentence's list
_LFS = b"version https://git-lfs.github.com/spec/v1"
_LFS_BYTES = 1024


def refuse_lfs_pointer(data: bytes) -> None:
    """Raise QuarantineError for a file that only names its content in Git LFS."""
    if data.startswith(_LFS) and len(data) < _LFS_BYTES:
        raise QuarantineError(
            "a Git LFS pointer: its content was not fetched; run `git lfs pull` in the checkout", 1
        )


def cleaned(text: str, suffix: str, first_line: int) -> tuple[str, list[Note]]:
    """A text with the same lines, without embedded images and the markers of merge conflicts;
    of Markdown without the anchors of headings.
    """
    notes: list[Note] = []
    if ";base64," in text:
        text = _DATA_URI.sub("data:", text)
    if "{#" in text or "{/*" in text:
        text = _HEADING_ANCHOR.sub(r"\1", text) if suffix in (".md", ".mdx", ".markdown") else text
    if _CONFLICT_START.search(text) and _CONFLICT_END.search(text):
        lines = text.split("\n")
        for place, line in enumerate(lines):
            if _CONFLICT.fullmatch(line):
                lines[place] = ""
                if line.startswith("<"):
                    note = "a merge conflict was never resolved; both sides are indexed"
                    notes.append(Note(first_line + place, note))
        text = "\n".join(lines)
    return text, notes


def without_noise(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks without comments, directives, imports, tags that only lay out, and tables of
    contents.
    """
    kept = [one for block in _kept(blocks) for one in _without_layout_tags(block)]
    return tuple(_without_contents(kept))


def _kept(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        if block.kind is BlockKind.OTHER:
            is_noise = _LINK_DEFINITION.match(block.text) is None
        elif block.kind is BlockKind.HTML:
            bare = _COMMENTS.fullmatch(block.text) or _ONLY_TAGS.fullmatch(block.text)
            is_noise = bare is not None
        elif block.kind is BlockKind.PARAGRAPH:
            is_noise = _ONLY_TAGS.fullmatch(block.text) is not None or _is_code_of_mdx(block.text)
        else:
            is_noise = False
        if not is_noise:
            yield block


def _is_code_of_mdx(text: str) -> bool:
    lines = text.split("\n")
    return _MDX_START.fullmatch(lines[0]) is not None and all(map(_MDX_LINE.fullmatch, lines))


def _without_layout_tags(block: Block) -> Iterator[Block]:
    """The block without tags that lay out what is in them; none where nothing else is in it."""
    tags = [
        (found.start(), found.end(), "")
        for part in block.tree
        if part.kind is BlockKind.HTML
        for found in _LAYOUT_TAG.finditer(block.text, part.start, part.end)
    ]
    if not tags:
        yield block
        return
    bare = edited(BlockText(block.text, block.tree), sorted(set(tags)))
    whole = replace(block, text=bare.text, parts=bare.blocks)
    yield from cut_to_length(whole, len(bare.text))


def _without_contents(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks without tables of contents: lists of links to the document's own sections.

    A title above one goes with it. A list that a sentence introduces is kept.
    """
    above: Block | None = None
    for is_list, run in groupby(blocks, _is_list_of_sections):
        inside = list(run)
        has_title = above is not None and _CONTENTS.fullmatch(above.title or above.text)
        introduced = above is not None and above.text.rstrip().endswith(":")
        is_contents = is_list and _links_in(inside) >= _MIN_CONTENTS
        drops = is_contents and bool(has_title or not introduced)
        if above is not None and not (drops and has_title):
            yield above
        above = None if drops else inside.pop()
        yield from [] if drops else inside
    if above is not None:
        yield above


def _is_list_of_sections(block: Block) -> bool:
    """Whether each line of a list is a link to an anchor of the same document."""
    if block.kind not in (BlockKind.ITEM, BlockKind.STEP):
        return False
    return all(map(_LINK_TO_SECTION.fullmatch, filter(str.strip, block.text.split("\n"))))


def _links_in(run: Sequence[Block]) -> int:
    return sum(block.text.count("](#") for block in run)
