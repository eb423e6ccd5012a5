"""The answer that needs no model: steps and sentences of the best sections, verbatim, cited.

    likely causes · check first (read-only) · mitigation · take care · what is missing

Nothing is written but headings and remarks. Each piece keeps its page's order within its part,
under the page's own heading, which may turn its meaning round; a numbered list stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby, pairwise

from rag.answering.context import Context, Passage, pages_of
from rag.answering.escaping import label
from rag.answering.nearest import nearest_of, nearest_words
from rag.answering.quoting import quotation, quoted_sentence
from rag.answering.shown_commands import ShownCommands, remark_on
from rag.domain.answers import Statement
from rag.domain.documents import Kind, Risk
from rag.guardrails.injection import addresses_a_model
from rag.retrieval.relevance import coverage
from rag.text.pieces import (
    Piece,
    PieceKind,
    fenced,
    pieces,
    prose_sentences,
    without_list_mark,
)


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
_MAX_OF: dict[Part, int] = {
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
_MAX_PAGES = 3
_MAX_CITED = 30  # passages; nobody follows more
_MIN_ALSO = 0.55

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
# What was decided after an incident is history, and no step of the next one.
_DECIDED = re.compile(r"\b(?:action items?|actions?|follow[- ]?ups?|lessons?)\b", re.I)
_NUMBER = re.compile(r" {0,3}(\d{1,4})[.)]\s")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_TIMESTAMP = re.compile(r"\d{1,4}[-:]\d{1,2}[-:T]\d")
_MAX_ABSENT = 5
_WARNS = re.compile(r"\W*(?:do not|don't|never|avoid|must not|be careful|caution|warning)\b", re.I)
_RISKY = frozenset({Risk.DESTRUCTIVE, Risk.MUTATING})


@dataclass(frozen=True, slots=True)
class _Quote:
    """One piece, a numbered list, or a line and the code that it introduces, of one passage.

    `headings` lead to it from the top of its page; `risks` are those of the commands of each piece.
    """

    part: Part
    passage: Passage
    pieces: tuple[Piece, ...]
    place: int
    headings: tuple[str, ...]
    risks: tuple[frozenset[Risk], ...]

    @property
    def text(self) -> str:
        return "\n\n".join(piece.text for piece in self.pieces)

    @property
    def where(self) -> tuple[str, ...]:
        """The title of its page, then the headings, each a harmless line."""
        names = [label(name) for name in (self.passage.title, *self.headings)]
        return tuple(name for name, _ in groupby(names))  # a section may begin with its own name


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of an answer and its statements."""

    text: str
    statements: tuple[Statement, ...]


def extract(question: str, context: Context, commands: ShownCommands) -> Extract:
    """An answer in the pages' own words; empty when the context has nothing to quote."""
    pages = pages_of(context.passages)
    best = max((passage.hit.score for passage in context.passages), default=0.0)
    main = [page for page in pages if _best_score(page) >= best * _NEARLY_AS_GOOD][:_MAX_PAGES]
    quotes = [quote for page in main for passage in page for quote in _quotes(passage, commands)]
    chosen = _chosen(quotes)
    quoted = {quote.passage.marker for quote in chosen}
    beside = [page for page in pages if page not in main and _best_score(page) >= best * _MIN_ALSO]
    also = [
        *(passage for page in beside for passage in nearest_of(question, page)),
        *(p for page in main for p in page if p.marker not in quoted),
    ]
    room = min(_MAX_OF[Part.ALSO], max(0, _MAX_CITED - len(quoted)))
    chosen += _chosen([*_also(question, also, commands)])[:room]
    parts = [_part(part, chosen, quotes) for part in Part if any(q.part is part for q in chosen)]
    if chosen:
        parts = [*_absent(question, context), *parts, *_missing(quotes)]
    statements = tuple(parts for quote in chosen for parts in _statements(quote))
    return Extract("\n\n".join(parts), statements)


def missing_words(question: str, texts: Sequence[str]) -> list[str]:
    """Words of the question that stand in none of the texts."""
    return [
        word
        for word in dict.fromkeys(question.split())
        if coverage(word, texts) == 0.0 and coverage(word, [word]) > 0.0
    ]


def _best_score(page: Sequence[Passage]) -> float:
    return max(passage.hit.score for passage in page)


