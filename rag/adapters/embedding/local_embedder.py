"""The embedding model on this machine: its export where that works, else the reference."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from rag.adapters.embedding.exported_model import ABOUT, ExportedModel, exported
from rag.adapters.embedding.model_export import export_in_child
from rag.adapters.embedding.openvino_embedder import OpenVinoEmbedder
from rag.adapters.embedding.sentence_transformer import SentenceTransformerEmbedder, fingerprint
from rag.errors import ModelError
from rag.ports import Embedder, TokenCounterSource, Vector
from rag.text.searchable import unicode_form

_QUESTIONS_KEPT = 256
log = logging.getLogger(__name__)


class LocalEmbedder:
    """Loads at first use; the first use of a model exports it below `models`.

    The export is verified against sentence-transformers when it is made, so that both give the
    same vectors and an index may be built by one and asked by the other. Documents and questions
    are embedded in one Unicode form.
    """

    def __init__(
        self,
        models: Path,
        model: str,
        max_tokens: int,
        allow_download: bool,
        cores: int | None = None,
    ) -> None:
        """`cores` are for questions, by default all of the machine."""
        self._cores = cores
        self._models = models
        self._model = model
        self._max_tokens = max_tokens
        self._allow_download = allow_download
        self._lock = threading.Lock()
        self._loaded: Embedder | None = None
        # An alert that fires many times asks the same question each time.
        self._question_vector = lru_cache(_QUESTIONS_KEPT)(self._embed_question)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self._model, self._max_tokens)

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def runtime(self) -> str:
        """Which library runs the model."""
        return "openvino" if isinstance(self._embedder, OpenVinoEmbedder) else "torch"

    def load_early(self) -> None:
        """Load in the background; an error is raised at first use.

        A model that must be exported first is left to its first use: that takes many seconds, which
        a command that fails for another reason would wait out.
        """
        if (self._export_folder / ABOUT).exists():
            # No daemon: a process that ends while the library loads is killed by it (SIGABRT).
            threading.Thread(target=self._load_quietly, name="model", daemon=False).start()

    def prepare(self) -> None:
        """Export the model if it must be exported first, without loading it."""
        with suppress(ModelError, OSError):  # raised again, or made up for, at first use
            self._export()

    def _load_quietly(self) -> None:
        with suppress(Exception):  # raised again at first use
            _ = self._embedder

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        return self._embedder.embed_documents([unicode_form(text) for text in texts])

    def embed_question(self, question: str) -> Vector[float]:
        return self._question_vector(unicode_form(question))

    def _embed_question(self, question: str) -> Vector[float]:
        return self._embedder.embed_question(question)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    @property
    def token_counter(self) -> TokenCounterSource:
        return self._embedder.token_counter

    @property
    def _embedder(self) -> Embedder:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Embedder:
        try:
            return self._exported()
        except (ModelError, OSError) as error:
            log.warning("embeddings run on torch, which is several times slower: %s", error)
            return SentenceTransformerEmbedder(self._model, self._max_tokens, self._allow_download)

    @property
    def _export_folder(self) -> Path:
        return self._models / _folder_name(self.fingerprint)

    def _exported(self) -> Embedder:
        about = self._export()
        return OpenVinoEmbedder(self.fingerprint, self._export_folder, about, self._cores)

    def _export(self) -> ExportedModel:
        folder = self._export_folder
        about = exported(folder)
        if about is None:
            export_in_child(self._model, self._max_tokens, self._allow_download, folder)
            about = exported(folder)
        if about is None:
            raise ModelError(f"{folder}: the export is incomplete: remove it to try again")
        return about


def _folder_name(fingerprint: str) -> str:
    """Readable, and different for different models."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", fingerprint).strip("-.")[-40:]
    return f"{readable}-{hashlib.sha256(fingerprint.encode()).hexdigest()[:8]}"
