"""Hits at a command line: document, place, age, and the text of the best one."""

from __future__ import annotations

import re

from api.cli.terminal import Styled, echo
from rag.domain.documents import Block, BlockKind, Chunk, FreshnessStatus, Risk
from rag.domain.search import MAX_K, Confidence, Hit, SearchResult
from rag.text.blocks import BlockText

_LINES_SHOWN = 14
_LINE_CHARS = 100
_PROSE = frozenset({BlockKind.PARAGRAPH, BlockKind.ITEM, BlockKind.STEP, BlockKind.ADMONITION})
_WORDS = re.compile(r"\w \w")
_ROUNDING = 1e-6
_COLOUR_OF_RISK = {Risk.UNKNOWN: "magenta", Risk.MUTATING: "yellow", Risk.DESTRUCTIVE: "red"}

# Half a loop on a line of its own, in which nothing is run.
_HALF_A_LOOP = re.compile(r"do|done|then|else|fi|esac|for \w+ in [^;$(`]*; *do")


def print_hits(result: SearchResult, *, explain: bool = False, shown: int = MAX_K) -> None:
    """The first `shown` hits on stdout, best first; that none of them answers, on stderr.

    The best hit is printed with its text and the commands that may change something, the others
    with one line of theirs.
    """
    if result.hits and result.no_result:
        echo("nothing here seems to answer that; the nearest documents are:", err=True)
    for hit in result.hits[:shown]:
        if hit.rank > 1:
            echo()
        _print_place(hit)
        if hit.rank == 1:
            _print_text(hit.chunk.text)
            _print_commands(hit)
        else:
            _print_first_line(hit.chunk)
        if explain:
            _print_explanation(hit)


def _print_place(hit: Hit) -> None:
    document, lines = hit.document, hit.chunk.lines
    echo(f"{hit.rank}. ", Styled(document.metadata.title, bold=True))
    where = f"{document.path}:{lines.first}-{lines.last}"
    echo("   ", Styled(where, "cyan"), f"  {_about(hit)}")


def _print_commands(hit: Hit) -> None:
    for command in hit.chunk.commands:
        first = command.text.split("\n")[0]
        if command.risk in _COLOUR_OF_RISK and not _HALF_A_LOOP.fullmatch(first.strip()):
            label = Styled(f"[{command.risk.value}]", _COLOUR_OF_RISK[command.risk])
            echo("   ", label, f" line {command.line}: {first}")


def _print_first_line(chunk: Chunk) -> None:
    """The first line of prose of a chunk; none with code, whose risk would not be shown."""
    content = BlockText(chunk.text, chunk.blocks)
    prose = (content.prose(leaf) for leaf in content.leaves() if _is_prose(chunk.blocks[leaf]))
    lines = (line.strip() for text in prose for line in text.split("\n"))
    line = next((line for line in lines if _WORDS.search(line) and "`" not in line), "")
    if line:
        echo(f"     {line[:_LINE_CHARS]}{'…' if len(line) > _LINE_CHARS else ''}")


def _is_prose(block: Block) -> bool:
    return block.kind in _PROSE


def _print_explanation(hit: Hit) -> None:
    why = hit.explanation
    echo(f"   score {hit.score:.3f} = document {why.document_score:.3f} x {why.chunk_share:.3f}")
    for signal in why.contributions:
        place = "not found" if signal.rank is None else f"rank {signal.rank}, {signal.raw:.3f}"
        echo(f"     {signal.signal:<13} {signal.points:+.3f}  ({place})")
    if why.prior < 1 - _ROUNDING:
        echo(f"     x {why.prior:.3f} because it is old or superseded")
    if why.prior > 1 + _ROUNDING:
        echo(f"     x {why.prior:.3f} because it is about an identifier of the question")


def _about(hit: Hit) -> str:
    section = " > ".join(hit.chunk.section)
    freshness = hit.freshness
    status = freshness.status.value
    if freshness.status is not FreshnessStatus.UNKNOWN:
        status += f", reviewed {freshness.age_days} days ago"
    successors = ", ".join(hit.superseded_by)
    superseded = f"superseded by {successors}" if successors else ""
    siblings = f"also: {', '.join(hit.siblings)}" if hit.siblings else ""
    confidence = "low confidence" if hit.confidence is Confidence.LOW else ""
    parts = (section, hit.document.metadata.owner, status, superseded, siblings, confidence)
    return " · ".join(part for part in parts if part)


def _print_text(text: str) -> None:
    lines = text.split("\n")
    for line in lines[:_LINES_SHOWN]:
        echo(f"     {line}")
    if len(lines) > _LINES_SHOWN:
        more = len(lines) - _LINES_SHOWN
        echo(f"     … {more} more {'line' if more == 1 else 'lines'}")
