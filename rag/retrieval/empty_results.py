"""Why a search found nothing, from what its caller may read and from nothing else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rag.domain.search import Filters
from rag.text.suggestions import did_you_mean

_MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Facets:
    """The sources and services of the documents that one caller may read."""

    sources: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


def explain_empty_result(filters: Filters, readable: Facets) -> str | None:
    """Which filter excludes everything, with the nearest value that does not; None if none does.

    A value of documents that the caller may not read counts as unknown.
    """
    if filters.source and filters.source not in readable.sources:
        return _unknown("comes from the source", filters.source, readable.sources)
    if filters.service and filters.service not in readable.services:
        return _unknown("is about the service", filters.service, readable.services)
    return None


def _unknown(what: str, value: str, known: Collection[str]) -> str:
    message = f'no document that may be read here {what} "{value}"'
    if meant := did_you_mean(value, known):
        return message + meant
    if 0 < len(known) <= _MAX_LISTED:
        return f"{message}; there are: {', '.join(sorted(known))}"
    return message
