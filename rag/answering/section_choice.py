"""Which section of a document answers a question: the greatest weighted sum of named features."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.answering.answer_parts import Part, forbids
from rag.answering.key_sentences import KeySentence
from rag.answering.quotes import Quote
from rag.answering.sections import Section
from rag.ports import Embedder
from rag.retrieval.relevance import coverage
from rag.text.identifiers import codes_in, is_error_code

_HIT_WEIGHT = 0.5
_SENTENCE_WEIGHT = 1.0
_COVERAGE_WEIGHT = 0.4
_HEADING_WEIGHT = 0.5
_HEADING_COSINE_WEIGHT = 0.5
_HEADINGS_COMPARED = 2  # the innermost
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
_ASKS_FOR_A_CAUSE = re.compile(
    r"\b(?:why|how come|reasons?|caused?|causes|how (?:did|could)|what (?:exactly|made))\b",
    re.IGNORECASE,
)
_CAUSE_WEIGHT = 0.6
_ASKS_FOR_PERMISSION = re.compile(
    r"\b(?:safe|fine|ok(?:ay)?|(?:can|may|should|could) (?:i|we|you)|allowed|dangerous|harms?)\b",
    re.IGNORECASE,
)
_CARE_WEIGHT = 0.4
_ASKS_WHAT_NOT_TO_DO = re.compile(
    r"\b(?:never|not|avoid|careful|dangers?|dangerous|unsafe|safe|safely|warnings?|risky?|risks)\b"
    r"|n't\b",
    re.IGNORECASE,
)
_FORBIDDING_WEIGHT = -1.0
_DEFINITION_WEIGHT = 0.5
# Where an alert says nothing of what is wanted, what only reads comes first.
_CHECK_WEIGHT = 0.3
_ASKS_TO_VERIFY = re.compile(
    r"\b(?:verif\w{1,7}|confirm\w{0,3}|make sure|worked|recovered|afterwards|fixed)\b",
    re.IGNORECASE,
)
_VERIFY_WEIGHT = -0.4
# The opening sentence of a document stands above every section, so its introduction says less.
_INTRODUCTION_WEIGHT = -0.4
_ACTS = (Part.CHECK, Part.MITIGATION)

BestSentence = Mapping[tuple[int, int], float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a section is scored by.

    `best_sentence` holds the best score of a sentence by marker and block, `heading_cosine` the
    cosine of the question and the headings of a section.
    """

    best_sentence: BestSentence
    heading_cosine: Mapping[tuple[str, ...], float]


def best_section(
    question: str,
    sections: Sequence[Section],
    sentences: Sequence[KeySentence],
    embedder: Embedder,
) -> Section:
    """The section that answers best; of equals the first. `sections` is not empty."""
    evidence = Evidence(best_scores(sentences), _heading_cosines(question, sections, embedder))
    scores = [score(question, section, evidence) for section in sections]
    if not (_ASKS_WHAT_NOT_TO_DO.search(question) or _ASKS_FOR_PERMISSION.search(question)):
        for place, section in enumerate(sections):
            # What must not be done answers a problem only where nothing says what to do.
            if forbids(section.headings) and _has_sibling_to_act_on(section, sections):
                scores[place] += _FORBIDDING_WEIGHT
    return sections[scores.index(max(scores))]


def _has_sibling_to_act_on(section: Section, sections: Sequence[Section]) -> bool:
    return any(one.part in _ACTS and one.is_sibling_of(section) for one in sections)


def score(question: str, section: Section, evidence: Evidence) -> float:
    """How well a section answers."""
    text = "\n".join(
        quote.passage.content.source(block) for quote in section.quotes for block in quote.blocks
    )
    total = _HIT_WEIGHT * max(passage.hit.score for passage in section.passages)
    sentence_scores = _sentence_scores(section, evidence.best_sentence)
    total += _SENTENCE_WEIGHT * max(sentence_scores, default=0.0)
    total += _COVERAGE_WEIGHT * coverage(question, [*section.headings, text])
    total += _HEADING_WEIGHT * coverage(question, section.headings)
    total += _HEADING_COSINE_WEIGHT * evidence.heading_cosine.get(section.headings, 0.0)
    folded = text.casefold()
    codes = [code.casefold() for code in error_codes_in(question)]
    total += _CODE_WEIGHT * any(code in folded for code in codes)
    total += _DEFINITION_WEIGHT * any(_defines(folded, code) for code in codes)
    return total + _score_of_kind(question, section)


