"""The answer that needs no model: steps and sentences of the best sections, verbatim, cited.

    likely causes · check first (read-only) · mitigation · take care · what is missing

Nothing is written but headings and remarks; each piece keeps its page's order within its part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.answer import Statement
from rag.context import Context, Passage, pages_of
from rag.domain import Chunk, Risk
from rag.nearest import nearest_of, nearest_words
from rag.neutral import LEFT_OUT
from rag.pieces import (
    Piece,
    PieceKind,
    blocks,
    fenced,
    pieces,
    prose_sentences,
    sentences,
    without_list_mark,
)
from rag.relevance import coverage


class Part(StrEnum):
    """The parts of an answer, by their headings, in their order."""

    CAUSE = "Likely causes"
    TOLD = "What the pages say"
    CHECK = "Check first (read-only)"
    MITIGATION = "Mitigation"
    VERIFY = "Verify afterwards"
    CARE = "Take care"
    ALSO = "See also"


MISSING = "What is missing"
# How each heading may be written by a model, and how it is shown.
HEADINGS = {name.casefold(): name for name in (*(part.value for part in Part), MISSING)}
_MOST_OF: dict[Part, int] = {
    Part.CAUSE: 5,
    Part.TOLD: 6,
    Part.CHECK: 6,
    Part.MITIGATION: 8,
    Part.VERIFY: 3,
    Part.CARE: 5,
    Part.ALSO: 12,
}
# A page whose best passage scores this share of the best one's is quoted like it.
_NEARLY_AS_GOOD = 0.8
_MOST_PAGES = 3
_LEAST_ALSO = 0.5

_PART_OF_HEADING: tuple[tuple[Part, re.Pattern[str]], ...] = (
    (
        Part.CARE,
        re.compile(
            r"\b(?:do not|don'?ts?|never|avoid|caution|warnings?|danger\w*|unsafe|pitfalls?|"
            r"careful|take care|what not)\b",
            re.I,
        ),
    ),
    (Part.VERIFY, re.compile(r"\b(?:verif\w+|afterwards|did it work|confirm\w*)\b", re.I)),
    (
        Part.CHECK,
        re.compile(
            r"\b(?:checks?|diagnos\w+|triage|validat\w+|inspect\w*|look\w*|"
            r"find\w*|investigat\w+|observ\w+|read-only|detect\w*|assess\w*)\b",
            re.I,
        ),
    ),
    (
        Part.MITIGATION,
        re.compile(
            r"\b(?:mitigat\w+|fix\w*|remed\w+|resol\w+|roll\w*|restor\w+|recover\w*|repair\w*|"
            r"actions?|steps?|procedure|scal\w+|restart\w*|switch\w*|drain\w*|stop\w*|instructions?|"
            r"response|workaround|fail\s?over|how to)\b",
            re.I,
        ),
    ),
    (
        Part.CAUSE,
        re.compile(
            r"\b(?:causes?|why|root|symptoms?|mean\w*|reasons?|what happened|contributing|"
            r"what fires|trigger\w*)\b",
            re.I,
        ),
    ),
)
_WARNS = re.compile(r"\W*(?:do not|don't|never|avoid|must not|be careful|caution|warning)\b", re.I)
_RISKY = {Risk.DESTRUCTIVE: "destructive", Risk.MUTATING: "changes something"}


@dataclass(frozen=True, slots=True)
class _Quote:
    """One piece, or a line and the code that it introduces, of one passage."""

    part: Part
    passage: Passage
    pieces: tuple[Piece, ...]
    place: int

    @property
    def text(self) -> str:
        return "\n\n".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of an answer and its statements."""

    text: str
    statements: tuple[Statement, ...]


def extract(question: str, context: Context) -> Extract:
    """An answer in the pages' own words; empty when the context has nothing to quote."""
    pages = pages_of(context.passages)
    best = max((passage.hit.score for passage in context.passages), default=0.0)
    main = [page for page in pages if _best_score(page) >= best * _NEARLY_AS_GOOD][:_MOST_PAGES]
    quotes = [quote for page in main for passage in page for quote in _quotes(passage)]
    chosen = _chosen(quotes)
    quoted = {quote.passage.marker for quote in chosen}
    beside = [
        page for page in pages if page not in main and _best_score(page) >= best * _LEAST_ALSO
    ]
    also = [
        *(passage for page in beside for passage in nearest_of(question, page)),
        *(p for page in main for p in page if p.marker not in quoted),
    ]
    chosen += _chosen([*_also(question, also)])
    text = "\n\n".join(_part(part, chosen) for part in Part if any(q.part is part for q in chosen))
    statements = tuple(told for quote in chosen for told in _statements(quote))
    gaps = [*_gaps(question, context, chosen)] if chosen else []
    if gaps:
        text += f"\n\n### {MISSING}\n\n" + "\n".join(f"> {gap}" for gap in gaps)
    return Extract(text, statements)


def missing_words(question: str, texts: Sequence[str]) -> list[str]:
    """Words of the question that stand in none of the texts."""
    return [
        word
        for word in dict.fromkeys(question.split())
        if coverage(word, texts) == 0.0 and coverage(word, [word]) > 0.0
    ]


def _best_score(page: Sequence[Passage]) -> float:
    return max(passage.hit.score for passage in page)


