"""How many searches run at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from typing import Any

from rag.access.acl import AccessFilter
from rag.domain.access import Principal
from rag.domain.documents import IndexedChunk
from rag.domain.search import Candidate, CandidateDocument, Filters, Mode, SearchQuery
from rag.ports import Question, Stage
from rag.retrieval.assessment import Assessor
from rag.retrieval.search import SearchEngine, SearchSettings

_PATIENCE = 10.0
_SHORT = 0.2


class HeldRetriever:
    """Finds nothing, and not before it is let go."""

    name = "lexical"

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.let_go = threading.Event()

    def retrieve(
        self, question: Question, *, access: AccessFilter, filters: Filters, limit: int
    ) -> list[Candidate]:
        self.entered.release()
        assert self.let_go.wait(_PATIENCE)
        return []


class Empty:
    """A catalog of nothing, and whoever looks on."""

    def documents(
        self, versions: Sequence[int], *, access: AccessFilter
    ) -> dict[int, CandidateDocument]:
        return {}

    def change_count(self) -> int:
        return 0

    def fetch(
        self, keys: Sequence[int], *, access: AccessFilter, filters: Filters
    ) -> dict[int, IndexedChunk]:
        return {}

    def refused(self, wanted: Sequence[int], *, access: AccessFilter) -> int:
        return 0

    def searched(
        self, mode: Mode, seconds: float, no_result: bool, stages: Sequence[Stage]
    ) -> None: ...


def test_no_more_searches_run_at_once_than_are_allowed() -> None:
    retriever: Any = HeldRetriever()
    nothing: Any = Empty()
    assessor = Assessor(nothing, lambda: "none")
    engine = SearchEngine(
        [retriever],
        [],
        nothing,
        nothing,
        nothing,
        lambda: date(2026, 6, 1),
        assessor,
        SearchSettings(concurrent=2),
    )
    results = []

    def ask() -> None:
        asked = engine.search(
            SearchQuery("disk full", Principal("x", frozenset({"a"})), mode=Mode.LEXICAL)
        )
        results.append(asked.no_result)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert retriever.entered.acquire(timeout=_PATIENCE)
    assert retriever.entered.acquire(timeout=_PATIENCE)
    assert not retriever.entered.acquire(timeout=_SHORT)
    retriever.let_go.set()
    for thread in threads:
        thread.join(_PATIENCE)
    assert results == [True] * 5