def _quotes(passage: Passage, commands: ShownCommands) -> Iterator[_Quote]:
    """A passage's pieces by the part of an answer that they belong to."""
    headings = passage.hit.chunk.section
    waiting: list[Piece] = []
    for place, piece in enumerate(pieces(passage.text)):
        if piece.kind is PieceKind.HEADING:
            if waiting:
                yield _quote(passage, waiting, headings, place, commands)
                waiting = []
            headings = (*passage.hit.chunk.section, piece.text.lstrip("# "))
        elif not addresses_a_model(piece.text):
            if waiting and not _belong_together(waiting, piece):
                yield _quote(passage, waiting, headings, place, commands)
                waiting = []
            waiting.append(piece)
    if waiting:
        yield _quote(passage, waiting, headings, len(passage.text), commands)


def _belong_together(waiting: Sequence[Piece], piece: Piece) -> bool:
    """Whether a piece goes on with a numbered list, or is what a paragraph introduces."""
    before, number = waiting[-1], _number(piece)
    if number and any(_number(one) for one in waiting):
        return bool(_number(before)) or number > 1
    if _number(before):
        return piece.kind in (PieceKind.CODE, PieceKind.TABLE)
    if before.kind is not PieceKind.PROSE:
        return False
    introduces = before.text.rstrip().endswith(":")
    return introduces or piece.kind in (PieceKind.CODE, PieceKind.TABLE)


def _number(piece: Piece) -> int:
    """The number of an item of a numbered list; 0 for anything else."""
    found = _NUMBER.match(piece.text) if piece.kind is PieceKind.ITEM else None
    return int(found[1]) if found else 0


def _quote(
    passage: Passage,
    inside: Sequence[Piece],
    headings: tuple[str, ...],
    place: int,
    commands: ShownCommands,
) -> _Quote:
    own = passage.hit.chunk.commands
    risks = tuple(commands.risks_in(piece.text, own) for piece in inside)
    only_reads = frozenset().union(*risks) <= {Risk.READ_ONLY} and all(
        commands.are_all_classified(piece.text) for piece in inside
    )
    quote = _Quote(Part.TOLD, passage, tuple(inside), place, headings, risks)
    return replace(quote, part=_part_of(quote, only_reads=only_reads))


def _part_of(quote: _Quote, *, only_reads: bool) -> Part:
    """The part of an answer that a quote belongs to; only what only reads is ever a check."""
    risks = frozenset().union(*quote.risks)
    by_heading = _part_of_headings(quote.headings)
    if by_heading is Part.CARE or _WARNS.match(without_list_mark(quote.text)):
        return Part.CARE
    if _is_history(quote.passage, quote.headings):
        return Part.TOLD
    if risks & _RISKY:
        return Part.MITIGATION
    if by_heading is Part.CHECK and not only_reads:
        return Part.TOLD
    if risks and only_reads and by_heading in (None, Part.CAUSE):
        return Part.CHECK
    return by_heading or Part.TOLD


def _is_history(passage: Passage, headings: Sequence[str]) -> bool:
    kind = passage.hit.document.metadata.kind
    return kind is Kind.POSTMORTEM and any(_DECIDED.search(heading) for heading in headings)


def _part_of_headings(headings: Sequence[str]) -> Part | None:
    for heading in reversed(headings):
        for part, words in _PART_OF_HEADING:
            if words.search(heading):
                return part
    return None


def _also(question: str, passages: Sequence[Passage], commands: ShownCommands) -> Iterator[_Quote]:
    """The nearest words of each passage; what a page warns of stays a warning."""
    for passage in passages:
        piece = nearest_words(question, passage)
        if piece is not None:
            headings = _headings_above(passage, piece.line)
            warns = _part_of_headings(headings) is Part.CARE
            part = Part.CARE if warns else Part.ALSO
            risks = commands.risks_in(piece.text, passage.hit.chunk.commands)
            yield _Quote(part, passage, (piece,), piece.line, headings, (risks,))


def _headings_above(passage: Passage, line: int) -> tuple[str, ...]:
    own = [
        piece.text.lstrip("# ")
        for piece in pieces(passage.text)
        if piece.kind is PieceKind.HEADING and piece.line <= line
    ]
    return (*passage.hit.chunk.section, *own[-1:])


