"""Whole functions over hostile texts take time linear in the text, not their patterns alone.

A function that calls linear patterns in a loop, or copies what is left of a text at each step, is
quadratic all the same. Those that compare a sentence with its sources are given hostile text on
either side; what is compared with each other is bounded by `rag/text/limits.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from ingest.chunking.chunker import Chunker
from ingest.formats import markdown
from rag.access.acl import AccessFilter
from rag.answering.checking import AnswerChecker
from rag.answering.context import Context
from rag.answering.conversation import standalone
from rag.answering.escaping import label
from rag.answering.quoting import quotation
from rag.answering.streamed_units import StreamedUnits
from rag.command_risk.classify import shipped_classifier
from rag.domain.answers import Turn, Unsupported
from rag.faithfulness.support import SupportChecker
from rag.guardrails.injection import addresses_a_model, signs_in
from rag.guardrails.neutralising import neutralised, neutralised_prose
from rag.guardrails.redaction import find_secrets, redacted
from rag.retrieval.compounds import joined, spelled_as_in
from rag.retrieval.exact_phrases import (
    date_spellings,
    quoted_phrases,
    unspaced_phrases,
    version_ranges,
)
from rag.retrieval.pasted_text import asked_by
from rag.retrieval.relevance import coverage
from rag.retrieval.spelling import SpellingCorrector
from rag.text.identifiers import codes_in, identifiers_in, names_in, spelled_out
from rag.text.markdown import markdown_text
from rag.text.searchable import words
from rag.text.sentences import sentences
from rag.text.visible import visible
from rag.text.wording import normalised, plain, telling_roots, unmarked
from tests.fakes import HashingEmbedder, NoWords
from tests.growth import superlinear
from tests.hostile_texts import Family, general

_SENTENCE = "Restart the broker `kafka-1` within 5 minutes, but never two at once."
_EVERYTHING = AccessFilter(frozenset(), everything=True)
_LENGTH = 4_000  # characters
_LONGER = {"chunking": 16_000}  # a quarter of it is cut into several chunks, as the whole is


@cache
def _support() -> SupportChecker:
    return SupportChecker(HashingEmbedder())


def _chunked(text: str) -> object:
    chunker = Chunker(HashingEmbedder().count_tokens)
    return chunker.chunk("d", "Title", markdown.blocks(text, 1))


def _checked(text: str) -> object:
    checker = AnswerChecker(
        Context(()), SupportChecker(HashingEmbedder()), Unsupported.MARK, shipped_classifier()
    )
    units = StreamedUnits()
    return [checker.checked(unit) for unit in (*units.feed(text), *units.rest())]


def _quoted(text: str) -> object:
    content = markdown_text(text)
    return [quotation(content, index, 1) for index in content.top()]


_FUNCTIONS: dict[str, Callable[[str], object]] = {
    "chunking": _chunked,
    "checking a model's answer": _checked,
    "support by a hostile source": lambda text: _support().check(_SENTENCE, [markdown_text(text)]),
    "support of a hostile sentence": lambda text: _support().check(
        text, [markdown_text(_SENTENCE)]
    ),
    "quoting": _quoted,
    "escaping": label,
    "redaction": lambda text: (find_secrets(text), redacted(text)),
    "injection": lambda text: (signs_in(text), addresses_a_model(text)),
    "neutralising": lambda text: (neutralised(markdown_text(text)), neutralised_prose(text)),
    "classification": lambda text: (
        shipped_classifier().classify(text),
        shipped_classifier().classify_sql(text),
    ),
    "follow-up": lambda text: standalone("and it?", [Turn("user", text)]),
    "identifiers": lambda text: (
        identifiers_in(text),
        codes_in(text),
        names_in(text),
        spelled_out(text),
    ),
    "wording": lambda text: (normalised(text), plain(text), unmarked(text), telling_roots(text)),
    "coverage": lambda text: (coverage(_SENTENCE, [text]), coverage(text, [_SENTENCE])),
    "sentences": sentences,
    "searchable form": words,
    "compounds": lambda text: (joined(words(text)), spelled_as_in(text, [text])),
    "pasted text": asked_by,
    "exact phrases": lambda text: (
        quoted_phrases(text),
        unspaced_phrases(text),
        version_ranges(text),
        date_spellings(text),
    ),
    "spelling": lambda text: SpellingCorrector(NoWords(), bool).corrected(text, access=_EVERYTHING),
    "visible": visible,
}


def _families() -> list[Family]:
    """Every second one, which leaves some of each kind: the patterns are tested with all."""
    return [*general()][::2]


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_time_grows_linearly_with_every_hostile_text(name: str) -> None:
    slow = {
        repr(family): growth
        for family in _families()
        if (growth := superlinear(_FUNCTIONS[name], family.text, _LONGER.get(name, _LENGTH)))
    }
    assert not slow


def test_a_function_that_is_not_linear_is_caught() -> None:
    def copies_the_rest(text: str) -> None:
        while text:
            text = "".join(list(text[1:]))

    assert superlinear(copies_the_rest, lambda length: "a" * length, _LENGTH)
