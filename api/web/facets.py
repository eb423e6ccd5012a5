"""The values that a caller may filter by, counted over the documents that the caller may read."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.access.acl import AccessFilter
from rag.domain.documents import Document

# Distinct sets of groups whose counts are kept, each for one state of the index.
_MAX_KEPT = 256


@dataclass(frozen=True, slots=True)
class FacetValues:
    """For each filter, its values with the number of documents, by value."""

    services: tuple[tuple[str, int], ...] = ()
    kinds: tuple[tuple[str, int], ...] = ()
    sources: tuple[tuple[str, int], ...] = ()
    severities: tuple[tuple[str, int], ...] = ()
    documents: int = 0


class ReadableDocuments(Protocol):
    """The part of the catalog that is read here."""

    def change_count(self) -> int: ...

    def every_document(self, *, access: AccessFilter) -> list[Document]: ...


class Facets:
    """Counts are kept until the index changes: they are asked for with every search."""

    def __init__(self, reader: ReadableDocuments) -> None:
        self._reader = reader
        self._kept: OrderedDict[AccessFilter, FacetValues] = OrderedDict()
        self._state = -1
        self._lock = threading.Lock()

    def of(self, access: AccessFilter) -> FacetValues:
        """The values among the documents that pass the filter."""
        # Read before the documents: what changes meanwhile is counted at the next call.
        state = self._reader.change_count()
        with self._lock:
            if state != self._state:
                self._kept.clear()
                self._state = state
            kept = self._kept.get(access)
        if kept is not None:
            return kept
        counted = count_values(self._reader.every_document(access=access))
        with self._lock:
            if state == self._state:
                self._kept[access] = counted
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return counted


def count_values(documents: Sequence[Document]) -> FacetValues:
    """How many of these documents have each value."""
    about = [document.metadata for document in documents]
    return FacetValues(
        services=_counts(name for one in about for name in set(one.service)),
        kinds=_counts(one.kind.value for one in about),
        sources=_counts(document.source for document in documents),
        severities=_counts(name for one in about for name in set(one.severity)),
        documents=len(documents),
    )


def _counts(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(values).items()))