def _chosen(quotes: Sequence[_Quote]) -> list[_Quote]:
    """As many of each part as a person reads, those of the best passages first, in page order."""
    chosen: set[int] = set()
    for part in Part:
        mine = [i for i, quote in enumerate(quotes) if quote.part is part]
        by_rank = sorted(mine, key=lambda i: (quotes[i].passage.marker, quotes[i].place))
        chosen |= set(by_rank[: _MAX_OF[part]])
    order = list(Part)
    return sorted((quotes[i] for i in sorted(chosen)), key=lambda quote: order.index(quote.part))


def _part(part: Part, chosen: Sequence[_Quote], quotes: Sequence[_Quote]) -> str:
    mine = [quote for quote in chosen if quote.part is part]
    if part is Part.ALSO:
        return f"### {part.value}\n\n" + "\n".join(f"- {_shown(quote)}" for quote in mine)
    lines: list[str] = []
    before = ""
    for where, inside in groupby(mine, key=lambda quote: quote.where):
        same_page = where[0] == before and len(where) > 1
        lines += [f"> In {' > '.join(where[same_page:])}", *(_shown(quote) for quote in inside)]
        before = where[0]
    left_out = sum(quote.part is part for quote in quotes) - len(mine)
    if left_out > 0 and part in (Part.CHECK, Part.MITIGATION):
        lines.append(f"> {left_out} more on these pages are not quoted here.")
    return f"### {part.value}\n\n" + "\n\n".join(lines)


def _shown(quote: _Quote) -> str:
    """The quote with its markers, and remarks on its document and on what its commands do."""
    marker = quote.passage.marker
    remarks = [remark_on(risks) for risks in _risks_by_piece(quote)]
    remarks[0] = "; ".join(filter(None, (quote.passage.remark, remarks[0])))
    if quote.part is Part.ALSO:  # one sentence or one row of a table
        return quoted_sentence(quote.text, marker, remarks[0])
    return "\n\n".join(
        quotation(piece.text, marker, remark)
        for piece, remark in zip(quote.pieces, remarks, strict=True)
    )


def _risks_by_piece(quote: _Quote) -> list[set[Risk]]:
    """What each piece's commands do; of code, told of the words that introduce it."""
    risks = [set(one) for one in quote.risks]
    for place, (before, piece) in enumerate(pairwise(quote.pieces), start=1):
        if piece.kind is PieceKind.CODE and before.kind is not PieceKind.CODE:
            risks[place - 1] |= risks[place]
            risks[place] = set()
    return risks


def _statements(quote: _Quote) -> Iterator[Statement]:
    markers = (quote.passage.marker,)
    for piece in quote.pieces:
        if piece.kind is PieceKind.TABLE:
            yield Statement(piece.text, markers, supported=True)
            continue
        for is_code, run in fenced(piece.text):
            texts = [run] if is_code else list(prose_sentences(run))
            yield from (Statement(text, markers, supported=True) for text in texts)


def _absent(question: str, context: Context) -> Iterator[str]:
    """First of all, what of the question the pages do not speak of."""
    texts = [text for p in context.passages for text in (p.text, p.title, *p.hit.chunk.section)]
    words = [word.strip("?.,;:!`'\"") for word in missing_words(question, texts)]
    absent = [one for one in words if _LETTERS.search(one) and not _TIMESTAMP.search(one)]
    if absent:
        more = len(absent) - _MAX_ABSENT
        yield f"> No page here speaks of: {', '.join(map(label, absent[:_MAX_ABSENT]))}" + (
            f", and of {more} more words of the question" if more > 0 else ""
        )


def _missing(quotes: Sequence[_Quote]) -> Iterator[str]:
    """Last, what a responder would look for and will not find here."""
    parts = {quote.part for quote in quotes}
    risks = frozenset().union(*(one for quote in quotes for one in quote.risks))
    lines = []
    if Part.CHECK not in parts and Risk.READ_ONLY not in risks:
        lines.append("> No read-only check was found.")
    if Part.MITIGATION not in parts and not risks & {*_RISKY, Risk.UNKNOWN}:
        lines.append("> No mitigation was found.")
    if lines:
        yield f"### {MISSING}\n\n" + "\n".join(lines)