def _score_of_kind(question: str, section: Section) -> float:
    """What the kind of a section counts for the kind of a question."""
    innermost = section.headings[-1:]
    total = _REFERENCES_WEIGHT * any(map(_REFERENCES.search, innermost))
    if _ASKS_FOR_A_FALLBACK.search(question):
        total += _FALLBACK_WEIGHT * any(map(_FALLBACK.search, innermost))
    if _ASKS_FOR_ACTION.search(question):
        total += _ACTION_WEIGHT * _acts(section) + _RISK_WEIGHT * bool(section.risks)
    elif names_the_alert(question, section):
        total += _ACTION_WEIGHT * _acts(section) + _CHECK_WEIGHT * (section.part is Part.CHECK)
    if _ASKS_FOR_PERMISSION.search(question):
        total += _CARE_WEIGHT * (section.part is Part.CARE)
    if _ASKS_FOR_A_CAUSE.search(question):
        total += _CAUSE_WEIGHT * (section.part is Part.CAUSE)
    if not _ASKS_TO_VERIFY.search(question):
        total += _VERIFY_WEIGHT * (section.part is Part.VERIFY)
    return total + _INTRODUCTION_WEIGHT * _introduces(section)


def _introduces(section: Section) -> bool:
    """Whether no heading but the title leads to a section."""
    return section.headings in ((), (section.passages[0].title,))


def names_the_alert(question: str, section: Section) -> bool:
    """Whether a question holds the name of an alert that the document is about."""
    document = section.quotes[0].passage.hit.document
    alerts = {*document.metadata.alerts, *codes_in(document.metadata.title)}
    return any(alert in question for alert in alerts)


def _acts(section: Section) -> bool:
    return section.part in _ACTS or section.has_steps


def _defines(text: str, code: str) -> bool:
    """Whether a line begins with a code, as a row of a table or an item that explains it does."""
    lines = (line.lstrip(" \t|*+-#`") for line in text.split("\n"))
    return any(line.startswith(code) for line in lines)


def error_codes_in(question: str) -> list[str]:
    """Codes such as `PGW-504`, of which a document on several has one row or section each."""
    return [code for code in codes_in(question) if is_error_code(code)]


def asks_how(question: str) -> bool:
    """Whether a question asks for steps, and not for a fact."""
    return bool(_ASKS_FOR_ACTION.search(question)) and not _ASKS_DIRECTLY.search(question)


def best_scores(sentences: Sequence[KeySentence]) -> dict[tuple[int, int], float]:
    """The best score of a sentence by the marker of its passage and its block."""
    best: dict[tuple[int, int], float] = {}
    for one in sentences:
        key = (one.passage.marker, one.block)
        best[key] = max(best.get(key, 0.0), one.score)
    return best


def quote_scores(quote: Quote, best_sentence: BestSentence) -> Iterator[float]:
    """The best score of each block of a quote that has a sentence."""
    for block in quote.blocks:
        for within in quote.passage.content.within(block):
            if (quote.passage.marker, within) in best_sentence:
                yield best_sentence[quote.passage.marker, within]


def _sentence_scores(section: Section, best_sentence: BestSentence) -> Iterator[float]:
    for quote in section.quotes:
        yield from quote_scores(quote, best_sentence)


def _heading_cosines(
    question: str, sections: Sequence[Section], embedder: Embedder
) -> dict[tuple[str, ...], float]:
    """The cosine of the question and the innermost headings, for sections that have any."""
    paths = list(dict.fromkeys(one.headings for one in sections if one.headings))
    if not paths:
        return {}
    asked = embedder.embed_question(question)
    vectors = embedder.embed_documents([" > ".join(path[-_HEADINGS_COMPARED:]) for path in paths])
    return {
        path: sum(one * other for one, other in zip(asked, vector, strict=True))
        for path, vector in zip(paths, vectors, strict=True)
    }
