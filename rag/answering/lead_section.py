"""Which section of a document answers a question, and which others a reader needs with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rag.answering.answer_parts import Part, forbids
from rag.answering.key_sentences import KeySentence
from rag.answering.quotes import Quote
from rag.answering.sections import Section, lines_of
from rag.domain.documents import BlockKind, LineSpan, Risk
from rag.retrieval.relevance import coverage
from rag.text.identifiers import codes_in, is_error_code
from rag.text.sentences import sentences

_HIT_WEIGHT = 0.5
_SENTENCE_WEIGHT = 1.0
_COVERAGE_WEIGHT = 0.4
_HEADING_WEIGHT = 0.5
_CODE_WEIGHT = 2.0
_ACTION_WEIGHT = 0.4
_RISK_WEIGHT = 0.1
_ASKS_FOR_ACTION = re.compile(
    r"\b(?:how (?:do|to|can|should)|what (?:do|now|should|must|can)|fix|recover|repair|restore|"
    r"roll ?back|stop|restart|first thing)\b",
    re.IGNORECASE,
)
_AUXILIARY = r"(?:is|are|was|were|can|could|may|should|will|would|do|does|did|has|have|must)"
_FACT = rf"(?:{_AUXILIARY}|which|who|when|where|why|what (?:is|are|does|did|was|happens|means?)|"
_ASKS_DIRECTLY = re.compile(
    rf"(?:\A\W*|[,;.:]\s*){_FACT}how (?:many|much|long|often|big|far|old))\b", re.IGNORECASE
)
_ASKS_FOR_A_FALLBACK = re.compile(
    r"\bif (?:that|this|it) (?:fails?|does(?: not|n't)|did(?: not|n't))\b|\bthen what\b",
    re.IGNORECASE,
)
_FALLBACK = re.compile(
    r"\b(?:does not|doesn't|did not|didn't|fails?|failed|otherwise|escalat\w{1,5}|last resort|"
    r"alternatives?|nothing helps?)\b",
    re.IGNORECASE,
)
_FALLBACK_WEIGHT = 0.8
_REFERENCES = re.compile(
    r"\b(?:references?|(?:further|more|additional) (?:reading|resources|information)|see also|"
    r"links|resources|table of contents|contents)\b",
    re.IGNORECASE,
)
_REFERENCES_WEIGHT = -1.0
_ASKS_WHAT_NOT_TO_DO = re.compile(
    r"\b(?:never|not|avoid|careful|dangers?|dangerous|unsafe|safe|safely|warnings?|risky?|risks)\b"
    r"|n't\b",
    re.IGNORECASE,
)
_FORBIDDING_WEIGHT = -1.0
_RISKY = frozenset({Risk.DESTRUCTIVE, Risk.MUTATING, Risk.UNKNOWN})
_OPENING_CHUNK = 1  # by ordinal: the first may hold a heading alone
_MIN_OPENING, _MAX_OPENING = 20, 300  # characters
_FOLLOWING = (Part.CHECK, Part.MITIGATION, Part.VERIFY)
_ITEMS = frozenset({BlockKind.STEP, BlockKind.ITEM})
_ACTS = (Part.CHECK, Part.MITIGATION)


def best_section(
    question: str, sections: Sequence[Section], sentences: Sequence[KeySentence]
) -> Section:
    """The section that answers best; of equals the first. `sections` is not empty."""
    best_sentence = _best_sentences(sentences)
    scores = {
        place: score(question, section, best_sentence) for place, section in enumerate(sections)
    }
    if not _ASKS_WHAT_NOT_TO_DO.search(question):
        for place, section in enumerate(sections):
            # What must not be done answers a problem only where nothing says what to do.
            if forbids(section.headings) and _has_acts_beside(section, sections):
                scores[place] += _FORBIDDING_WEIGHT
    return sections[max(scores, key=scores.__getitem__)]


def _has_acts_beside(section: Section, sections: Sequence[Section]) -> bool:
    return any(one.part in _ACTS and one.is_sibling_of(section) for one in sections)


def score(question: str, section: Section, best_sentence: Mapping[tuple[int, int], float]) -> float:
    """How well a section answers; `best_sentence` holds the best score by passage and block."""
    text = "\n".join(
        quote.passage.content.source(block) for quote in section.quotes for block in quote.blocks
    )
    total = _HIT_WEIGHT * max(passage.hit.score for passage in section.passages)
    total += _SENTENCE_WEIGHT * max(_sentence_scores(section, best_sentence), default=0.0)
    total += _COVERAGE_WEIGHT * coverage(question, [*section.headings, text])
    total += _HEADING_WEIGHT * coverage(question, section.headings)
    folded = text.casefold()
    total += _CODE_WEIGHT * any(code.casefold() in folded for code in error_codes_in(question))
    total += _REFERENCES_WEIGHT * any(map(_REFERENCES.search, section.headings[-1:]))
    if _ASKS_FOR_A_FALLBACK.search(question):
        total += _FALLBACK_WEIGHT * any(map(_FALLBACK.search, section.headings[-1:]))
    if asks_for_action(question, section):
        acts = section.part in _ACTS or section.has_steps
        total += _ACTION_WEIGHT * acts + _RISK_WEIGHT * bool(section.risks)
    return total


def asks_for_action(question: str, section: Section) -> bool:
    """Whether a question wants steps: it says so, or it is an alert that the document is about."""
    document = section.quotes[0].passage.hit.document
    alerts = {*document.metadata.alerts, *codes_in(document.metadata.title)}
    return bool(_ASKS_FOR_ACTION.search(question)) or any(alert in question for alert in alerts)


def error_codes_in(question: str) -> list[str]:
    """Codes such as `PGW-504`, of which a document on several has one row or section each."""
    return [code for code in codes_in(question) if is_error_code(code)]


def asks_how(question: str) -> bool:
    """Whether a question asks for steps, and not for a fact."""
    return bool(_ASKS_FOR_ACTION.search(question)) and not _ASKS_DIRECTLY.search(question)


def opening_sentence(sections: Sequence[Section]) -> KeySentence | None:
    """The first sentences of a document's first paragraph: what the document is about."""
    quote = sections[0].quotes[0]
    passage, block = quote.passage, quote.blocks[0]
    if passage.hit.chunk.ordinal > _OPENING_CHUNK or quote.part is Part.CARE:
        return None
    if passage.content.blocks[block].kind is not BlockKind.PARAGRAPH:
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
    best = _best_sentences(sentences)
    scores = [max(_quote_scores(quote, best), default=0.0) for quote in section.quotes]
    return scores.index(max(scores))


