"""What stands in files and is no text of the document: it is kept out of chunks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from ingest.chunking.prose import cut_to_length
from ingest.reading.blocks import Block, BlockKind
from ingest.reading.notes import Note
from rag.domain import documents
from rag.errors import QuarantineError
from rag.text.blocks import BlockText
from rag.text.code_spans import code_and_comments, masked
from rag.text.edits import Edit, edited

_DATA_URI = re.compile(r"data:[\w.+/-]{1,100};base64,[A-Za-z0-9+/=]{64,}+")
_ANCHOR_AT_THE_END = r"(?:\{(?:#[\w:.-]++|(?:id|class)=)[^{}\n]*+\}|\{/\*[^*\n{}]*+\*/\})[ \t]*+"
_HEADING_ANCHOR = re.compile(
    rf"^(#{{1,6}}[ \t][^\n{{}}]*+){_ANCHOR_AT_THE_END}$"
    rf"|^([^\n{{}}]++){_ANCHOR_AT_THE_END}(?=\n(?:=++|--++)[ \t]*+$)",
    re.MULTILINE,
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
# More of them are a bibliography: each link needs only its own, which may be anywhere.
_MAX_DEFINITIONS = 2
_LINK_DEFINITION = re.compile(r"\s*\[[^\]\n]+\]:\s*(?!data:)\S")
_LAYOUT_TAG = re.compile(
    r"</?(?:details|summary|div|center|section)(?:\s[^<>\n]*+)?>", re.IGNORECASE
)
# The anchors of rows and headings, also around what they name: `<a id="x" href="#x">port</a>`.
_ANCHOR = re.compile(r"(<a\s(?=[^<>\n]*\b(?:id|name)=)[^<>\n]*+>)[^<>\n]*+(</a>)", re.IGNORECASE)
_HAS_INLINE_NOISE = re.compile(r"<(?:a\s|!--)|\{[{%]", re.IGNORECASE)
_TEMPLATE_LINE = re.compile(
    r"^[ \t]*+(?:\{\{[<%][^{}\n]*+\}\}|\{%[^{}%\n]*+%\})[ \t]*+$", re.MULTILINE
)
# Links that a site's generator fills in: the path in them is the file's.
_TEMPLATE_LINK = re.compile(
    r"\{\{-?\s?site\.baseurl\s?-?\}\}|\{%-?\s?link\s([^\s{}%]{1,300}+)\s?-?%\}"
    r"|\{\{[<%]\s?(?:rel)?ref\s[\"']([^\"'{}]{1,300}+)[\"']\s?[>%]\}\}"
)
_TITLE = re.compile(r"\btitle=\"([^\"\n]{1,200}+)\"")
# Attributes of the block above, as Kramdown writes them: `{: .subtitle }`
_BLOCK_ATTRIBUTES = re.compile(r"\{:[^{}\n]*+\}\s*+")
# Where a renderer puts the table of contents: GitLab, Python-Markdown, markdown-it.
_CONTENTS_MARK = re.compile(r"\s*+(?:\[\[_?TOC_?\]\]|\[TOC\])\s*+", re.IGNORECASE)
# Generators of tables of contents and people write them as lists of links to anchors.
_LINK_TO_SECTION = re.compile(
    r"\s*+(?:[-*+]|\d{1,3}[.)])\s++\[(?:[^\[\]\n]|\[[^\[\]\n]*+\])++\]\(#[^\s)]*+\)\s*+"
)
_CONTENTS = re.compile(
    r"\W*(?:(?:table of )?contents|toc|on this page|in this document|overview of sections)\b"
    r"(?:[^\n]*\bDocToc\b[^\n]*)?\W*",
    re.IGNORECASE,
)
_PROSE = frozenset({BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.TABLE})
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
    if any(mark in text for mark in ("{#", "{/*", "{id=", "{class=")):
        text = (
            _HEADING_ANCHOR.sub(r"\1\2", text) if suffix in (".md", ".mdx", ".markdown") else text
        )
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
    kept = [one for block in _kept(blocks) for one in _without_inline_noise(block)]
    return tuple(_without_contents(kept))


def _kept(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        if block.kind is BlockKind.OTHER:
            definitions = list(map(_LINK_DEFINITION.match, block.text.split("\n")))
            is_noise = definitions[0] is None or sum(map(bool, definitions)) > _MAX_DEFINITIONS
        elif block.kind is BlockKind.HTML:
            bare = _COMMENTS.fullmatch(block.text) or _ONLY_TAGS.fullmatch(block.text)
            is_noise = bare is not None
        elif block.kind is BlockKind.PARAGRAPH:
            is_noise = any(
                pattern.fullmatch(block.text) for pattern in (_ONLY_TAGS, _BLOCK_ATTRIBUTES)
            ) or _is_code_of_mdx(block.text)
        else:
            is_noise = False
        if not is_noise:
            yield block


def _is_code_of_mdx(text: str) -> bool:
    lines = text.split("\n")
    return _MDX_START.fullmatch(lines[0]) is not None and all(map(_MDX_LINE.fullmatch, lines))


def _without_inline_noise(block: Block) -> Iterator[Block]:
    """The block without tags that lay out what is in them, and without comments and the tags of
    anchors in its prose; none where nothing else is in it.
    """
    edits = {edit for part in block.tree for edit in _noise_in(block.text, part)}
    if not edits:
        yield block
        return
    bare = edited(BlockText(block.text, block.tree), edits)
    whole = replace(block, text=bare.text, parts=bare.blocks)
    yield from cut_to_length(whole, len(bare.text))


def _noise_in(text: str, part: documents.Block) -> Iterator[Edit]:
    if part.kind is BlockKind.HTML:
        for found in _LAYOUT_TAG.finditer(text, part.start, part.end):
            yield found.start(), found.end(), ""
    elif part.kind is BlockKind.ADMONITION:
        yield from _label_for_tags(text, part)
    elif part.kind in _PROSE and _HAS_INLINE_NOISE.search(text, part.start, part.end):
        prose = text[part.start : part.end]
        code, comments = code_and_comments(prose)
        in_one_line = [span for span in comments if "\n" not in prose[slice(*span)]]
        rest = masked(prose, sorted([*code, *comments]))
        anchors = [found.span(tag) for found in _ANCHOR.finditer(rest) for tag in (1, 2)]
        tags = [found.span() for found in _TEMPLATE_LINE.finditer(rest)]
        for start, end in [*in_one_line, *anchors, *tags]:
            yield part.start + start, part.start + end, ""
        for found in _TEMPLATE_LINK.finditer(rest):
            if not any(start <= found.start() < end for start, end in tags):
                path = found[1] or found[2] or ""
                yield part.start + found.start(), part.start + found.end(), path


def _label_for_tags(text: str, part: documents.Block) -> Iterator[Edit]:
    """A label in place of the shortcode or component that an admonition is written as."""
    opening, closing = text[part.start : part.body_start], text[part.body_end : part.end]
    mark = opening.strip()
    if not mark.startswith(("{{", "{%", "<")) or not mark.endswith(("}}", "%}", ">")):
        return
    start = part.start + opening.index(mark)
    title = _TITLE.search(mark)
    label = f"{part.admonition.capitalize()}: {title[1] if title else ''}".strip()
    space = " " if text[start + len(mark) :][:1].strip() else ""
    lines = "\n" * mark.count("\n")  # the lines of what follows stay theirs
    yield start, start + len(mark), f"**{label}**{lines or space}"
    bare = closing.strip()
    if bare:
        end = part.body_end + closing.index(bare)
        yield end, end + len(bare), "\n" * bare.count("\n")


def _without_contents(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks without tables of contents: lists of links to the document's own sections.

    A title above one goes with it. A list that a sentence introduces is kept.
    """
    above: Block | None = None
    for is_list, run in groupby(blocks, _is_list_of_sections):
        inside = list(run)
        has_title = above is not None and _CONTENTS.fullmatch(above.title or above.text)
        introduced = above is not None and above.text.rstrip().endswith(":")
        is_marked = is_list and any(_CONTENTS_MARK.fullmatch(block.text) for block in inside)
        is_contents = is_list and _links_in(inside) >= _MIN_CONTENTS
        drops = is_marked or (is_contents and bool(has_title or not introduced))
        if above is not None and not (drops and has_title):
            yield above
        above = None if drops else inside.pop()
        yield from [] if drops else inside
    if above is not None:
        yield above


def _is_list_of_sections(block: Block) -> bool:
    """Whether each line of a list is a link to an anchor of the same document, or the mark that
    stands for such a list.
    """
    if block.kind is BlockKind.PARAGRAPH:
        return _CONTENTS_MARK.fullmatch(block.text) is not None
    if block.kind not in (BlockKind.ITEM, BlockKind.STEP):
        return False
    return all(map(_LINK_TO_SECTION.fullmatch, filter(str.strip, block.text.split("\n"))))


def _links_in(run: Sequence[Block]) -> int:
    return sum(block.text.count("](#") for block in run)
