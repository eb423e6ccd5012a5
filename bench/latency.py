"""How long a search takes, by size of the index, by filter, and by the number of clients."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import numpy as np

from api.compose.embedding import make_embedder
from api.compose.local import LOCAL_ADMINISTRATOR, open_catalog
from api.compose.serving import open_serving
from api.settings import Settings
from bench.plain_stack import retriever_over
from bench.scaled_index import SHARES, Material
from bench.serving import free_port, serving_process
from rag.access.acl import access_filter
from rag.adapters.catalog.exact_vectors import ExactVectors
from rag.adapters.vectors.chroma import ChromaVectorStore
from rag.adapters.vectors.filtered_vectors import FilteredVectors
from rag.domain.access import Principal
from rag.domain.search import Filters, SearchQuery
from rag.ports import VectorFilter

EVERYTHING = "everything"
_LIMIT = 100
_K = 10
_SECONDS_OF_LOAD = 8.0
# One key asks for all of the clients.
_NO_LIMITS = {
    "RUNBOOK_LIMITS__REQUESTS_PER_MINUTE": "1000000",
    "RUNBOOK_LIMITS__CONCURRENT": "1000",
}


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Filtered:
    """Dense search behind one filter: its time, that of Chroma's own filter, and its recall."""

    share: str
    chunks: int
    times: Times
    store_filter: Times
    recall: float


def searches(settings: Settings, questions: Sequence[str]) -> dict[str, Times]:
    """The whole search in one process, by who asks; each question once."""
    asking = {EVERYTHING: LOCAL_ADMINISTRATOR} | {
        tag: Principal(tag, frozenset({tag})) for tag in SHARES
    }
    found = {}
    with open_serving(settings) as services:
        services.warm()
        for name, principal in asking.items():
            asked = _worded_anew(questions, name)
            for question in questions[:20]:
                services.engine.search(SearchQuery(question, principal, k=_K))
            found[name] = _timed(
                services.engine.search, [SearchQuery(one, principal, k=_K) for one in asked]
            )
    return found


def plain_searches(material: Material, chunks: int, questions: Sequence[str]) -> Times:
    """The plain stack's retrieval of as many nodes from as many chunks."""
    places = np.arange(chunks) % len(material.chunks)
    noise = np.random.default_rng(3).normal(0, 0.02, (chunks, material.vectors.shape[1]))
    vectors = material.vectors[places] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    retriever = retriever_over([material.chunks[int(place)].text for place in places], vectors, _K)
    for question in questions[:20]:
        retriever.retrieve(question)
    return _timed(retriever.retrieve, _worded_anew(questions, EVERYTHING))


def _worded_anew(questions: Sequence[str], name: str) -> list[str]:
    """As long for every system, and so that no vector is remembered."""
    return [f"{question} ({name})" for question in questions]


def filters(settings: Settings, questions: Sequence[str]) -> list[Filtered]:
    """Dense search alone by how much a principal may read, against an exact scan."""
    embedder = make_embedder(settings)
    vectors = [embedder.embed_question(question) for question in questions]
    found = []
    with open_catalog(settings) as catalog:
        generation = catalog.generations.serving()
        name = f"generation-{generation.id}"
        store = ChromaVectorStore.embedded(
            settings.state_folder / "vectors" / str(generation.id), name
        )
        exact, reader = ExactVectors(catalog.database, generation), catalog.reader
        filtered = FilteredVectors(store, exact)
        for share in (EVERYTHING, *SHARES):
            principal = Principal(share, frozenset({share}), share == EVERYTHING)
            where = VectorFilter(reader.readable_sets(access_filter(principal)), Filters())
            best = [{key for key, _ in exact.nearest(vector, _K, where)} for vector in vectors]
            ours = [
                {key for key, _ in filtered.nearest(vector, _LIMIT, where)} for vector in vectors
            ]
            hit = sum(len(one & other) for one, other in zip(best, ours, strict=True))
            found.append(
                Filtered(
                    share=share,
                    chunks=exact.passing(where).chunks,
                    times=_timed(partial(filtered.nearest, limit=_LIMIT, where=where), vectors),
                    store_filter=_timed(
                        partial(store.nearest, limit=_LIMIT, where=where), vectors[:30]
                    ),
                    recall=hit / sum(map(len, best)),
                )
            )
        store.close()
    return found


def throughput(settings: Settings, questions: Sequence[str], clients: int) -> tuple[float, Times]:
    """Answers a second over HTTP, and the time of each, with so many clients asking at once."""
    with open_catalog(settings) as catalog:
        created = catalog.keys.create("bench", frozenset({"share:50"}), frozenset({"search"}))
    port = free_port()
    with serving_process(settings.directory, port, _NO_LIMITS):
        return _load(f"http://127.0.0.1:{port}", created.key, questions, clients)


def _load(base: str, key: str, questions: Sequence[str], clients: int) -> tuple[float, Times]:
    taken: list[float] = []
    guard = threading.Lock()
    ends = time.perf_counter() + _SECONDS_OF_LOAD

    def ask(offset: int) -> None:
        turns = itertools.islice(itertools.cycle(questions), offset * 7, None)
        with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}) as client:
            for number, question in enumerate(turns):
                if time.perf_counter() > ends:
                    return
                started = time.perf_counter()
                body = {"query": f"{question} ({offset}.{number})", "k": _K}
                client.post("/v1/search", json=body).raise_for_status()
                with guard:
                    taken.append((time.perf_counter() - started) * 1000)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(taken) / _SECONDS_OF_LOAD, _percentiles(taken)


def _timed(call: Callable[[Any], object], arguments: Sequence[Any]) -> Times:
    taken = []
    for argument in arguments:
        started = time.perf_counter()
        call(argument)
        taken.append((time.perf_counter() - started) * 1000)
    return _percentiles(taken)


def _percentiles(milliseconds: Sequence[float]) -> Times:
    p50, p95, p99 = np.percentile(milliseconds, [50, 95, 99])
    return Times(float(p50), float(p95), float(p99))
