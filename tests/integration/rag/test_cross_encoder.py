"""The cross-encoder adapter on a real model, whose head nobody has trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.adapters.cross_encoder import CrossEncoderReranker
from rag.adapters.embedding.sentence_transformer import packaged_model
from rag.errors import ModelError


def test_each_passage_has_a_score_between_0_and_1_and_the_same_again() -> None:
    reranker = CrossEncoderReranker(str(packaged_model()), max_tokens=128)
    passages = ["restart the broker", "bake bread", "broker " * 500]
    scores = reranker.scores("the broker is down", passages)
    assert len(scores) == 3
    assert all(0 <= score <= 1 for score in scores)
    assert reranker.scores("the broker is down", passages) == pytest.approx(scores, abs=1e-4)
    assert reranker.scores("the broker is down", []) == []


def test_a_model_that_is_not_there_is_reported_and_nothing_is_fetched(tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(str(tmp_path / "nothing"), max_tokens=128)
    with pytest.raises(ModelError, match=r"rerank\.model"):
        reranker.scores("question", ["passage"])
