"""How fast texts become vectors: runtimes side by side, and ingest against the raw encoder."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from api.compose.embedding import make_embedder
from api.compose.indexing import run_ingest
from api.settings import DEFAULT_MODEL, Settings
from bench.corpora import Corpus, Page, texts
from ingest.runs.report import Silent
from rag.adapters.embedding.sentence_transformer import load

_SAMPLE = 384
_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Encoding:
    """Texts a second, and how the vectors agree with the reference's."""

    reference_rate: float
    rate: float
    mean_cosine: float
    least_cosine: float


@dataclass(frozen=True, slots=True)
class Ingesting:
    """Chunks a second: of the encoder alone on the same texts, and of a whole ingest."""

    chunks: int
    encoder_rate: float
    ingest_rate: float


def encoding(pages: Sequence[Page], folder: Path) -> Encoding:
    """Texts of mixed lengths through sentence-transformers with its defaults, and through ours."""
    sample = random.Random(1).sample(texts(pages), min(_SAMPLE, len(texts(pages))))
    reference = load(DEFAULT_MODEL, _MAX_TOKENS, allow_download=False)
    reference.encode(sample[:8])
    started = time.perf_counter()
    expected = reference.encode(sample, normalize_embeddings=True)
    theirs = time.perf_counter() - started
    embedder = make_embedder(Settings(directory=folder))
    embedder.embed_documents(sample[:8])
    started = time.perf_counter()
    made = np.array(embedder.embed_documents(sample))
    ours = time.perf_counter() - started
    cosines: np.ndarray[Any, Any] = (made * np.asarray(expected)).sum(axis=1)
    return Encoding(
        reference_rate=len(sample) / theirs,
        rate=len(sample) / ours,
        mean_cosine=float(cosines.mean()),
        least_cosine=float(cosines.min()),
    )


def ingesting(corpus: Corpus, pages: Sequence[Page], folder: Path) -> Ingesting:
    """One ingest into an empty index, beside the encoder's own time for the same texts."""
    settings = Settings(directory=folder)
    embedder = make_embedder(settings)
    distinct = list(dict.fromkeys(texts(pages)))
    embedder.embed_documents(distinct[:8])
    started = time.perf_counter()
    embedder.embed_documents(distinct)
    alone = time.perf_counter() - started
    report = run_ingest(
        settings,
        [corpus.folder],
        acl=frozenset({"public"}),
        prune=True,
        full=False,
        progress=Silent(),
    )
    return Ingesting(report.chunks, len(distinct) / alone, len(distinct) / report.seconds)
