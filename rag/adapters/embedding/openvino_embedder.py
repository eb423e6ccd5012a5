"""Embeddings by OpenVINO's runtime on an exported model; imports no torch."""

from __future__ import annotations

import fcntl
import os
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.adapters.embedding.exported_model import ExportedModel
from rag.adapters.embedding.openvino_library import openvino
from rag.adapters.embedding.token_counting import counter_source, make_counter
from rag.errors import ModelError
from rag.ports import TokenCounterSource, Vector

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Encoding

_BATCH = 8  # small batches of texts of like length are quickest on few cores (docs/benchmarks.md)
_MAX_QUESTIONS = 16


class OpenVinoEmbedder:
    """Opens the export at once. Questions that arrive while one is embedded share a batch.

    Raises ModelError when the export cannot be opened or run on this machine.
    """

    def __init__(
        self, fingerprint: str, folder: Path, about: ExportedModel, cores: int | None = None
    ) -> None:
        """`cores` are for questions, by default all of the machine."""
        self._cores = cores or os.cpu_count() or 1
        self._fingerprint = fingerprint
        self._folder = folder
        self._about = about
        try:
            self._open(folder)
        except Exception as error:  # OpenVINO and tokenizers raise bare exceptions
            raise ModelError(f"{folder}: the exported model cannot be opened: {error}") from error
        self._documents_turn = threading.Lock()
        self._questions = _Together(self._embed_questions)

    def _open(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        # The other retrievers run in parallel: a thread that waits for a core delays the rest.
        threads = max(1, self._cores - 1)
        self._questions_request = _request(folder, INFERENCE_NUM_THREADS=threads)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._about.max_tokens)

    @cached_property
    def _documents_request(self) -> Any:
        """Has all cores to itself; no search waits for it to be made."""
        return _request(self._folder)

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def dimension(self) -> int:
        return self._about.dimension

    def embed_documents(self, texts: Sequence[str]) -> list[Vector[float]]:
        prefixed = [self._about.document_prefix + text for text in texts]
        vectors: list[Vector[float]] = [array("f")] * len(texts)
        with self._documents_turn:
            for places, batch in _by_length(self._tokenizer.encode_batch(prefixed)):
                for place, vector in zip(
                    places, self._run(self._documents_request, batch), strict=True
                ):
                    vectors[place] = vector
        return vectors

    def embed_question(self, question: str) -> Vector[float]:
        return self._questions.run(question)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._count(texts)

    @cached_property
    def token_counter(self) -> TokenCounterSource:
        return counter_source((self._folder / "tokenizer.json").read_text(encoding="utf-8"))

    @cached_property
    def _count(self) -> Callable[[Sequence[str]], list[int]]:
        """Made at its first use, so that no search waits for it."""
        return make_counter(self.token_counter.argument)

    def _embed_questions(self, questions: Sequence[str]) -> list[Vector[float]]:
        prefixed = [self._about.question_prefix + question for question in questions]
        return self._run(self._questions_request, self._tokenizer.encode_batch(prefixed))

    def _run(self, request: Any, batch: Sequence[Encoding]) -> list[Vector[float]]:
        ids, mask = _padded(batch, self._about.pad_id)
        try:
            made = request.infer([ids, mask], share_inputs=True)[0]
        except Exception as error:
            raise ModelError(f"the embedding model failed: {error}") from error
        return [array("f", row.tobytes()) for row in made]


def _request(folder: Path, **settings: object) -> Any:
    """The model, compiled with these settings; no two threads may use a request at once."""
    settings["PERFORMANCE_HINT"] = "LATENCY"
    if os.access(folder, os.W_OK):
        # Compiled once for this machine: the next start is a tenth of a second quicker.
        settings["CACHE_DIR"] = str(folder / "compiled")
    with _no_other_process(folder):
        model = openvino().Core().compile_model(folder / "model.xml", "CPU", settings)
    return model.create_infer_request()


@contextmanager
def _no_other_process(folder: Path) -> Iterator[None]:
    """Processes that compile the same model at once would write the same file of its cache."""
    try:
        lock = os.open(folder / "compiled.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # read-only, and so without a cache, or on a full disk
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


class _Together:
    """Runs what several threads ask for in shared batches, without ever waiting for more.

    Whoever gets the turn takes all that wait; the others find their answer made.
    """

    def __init__(self, embed: Any) -> None:
        self._embed = embed
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[tuple[str, Future[Vector[float]]]] = []

    def run(self, question: str) -> Vector[float]:
        mine: Future[Vector[float]] = Future()
        with self._guard:
            self._waiting.append((question, mine))
        while not mine.done():
            with self._turn:
                if not mine.done():
                    self._run_waiting()
        return mine.result()

    def _run_waiting(self) -> None:
        with self._guard:
            batch = self._waiting[:_MAX_QUESTIONS]
            del self._waiting[:_MAX_QUESTIONS]
        try:
            vectors = self._embed([question for question, _ in batch])
        except BaseException as error:
            for _, future in batch:
                future.set_exception(error)
        else:
            for (_, future), vector in zip(batch, vectors, strict=True):
                future.set_result(vector)


def _by_length(
    encoded: Sequence[Encoding],
) -> Iterator[tuple[list[int], list[Encoding]]]:
    """Batches of like length with their places, so that little is spent on padding."""
    order = sorted(range(len(encoded)), key=lambda place: len(encoded[place].ids))
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        yield places, [encoded[place] for place in places]


def _padded(
    batch: Sequence[Encoding], pad_id: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Token ids and mask, each of shape (texts, longest), 64-bit integers."""
    import numpy as np

    width = max(len(encoding.ids) for encoding in batch)
    ids = np.full((len(batch), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(batch), width), dtype=np.int64)
    for row, encoding in enumerate(batch):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    return ids, mask
