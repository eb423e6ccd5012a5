"""The answer that needs no model: steps and sentences of the best sections, verbatim, cited.

    likely causes · check first (read-only) · mitigation · take care · what is missing

The program writes headings and remarks alone. What it quotes is chosen in quote_selection.py, put
under the parts of answer_parts.py, and shown by quoting.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rag.answering.absent_names import absent_names_line
from rag.answering.answer_parts import MISSING, Part
from rag.answering.context import Context
from rag.answering.escaping import label
from rag.answering.extract import Extract, remarks_of, statements_of
from rag.answering.quote_selection import select
from rag.answering.quotes import Quote
from rag.answering.quoting import quotation, quoted_sentence
from rag.answering.shown_commands import ShownCommands
from rag.domain.documents import BlockKind, Risk


def extract(question: str, context: Context, commands: ShownCommands) -> Extract:
    """An answer in the documents' own words; empty when the context has nothing to quote."""
    selection = select(question, context, commands)
    if not selection.chosen:
        return Extract()
    shown = [
        *absent_names_line(question, context),
        *_parts(selection.chosen, selection.candidates),
        *_missing(selection.candidates),
    ]
    statements = (one for quote in selection.chosen for one in statements_of(quote))
    return Extract("\n\n".join(shown), tuple(statements))


def _parts(chosen: Sequence[Quote], candidates: Sequence[Quote]) -> Iterator[str]:
    for part, inside in groupby(chosen, key=lambda quote: quote.part):
        quotes = list(inside)
        if part is Part.ALSO:
            yield f"### {part.value}\n\n" + "\n".join(f"- {_shown(quote)}" for quote in quotes)
        else:
            left_out = sum(quote.part is part for quote in candidates) - len(quotes)
            yield "\n\n".join([f"### {part.value}", *_quoted(quotes), *_left_out(part, left_out)])


def _quoted(quotes: Sequence[Quote]) -> Iterator[str]:
    """The quotations, and before each of a new section where it stands."""
    document_before = ""
    for place, inside in groupby(quotes, key=_place):
        same_document = place[0] == document_before and len(place) > 1
        yield f"> In {' > '.join(place[same_document:])}"
        yield from map(_shown, inside)
        document_before = place[0]


def _place(quote: Quote) -> tuple[str, ...]:
    """The title of a quotation's document, then its headings, each a harmless line."""
    names = [label(name) for name in (quote.passage.title, *quote.headings)]
    return tuple(name for name, _ in groupby(names))  # a section may begin with its own name


def _left_out(part: Part, count: int) -> Iterator[str]:
    if count > 0 and part in (Part.CHECK, Part.MITIGATION):
        yield f"> {count} more on these pages are not quoted here."


def _shown(quote: Quote) -> str:
    """The quotation with its markers, and remarks on its document and on its commands."""
    marker = quote.passage.marker
    remarks = remarks_of(quote)
    remarks[0] = "; ".join(filter(None, (quote.passage.remark, remarks[0])))
    if quote.sentence:
        return quoted_sentence(quote.sentence, marker, remarks[0])
    return "\n\n".join(
        quotation(quote.passage.content, block, marker, remark)
        for block, remark in zip(quote.blocks, remarks, strict=True)
    )


def _missing(candidates: Sequence[Quote]) -> Iterator[str]:
    """What a responder would look for and will not find here."""
    parts = {quote.part for quote in candidates}
    has_steps = any(
        quote.passage.content.blocks[block].kind is BlockKind.STEP
        for quote in candidates
        for block in quote.blocks
    )
    risks = frozenset[Risk]().union(*(one for quote in candidates for one in quote.risks))
    missing = []
    if Part.CHECK not in parts and Risk.READ_ONLY not in risks:
        missing.append("> No read-only check was found.")
    if Part.MITIGATION not in parts and not has_steps and risks <= {Risk.READ_ONLY}:
        missing.append("> No mitigation was found.")
    if missing:
        yield f"### {MISSING}\n\n" + "\n".join(missing)