def _quotes(passage: Passage) -> Iterator[_Quote]:
    """A passage's pieces by the part of an answer that they belong to."""
    headings = list(passage.hit.chunk.section)
    waiting: list[Piece] = []
    for place, piece in enumerate(pieces(passage.text)):
        if piece.kind is PieceKind.HEADING:
            if waiting:
                yield _quote(passage, waiting, headings, place)
                waiting = []
            headings = [*passage.hit.chunk.section, piece.text.lstrip("# ")]
        elif LEFT_OUT not in piece.text:
            if waiting and not _belong_together(waiting[-1], piece):
                yield _quote(passage, waiting, headings, place)
                waiting = []
            waiting.append(piece)
    if waiting:
        yield _quote(passage, waiting, headings, len(passage.text))


def _belong_together(before: Piece, piece: Piece) -> bool:
    """Whether a paragraph introduces what stands behind it."""
    if before.kind is not PieceKind.PROSE:
        return False
    introduces = before.text.rstrip().endswith(":")
    return introduces or piece.kind in (PieceKind.CODE, PieceKind.TABLE)


def _quote(
    passage: Passage, inside: Sequence[Piece], headings: Sequence[str], place: int
) -> _Quote:
    text = "\n\n".join(piece.text for piece in inside)
    return _Quote(_part_of(text, passage.hit.chunk, headings), passage, tuple(inside), place)


def _part_of(text: str, chunk: Chunk, headings: Sequence[str]) -> Part:
    risks = _risks(text, chunk)
    if _WARNS.match(without_list_mark(text)):
        return Part.CARE
    told = _part_of_headings(headings)
    if told is Part.CARE:
        return told
    # A command that changes something is never offered as a check, whatever its heading says.
    if risks & _RISKY.keys():
        return Part.MITIGATION
    if told is not None:
        return told
    return Part.CHECK if risks == {Risk.READ_ONLY} else Part.TOLD


def _part_of_headings(headings: Sequence[str]) -> Part | None:
    for heading in reversed(headings):
        for part, words in _PART_OF_HEADING:
            if words.search(heading):
                return part
    return None


def _risks(text: str, chunk: Chunk) -> set[Risk]:
    return {
        command.risk for command in chunk.commands if command.text.splitlines()[0].strip() in text
    }


def _also(question: str, passages: Sequence[Passage]) -> Iterator[_Quote]:
    """The nearest words of each passage."""
    for passage in passages:
        piece = nearest_words(question, passage)
        if piece is not None:
            yield _Quote(Part.ALSO, passage, (piece,), piece.line)


def _chosen(quotes: Sequence[_Quote]) -> list[_Quote]:
    """As many of each part as a person reads, those of the best passages first, in page order."""
    chosen: set[int] = set()
    for part in Part:
        mine = [i for i, quote in enumerate(quotes) if quote.part is part]
        by_rank = sorted(mine, key=lambda i: (quotes[i].passage.marker, quotes[i].place))
        chosen |= set(by_rank[: _MOST_OF[part]])
    order = list(Part)
    return sorted((quotes[i] for i in sorted(chosen)), key=lambda quote: order.index(quote.part))


def _part(part: Part, chosen: Sequence[_Quote]) -> str:
    bullet = "- " if part is Part.ALSO else ""
    told = [f"{bullet}{_shown(quote)}" for quote in chosen if quote.part is part]
    joint = "\n" if part is Part.ALSO else "\n\n"
    return f"### {part.value}\n\n" + joint.join(told)


def _shown(quote: _Quote) -> str:
    """The quote with a marker behind each sentence, and once what is to be said of it."""
    marker = f" [{quote.passage.marker}]"
    if quote.part is Part.ALSO:  # one sentence or one row of a table
        shown = quote.text + marker
    else:
        shown = "\n\n".join(_marked(piece, marker) for piece in quote.pieces)
    remark = "; ".join(filter(None, (quote.passage.remark, _risk(quote))))
    return shown.replace(marker, f"{marker} _({remark})_", 1) if remark else shown


def _risk(quote: _Quote) -> str:
    risks = _risks(quote.text, quote.passage.hit.chunk)
    return next((words for risk, words in _RISKY.items() if risk in risks), "")


def _marked(piece: Piece, marker: str) -> str:
    if piece.kind in (PieceKind.CODE, PieceKind.TABLE):
        return f"{piece.text}\n\n{marker.strip()}"
    made = []
    for is_code, run in fenced(piece.text):
        made.append(run if is_code else _marked_prose(run, marker))
    return "\n".join(made)


def _marked_prose(run: str, marker: str) -> str:
    made = run
    cursor = 0
    for block in blocks(run):
        told = [block.rstrip()] if block.lstrip().startswith("|") else sentences(block)
        for sentence in told:
            at = made.index(sentence, cursor) + len(sentence)
            if block.lstrip().startswith("|"):
                cursor = at
            else:
                made = made[:at] + marker + made[at:]
                cursor = at + len(marker)
    return made


def _statements(quote: _Quote) -> Iterator[Statement]:
    markers = (quote.passage.marker,)
    for piece in quote.pieces:
        if piece.kind is PieceKind.TABLE:
            yield Statement(piece.text, markers, supported=True)
            continue
        for is_code, run in fenced(piece.text):
            told = [run] if is_code else list(prose_sentences(run))
            yield from (Statement(text, markers, supported=True) for text in told)


def _gaps(question: str, context: Context, chosen: Sequence[_Quote]) -> Iterator[str]:
    """What a person should know that the pages do not say."""
    texts = [text for p in context.passages for text in (p.text, p.title, *p.hit.chunk.section)]
    absent = missing_words(question, texts)
    if absent:
        yield "No page here speaks of: " + ", ".join(word.strip("?.,;:!`'\"") for word in absent)
    parts = {quote.part for quote in chosen}
    if Part.CHECK not in parts:
        yield "The pages name no read-only check."
    if Part.MITIGATION not in parts:
        yield "The pages name no mitigation."
