"""Indexes of any size in the likeness of a real corpus, without days of embedding.

Pages are mixed from the real one's chunks with some words left out, and their vectors are those of
the chunks with a little noise; titles, headings, words and clusters keep their distributions.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from api.compose.embedding import make_embedder
from api.compose.local import open_catalog
from api.compose.vector_stores import ChromaStores
from api.settings import Settings
from bench.corpora import Page
from rag.domain.documents import Chunk
from rag.indexing.write_protocol import Draft, IndexWriter
from rag.ports import Vector

_CHUNKS_A_PAGE = 8
_PAGES_A_COMMIT = 250
_NOISE = 0.02
_WORDS_KEPT = 0.8
# What share of the pages a principal of each tag may read: the tag's own, by one page in so many.
SHARES = {"share:50": 0.5, "share:5": 0.05, "share:0.5": 0.005}


@dataclass(frozen=True, slots=True)
class Material:
    """A real corpus with the vector of each of its chunks, shape (chunks, dimension)."""

    pages: Sequence[Page]
    chunks: Sequence[Chunk]
    vectors: np.ndarray[Any, Any]


def build(folder: Path, material: Material, chunks: int, seed: int = 7) -> Settings:
    """An index of so many chunks in `folder`; gives the settings to open it with."""
    settings = Settings(directory=folder)
    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    with open_catalog(settings) as catalog:
        stores = ChromaStores(settings)
        embedder = make_embedder(settings)
        generation = catalog.generations.create("bench", embedder.fingerprint, embedder.dimension)
        catalog.generations.promote(generation)
        writer = IndexWriter(catalog.writer(generation), stores.open(generation), embedder)
        for drafts in _commits(material, chunks, rng, noise):
            writer.replace(drafts)
        stores.close()
    return settings


def _commits(
    material: Material, chunks: int, rng: random.Random, noise: np.random.Generator
) -> Iterator[list[Draft]]:
    drafts: list[Draft] = []
    for number in range(chunks // _CHUNKS_A_PAGE):
        drafts.append(_draft(material, number, rng, noise))
        if len(drafts) == _PAGES_A_COMMIT:
            yield drafts
            drafts = []
    if drafts:
        yield drafts


def _draft(
    material: Material, number: int, rng: random.Random, noise: np.random.Generator
) -> Draft:
    page = material.pages[rng.randrange(len(material.pages))]
    acl = {tag for tag, share in SHARES.items() if rng.random() < share}
    document = replace(page.document, path=f"{number:06}.md", acl=frozenset(acl | {"public"}))
    document = replace(document, acl=frozenset(acl) or frozenset({"share:rest"}))
    chosen = rng.sample(range(len(material.chunks)), _CHUNKS_A_PAGE)
    inside = tuple(
        replace(
            material.chunks[place],
            document_id=document.id,
            ordinal=at,
            text=_thinned(material.chunks[place].text, rng),
        )
        for at, place in enumerate(chosen)
    )
    vectors = material.vectors[chosen] + noise.normal(
        0, _NOISE, (len(chosen), material.vectors.shape[1])
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Draft(document, inside, tuple(_vector(row) for row in vectors))


def _thinned(text: str, rng: random.Random) -> str:
    return " ".join(word for word in text.split(" ") if rng.random() < _WORDS_KEPT)


def _vector(row: np.ndarray[Any, Any]) -> Vector[float]:
    return array("f", row.astype("float32").tobytes())
