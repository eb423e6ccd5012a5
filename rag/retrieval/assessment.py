"""Whether a search answers its question, and with what confidence each of its hits does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.access.acl import AccessFilter
from rag.domain.documents import IndexedChunk
from rag.domain.search import Candidate, Confidence
from rag.indexing.chunk_keys import version_of
from rag.retrieval.compounds import spelled_as_in
from rag.retrieval.confidence import ConfidenceModel, confidence_model
from rag.retrieval.evidence import Evidence, QuestionEvidence
from rag.retrieval.product_names import names_of
from rag.retrieval.relevance import Compared, answers, codes_alone, holds
from rag.retrieval.spelling import ReadableWords
from rag.text.searchable import searchable

Rankings = Mapping[str, Sequence[Candidate]]

# How many of the best chunks decide whether anything answers, whatever number was asked for.
DECISIVE = 3


@dataclass(frozen=True, slots=True)
class Assessed:
    """A chunk's confidence; `probability` is None if no model was fitted.

    `evidence` is None if the search was not by meaning.
    """

    confidence: Confidence
    probability: float | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One of `chunks` for each chunk, in their order."""

    chunks: Sequence[Assessed]
    no_result: bool


class Assessor:
    """Assesses searches; `embedding_model` names the model of the generation that serves."""

    def __init__(self, words: ReadableWords, embedding_model: Callable[[], str]) -> None:
        self._words = words
        self._embedding_model = embedding_model

    def assess(
        self,
        question: str,
        found: Sequence[IndexedChunk],
        rankings: Rankings,
        access: AccessFilter,
    ) -> Assessment:
        """`found` are the best chunks that the caller may read, best first."""
        if not found or not rankings.get("dense"):
            medium = [Assessed(Confidence.MEDIUM) for _ in found]
            return Assessment(medium, no_result=not found)
        best = [text for one in found[:DECISIVE] for text in _texts(one)]
        question = spelled_as_in(searchable(question), best)
        asked = QuestionEvidence(question, rankings, self._absent(question, best, access))
        evidence = [asked.of(one) for one in found]
        model = confidence_model(self._embedding_model())
        if model is None:
            return _by_relevance(question, found, rankings, evidence)
        return _by_probability(model, question, found, evidence)

    def _absent(self, question: str, best: Sequence[str], access: AccessFilter) -> frozenset[str]:
        """The names of the question that no readable document mentions, not `best` either."""
        unmentioned = [name for name in names_of(question) if not holds(best, name)]
        return frozenset(unmentioned) - self._words.known(unmentioned, access=access)


def _by_probability(
    model: ConfidenceModel,
    question: str,
    found: Sequence[IndexedChunk],
    evidence: Sequence[Evidence],
) -> Assessment:
    probabilities = [model.probability(one) for one in evidence]
    assessed = [
        Assessed(model.level(probability), round(probability, 4), one)
        for probability, one in zip(probabilities, evidence, strict=True)
    ]
    codes = codes_alone(question)
    if codes:
        answered = any(holds(_texts(one), code) for one in found for code in codes)
    else:
        answered = max(probabilities[:DECISIVE]) >= model.refused
    return Assessment(assessed, no_result=False) if answered else _refused(assessed)


def _by_relevance(
    question: str,
    found: Sequence[IndexedChunk],
    rankings: Rankings,
    evidence: Sequence[Evidence],
) -> Assessment:
    """By the thresholds of relevance.py, for a model that no confidence was fitted for."""
    dense, about = rankings["dense"], rankings.get("identifiers", ())
    named = {version_of(one.chunk_key) for one in about}
    assessed = [
        Assessed(
            Confidence.HIGH if version_of(item.key) in named else Confidence.MEDIUM, evidence=one
        )
        for item, one in zip(found, evidence, strict=True)
    ]
    cosines = {one.chunk_key: one.score for one in dense}
    unseen = dense[-1].score  # a chunk beyond the cut of dense search is at most as similar
    compared = [Compared(_texts(one), cosines.get(one.key, unseen)) for one in found]
    if about or answers(question, compared):
        return Assessment(assessed, no_result=False)
    return _refused(assessed)


def _refused(assessed: Sequence[Assessed]) -> Assessment:
    return Assessment([replace(one, confidence=Confidence.LOW) for one in assessed], no_result=True)


def _texts(item: IndexedChunk) -> list[str]:
    about = item.document
    texts = (about.metadata.title, about.path, *item.chunk.section, item.chunk.text)
    return [searchable(text) for text in texts]
