"""What of a document a reader needs with the section that answers, and where in it to begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.answer_parts import Part
from rag.answering.key_sentences import KeySentence
from rag.answering.quotes import Quote
from rag.answering.section_choice import best_scores, quote_scores
from rag.answering.sections import Section, lines_of
from rag.domain.documents import BlockKind, LineSpan, Risk
from rag.text.sentences import sentences

_RISKY = frozenset({Risk.DESTRUCTIVE, Risk.MUTATING, Risk.UNKNOWN})
_OPENING_CHUNK = 1  # by ordinal: the first may hold a heading alone
_MIN_OPENING, _MAX_OPENING = 20, 300  # characters
_CONSEQUENCES = re.compile(
    r"\W*(?:(?:\w{1,20} )?impact|consequences?|effects?|risks?)(?: on [\w ]{1,40})?\W*",
    re.IGNORECASE,
)
_FOLLOWING = (Part.CHECK, Part.MITIGATION, Part.VERIFY)


def opening_sentence(sections: Sequence[Section]) -> KeySentence | None:
    """The first sentences of a document's first paragraph: what the document is about."""
    is_first = sections[0].quotes[0].passage.hit.chunk.ordinal <= _OPENING_CHUNK
    return _first_sentences(sections[0]) if is_first else None


def consequence_sentence(sections: Sequence[Section]) -> KeySentence | None:
    """The first sentences on the impact of what a document is about, where a section has that."""
    for section in sections:
        if any(map(_CONSEQUENCES.fullmatch, section.headings[-1:])):
            return _first_sentences(section)
    return None


def _first_sentences(section: Section) -> KeySentence | None:
    """As many sentences of a section's first paragraph as stand on a line; no warning."""
    quote = section.quotes[0]
    passage, block = quote.passage, quote.blocks[0]
    if quote.part is Part.CARE or passage.content.blocks[block].kind is not BlockKind.PARAGRAPH:
        return None
    text = ""
    for sentence in sentences(passage.content.prose(block)):
        longer = " ".join([*text.split(), *sentence.split()])
        if text and len(longer) > _MAX_OPENING:
            break
        text = longer
    if text.endswith(":") or not _MIN_OPENING <= len(text) <= _MAX_OPENING:
        return None
    return KeySentence(text, passage, block)


def shows_what_answers(
    shown: Sequence[Quote], section: Section, sentences: Sequence[KeySentence]
) -> bool:
    """Whether the quote nearest to the question is among those shown."""
    return _is_among(section.quotes[_nearest_quote(section, sentences)], shown)


def hidden_warnings_first(section: Section, shown: Sequence[Quote]) -> list[Quote]:
    """The quotes of a section that is shown in part, with the warnings in the rest before them."""
    hidden = [quote for quote in _warnings_in(section) if not _is_among(quote, shown)]
    return [*hidden, *(quote for quote in section.quotes if quote not in hidden)]


def _warnings_in(section: Section) -> list[Quote]:
    return [quote for quote in section.quotes if quote.part is Part.CARE and not _steps(quote)]


def _is_among(quote: Quote, shown: Sequence[Quote]) -> bool:
    return any(one.passage is quote.passage and one.blocks[:1] == quote.blocks[:1] for one in shown)


def _nearest_quote(section: Section, sentences: Sequence[KeySentence]) -> int:
    best = best_scores(sentences)
    scores = [max(quote_scores(quote, best), default=0.0) for quote in section.quotes]
    return scores.index(max(scores))


@dataclass(frozen=True, slots=True)
class Window:
    """The quotes of a section that are to be shown, and the lines before them."""

    quotes: Sequence[Quote]
    before: LineSpan | None = None


def from_what_answers(
    section: Section, sentences: Sequence[KeySentence], *, wants_steps: bool
) -> Window:
    """The quotes of a long section from the one that answers.

    Warnings come along wherever they stand. A numbered list is shown from its first step where
    steps are asked for or change something: each relies on those before it.
    """
    keeps_steps = wants_steps or not section.risks.isdisjoint(_RISKY)
    start = _nearest_quote(section, sentences)
    while start > 0 and keeps_steps and _kind(section.quotes[start]) is BlockKind.STEP:
        start -= 1
    warnings = _warnings_in(section)
    before = [quote for quote in section.quotes[:start] if quote not in warnings]
    after = [quote for quote in section.quotes[start:] if quote not in warnings]
    return Window([*warnings, *after], lines_of(before) if before else None)


def following_sections(best: Section, sections: Sequence[Section]) -> list[Section]:
    """What a reader of the best section needs next: a check, the remedy, the verification.

    Sections beside it alone: those under another heading are about other problems.
    """
    place = sections.index(best)
    return [
        section
        for section in sections[place + 1 :]
        if section.part in _FOLLOWING
        and section.part is not best.part
        and section.is_sibling_of(best)
    ]


def warnings_for(best: Section, sections: Sequence[Section]) -> list[Section]:
    """Sections beside one with risky commands that say what to take care of."""
    if best.risks.isdisjoint(_RISKY):
        return []
    return [
        section
        for section in sections
        if section is not best and section.part is Part.CARE and section.is_sibling_of(best)
    ]


def _kind(quote: Quote) -> BlockKind:
    return quote.passage.content.blocks[quote.blocks[0]].kind


def _steps(quote: Quote) -> bool:
    blocks = quote.passage.content.blocks
    return any(blocks[block].kind is BlockKind.STEP for block in quote.blocks)
