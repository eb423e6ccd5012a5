"""What stands in files and is no text of the document: it is kept out of chunks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.reading.blocks import Block, BlockKind
from ingest.reading.notes import Note
from rag.errors import QuarantineError

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
    """The blocks without comments, directives, imports and tags that stand alone."""
    return tuple(_kept(blocks))


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
