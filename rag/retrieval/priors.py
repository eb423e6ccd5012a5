"""Gentle reasons to rank one page under another that have nothing to do with the question.

A superseded page stands under its successor. A page that is due or stale loses a few hundredths:
enough to break a near tie, never enough to hide the only page that answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from posixpath import dirname, join, normpath

from rag.domain.documents import Document, FreshnessStatus
from rag.domain.search import CandidatePage
from rag.retrieval.fusion import RankedPage

SUPERSEDED = 0.9
FACTOR_OF: Mapping[FreshnessStatus, float] = {
    FreshnessStatus.FRESH: 1.0,
    FreshnessStatus.UNKNOWN: 1.0,
    FreshnessStatus.DUE: 0.99,
    FreshnessStatus.STALE: 0.97,
}
_UNDER = 0.999


def superseded_paths(source: str, path: str, supersedes: str) -> frozenset[tuple[str, str]]:
    """What `supersedes` in a page may name: a path from its source's root, or from its folder."""
    from_folder = normpath(join(dirname(path), supersedes))
    return frozenset({(source, normpath(supersedes)), (source, from_folder)}) - {(source, path)}


def all_superseded(documents: Iterable[Document]) -> frozenset[tuple[str, str]]:
    """Source and path of everything that one of the documents says that it supersedes."""
    return frozenset[tuple[str, str]]().union(
        *(
            superseded_paths(one.source, one.path, one.metadata.supersedes)
            for one in documents
            if one.metadata.supersedes
        )
    )


def with_priors(
    ranked: Sequence[RankedPage],
    pages: Mapping[int, CandidatePage],
    status_of: Mapping[int, FreshnessStatus],
) -> list[RankedPage]:
    """The pages again, best first, each with its score after what is known of its age."""
    scores = {page.version: page.score * FACTOR_OF[status_of[page.version]] for page in ranked}
    for version in scores:
        # The successors that the caller may read, wherever they rank.
        if pages[version].superseded_by:
            scores[version] *= SUPERSEDED
            for successor in pages[version].superseded_by:
                if successor in scores:
                    scores[version] = min(scores[version], scores[successor] * _UNDER)
    again = [RankedPage(version, score) for version, score in scores.items()]
    # Ties go by document, so that two indexes of the same files rank alike.
    return sorted(again, key=lambda page: (-page.score, pages[page.version].document_id))