def from_what_answers(
    section: Section, sentences: Sequence[KeySentence]
) -> tuple[LineSpan | None, list[Quote]]:
    """The quotes of a long section from the one that answers, and the lines before them.

    A list is never entered in its middle, and warnings come along wherever they stand.
    """
    start = _nearest_quote(section, sentences)
    while start > 0 and _kind(section.quotes[start]) in _ITEMS:
        start -= 1
    warnings = _warnings_in(section)
    before = [quote for quote in section.quotes[:start] if quote not in warnings]
    rest = [quote for quote in section.quotes[start:] if quote not in warnings]
    return lines_of(before) if before else None, [*warnings, *rest]


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


def _best_sentences(sentences: Sequence[KeySentence]) -> dict[tuple[int, int], float]:
    best: dict[tuple[int, int], float] = {}
    for one in sentences:
        key = (one.passage.marker, one.block)
        best[key] = max(best.get(key, 0.0), one.score)
    return best


def _sentence_scores(
    section: Section, best_sentence: Mapping[tuple[int, int], float]
) -> Iterator[float]:
    for quote in section.quotes:
        yield from _quote_scores(quote, best_sentence)


def _quote_scores(quote: Quote, best_sentence: Mapping[tuple[int, int], float]) -> Iterator[float]:
    for block in quote.blocks:
        for within in quote.passage.content.within(block):
            if (quote.passage.marker, within) in best_sentence:
                yield best_sentence[quote.passage.marker, within]


def _kind(quote: Quote) -> BlockKind:
    return quote.passage.content.blocks[quote.blocks[0]].kind


def _steps(quote: Quote) -> bool:
    blocks = quote.passage.content.blocks
    return any(blocks[block].kind is BlockKind.STEP for block in quote.blocks)
