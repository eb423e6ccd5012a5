"""Reranking by a cross-encoder of sentence-transformers: any hub id or folder that holds one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_BATCH = 8


class CrossEncoderReranker:
    """Reads question and passage together, at some tens of milliseconds a passage on a CPU.

    Loads its model, and torch with it, at first use. Raises ModelError when there is none.
    """

    def __init__(self, model: str, max_tokens: int, allow_download: bool = False) -> None:
        self._model_name = model
        self._max_tokens = max_tokens
        self._allow_download = allow_download
        self._lock = threading.Lock()
        self._loaded: CrossEncoder | None = None

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers the question, 0 to 1."""
        if not passages:
            return []
        import torch

        pairs = [(question, passage) for passage in passages]
        with self._lock:  # one model, and torch takes every core for itself
            made = self._model().predict(
                pairs,
                batch_size=_BATCH,
                activation_fn=torch.nn.Sigmoid(),
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return [float(score) for score in made]

    def _model(self) -> CrossEncoder:
        if self._loaded is None:
            from sentence_transformers import CrossEncoder

            try:
                self._loaded = CrossEncoder(
                    self._model_name,
                    num_labels=1,
                    max_length=self._max_tokens,
                    device="cpu",
                    local_files_only=not self._allow_download,
                )
            except Exception as error:  # its file and hub readers raise errors of many kinds
                raise ModelError(
                    f"the reranker {self._model_name!r} cannot be loaded: {error}. Set "
                    "rerank.model to a folder, leave it empty, or set rerank.allow_download = true."
                ) from error
        return self._loaded
