"""Confidence: evidence, probability, and what nothing answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from api.settings import DEFAULT_MODEL
from rag.access.acl import AccessFilter
from rag.adapters.embedding.sentence_transformer import PACKAGED_MODEL
from rag.domain.documents import Chunk, IndexedChunk, LineSpan
from rag.domain.search import Candidate, Confidence
from rag.indexing.chunk_keys import chunk_key
from rag.retrieval.assessment import Assessment, Assessor
from rag.retrieval.confidence import confidence_model
from rag.retrieval.evidence import FEATURES, Evidence, QuestionEvidence
from rag.retrieval.product_names import names_of
from tests.fakes import document

EVERYTHING = AccessFilter(frozenset(), everything=True)
WEAK = Evidence(
    lead=-0.1,
    contrast=0.0,
    document_similarity=0.1,
    coverage=0.1,
    length=1.5,
    rare_match=0.0,
    names_found=1.0,
)
SHIPPED = [DEFAULT_MODEL, PACKAGED_MODEL]


class Words:
    """What the readable documents mention."""

    def __init__(self, *known: str) -> None:
        self._known = frozenset(known)

    def known(self, words: Sequence[str], *, access: AccessFilter) -> set[str]:
        return set(words) & self._known

    def commonest(self, words: Sequence[str], *, access: AccessFilter) -> str | None:
        raise AssertionError("not asked")


def found(version: int, text: str, path: str = "queue.md") -> IndexedChunk:
    chunk = Chunk("d", version, text, (), LineSpan(1, 2))
    return IndexedChunk(chunk_key(version, 0), chunk, document(path))


def rankings(*cosines: float) -> dict[str, list[Candidate]]:
    dense = [
        Candidate(chunk_key(version, 0), cosine, "dense")
        for version, cosine in enumerate(cosines, start=1)
    ]
    return {"dense": dense, "page_vectors": dense}


def assess(question: str, *known: str, model: str = DEFAULT_MODEL) -> Assessment:
    """Of a chunk on queues that stands out by its cosine."""
    assessor = Assessor(Words(*known), lambda: model)
    chunk = found(1, "Drain the queue of orders before the consumer is restarted.")
    return assessor.assess(question, [chunk], rankings(0.7, 0.4, 0.3, 0.2), EVERYTHING)


@pytest.mark.parametrize("name", SHIPPED)
def test_more_of_any_feature_never_lowers_the_probability(name: str) -> None:
    model = confidence_model(name)
    assert model is not None
    assert 0 < model.refused <= model.low < model.high < 1
    for feature in FEATURES:
        more = replace(WEAK, **{feature: getattr(WEAK, feature) + 0.5})
        assert model.probability(more) >= model.probability(WEAK)


def test_a_hub_model_has_no_confidence_model() -> None:
    assert confidence_model("nobody/no-such-model") is None
    assert confidence_model("../confidence_models/minilm-ops-1") is None


def test_letter_case_changes_no_evidence() -> None:
    chunk = found(1, "RabbitMQ: FATAL: the PDB blocks the drain")
    made = [
        QuestionEvidence(question, rankings(0.7, 0.4), ()).of(chunk)
        for question in ("FATAL: RabbitMQ PDB of ledger", "fatal: rabbitmq pdb of ledger")
    ]
    assert made[0] == made[1]
    assert names_of("the RabbitMQ queue") == names_of("the rabbitmq queue") == ["rabbitmq"]


def test_evidence_compares_a_document_with_the_others() -> None:
    evidence = QuestionEvidence("drain the queue", rankings(0.7, 0.4, 0.3), ()).of(
        found(2, "Drain the queue")
    )
    assert evidence.lead == pytest.approx(0.4 - 0.7)
    assert evidence.document_similarity == pytest.approx(0.4)
    assert evidence.coverage == 1.0


def test_a_chunk_that_stands_out_answers_and_one_that_does_not_is_refused() -> None:
    good = assess("how do I drain the queue of orders before the consumer is restarted")
    assert not good.no_result
    assert good.chunks[0].confidence is not Confidence.LOW
    assessor = Assessor(Words(), lambda: DEFAULT_MODEL)
    far = assessor.assess(
        "who wins the cup", [found(9, "Drain the queue.")], rankings(0.1, 0.1), EVERYTHING
    )
    assert far.no_result
    assert far.chunks[0].confidence is Confidence.LOW


def test_a_product_that_no_readable_document_mentions_lowers_confidence_in_any_case() -> None:
    chances = [
        assess(f"how do I drain the {name} queue of orders", *known).chunks[0].probability or 0
        for name, known in (
            ("RabbitMQ", ["rabbitmq"]),
            ("RabbitMQ", []),
            ("rabbitmq", []),
        )
    ]
    assert chances[0] > chances[1] == chances[2]


def test_a_model_without_confidence_decides_by_relevance() -> None:
    assessed = assess("how do I drain the queue of orders", model="nobody/model")
    assert not assessed.no_result
    assert assessed.chunks[0].probability is None
    assert assessed.chunks[0].evidence is not None
