"""Search results as the pages show them: hits folded by document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.web.document_text import render_chunk
from api.web.matching import Matches
from rag.domain.documents import Document, Freshness, FreshnessStatus
from rag.domain.search import Hit

_FRESHNESS_LABELS = {
    FreshnessStatus.FRESH: "Fresh",
    FreshnessStatus.DUE: "Review due",
    FreshnessStatus.STALE: "Stale",
    FreshnessStatus.UNKNOWN: "Never reviewed",
}


@dataclass(frozen=True, slots=True)
class FoundSection:
    """One hit: its heading path, its lines, and its text as sanitized HTML."""

    hit: Hit
    markup: str

    @property
    def lines(self) -> str:
        """Such as `41-63`."""
        span = self.hit.chunk.lines
        return f"{span.first}-{span.last}"

    @property
    def address(self) -> str:
        """The document at the section's lines."""
        return f"/documents/{self.hit.document.id}?lines={self.lines}#L{self.hit.chunk.lines.first}"

    @property
    def site_address(self) -> str | None:
        """The section on the site that renders the document."""
        return web_address(self.hit.url or self.hit.document.metadata.url)

    @property
    def heading(self) -> str:
        """The heading path, "" for a chunk above the first heading."""
        return " › ".join(self.hit.chunk.section)  # noqa: RUF001 - a typographic separator


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document with its best section and the others that were found in it."""

    best: FoundSection
    others: tuple[FoundSection, ...]

    @property
    def document(self) -> Document:
        return self.best.hit.document

    @property
    def freshness(self) -> Freshness:
        return self.best.hit.freshness


def fold(hits: Iterable[Hit], matches: Matches) -> list[FoundDocument]:
    """The hits by document, in the order of each document's best one."""
    by_document: dict[str, list[Hit]] = {}
    for hit in hits:
        by_document.setdefault(hit.document.id, []).append(hit)
    return [_found(group, matches) for group in by_document.values()]


def web_address(url: str | None) -> str | None:
    """The address, if it leads to a web page: documents name their own."""
    return url if url and url.startswith(("https://", "http://")) else None


def freshness_label(freshness: Freshness) -> str:
    """The status in words, with the date of the last review or update."""
    label = _FRESHNESS_LABELS[freshness.status]
    if freshness.last_reviewed is not None:
        return f"{label} · reviewed {freshness.last_reviewed.isoformat()}"
    return f"{label} · updated {freshness.updated_at.date().isoformat()}"


def _found(hits: Sequence[Hit], matches: Matches) -> FoundDocument:
    best, *others = (
        FoundSection(hit, render_chunk(hit.document, hit.chunk, matches)) for hit in hits
    )
    return FoundDocument(best, tuple(others))
