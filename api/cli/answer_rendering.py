"""An answer's Markdown as a terminal shows it: headings, code to copy, and the risk of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from api.cli.terminal import Styled
from rag.answering.shown_commands import REMARKS
from rag.domain.documents import Risk

_FENCE = re.compile(r"( *)(`{3,})[\w+#.-]*")
_CODE_INDENT = "    "
# A remark of the program, inline code, bold words, or a punctuation mark that is escaped.
_INLINE = re.compile(
    r"_\((?P<remark>[^()\n]*)\)_|(?<!`)(?P<ticks>`++)(?P<code>[^`\n]+)(?P=ticks)(?!`)"
    r"|\*\*(?P<bold>[^*\n]+)\*\*|\\(?P<escaped>[!-/:-@\[-`{-~])"
)
_COLOURS = {
    REMARKS[Risk.DESTRUCTIVE]: "red",
    REMARKS[Risk.MUTATING]: "yellow",
    REMARKS[Risk.UNKNOWN]: "magenta",
}
_REMARK = re.compile(r"_\(([^()\n]*)\)_")

Parts = list[str | Styled]


def rendered(markdown: str) -> Iterator[Parts]:
    """The parts of each line, in their order."""
    fence, indent, colour = "", "", "cyan"
    for line in markdown.split("\n"):
        found = _FENCE.fullmatch(line)
        if fence and line.strip() == fence:
            fence = ""
        elif fence:
            yield [_CODE_INDENT, Styled(line.removeprefix(indent), colour)]
        elif found:
            indent, fence = found[1], found[2]
        else:
            colour = _colour_of(line) if line.strip() else colour
            yield _prose(line)


def _prose(line: str) -> Parts:
    if line.startswith("### "):
        return [Styled(line.removeprefix("### "), bold=True)]
    is_own = line.startswith("> ")
    parts = list(_inline(line.removeprefix("> ")))
    return [Styled(part, bold=True) if is_own and isinstance(part, str) else part for part in parts]


def _inline(line: str) -> Iterator[str | Styled]:
    plain, done = "", 0
    for found in _INLINE.finditer(line):
        plain += line[done : found.start()]
        done = found.end()
        if found["escaped"]:
            plain += found["escaped"]
            continue
        yield plain
        plain = ""
        if found["remark"] is not None:
            yield Styled(f"({found['remark']})", _COLOURS.get(found["remark"], "yellow"))
        elif found["code"]:
            yield Styled(found["code"], "cyan")
        else:
            yield Styled(found["bold"], bold=True)
    yield plain + line[done:]


def _colour_of(line: str) -> str:
    """The colour of code below a line: that of the remark on it."""
    remarks = [_COLOURS[one] for one in _REMARK.findall(line) if one in _COLOURS]
    return remarks[0] if remarks else "cyan"
