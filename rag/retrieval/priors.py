"""Priors: small changes of a document's score that do not depend on the question.

A superseded document ranks below its successor. A document that is due or stale for review loses
a few hundredths: enough to break a near tie, not enough to hide the only document that answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from posixpath import dirname, join, normpath

from rag.domain.documents import Document, FreshnessStatus
from rag.domain.search import CandidateDocument
from rag.retrieval.fusion import RankedDocument

SUPERSEDED = 0.9
FACTOR_OF: Mapping[FreshnessStatus, float] = {
    FreshnessStatus.FRESH: 1.0,
    FreshnessStatus.UNKNOWN: 1.0,
    FreshnessStatus.DUE: 0.99,
    FreshnessStatus.STALE: 0.97,
}
_BELOW_SUCCESSOR = 0.999


def superseded_paths(source: str, path: str, supersedes: str) -> frozenset[tuple[str, str]]:
    """The keys that `supersedes` may mean: relative to the source's root or to the folder."""
    from_folder = normpath(join(dirname(path), supersedes))
    return frozenset({(source, normpath(supersedes)), (source, from_folder)}) - {(source, path)}


def all_superseded(documents: Iterable[Document]) -> frozenset[tuple[str, str]]:
    """Source and path of every document that one of `documents` supersedes."""
    return frozenset[tuple[str, str]]().union(
        *(
            superseded_paths(one.source, one.path, one.metadata.supersedes)
            for one in documents
            if one.metadata.supersedes
        )
    )


def with_priors(
    ranked: Sequence[RankedDocument],
    documents: Mapping[int, CandidateDocument],
    status_of: Mapping[int, FreshnessStatus],
) -> list[RankedDocument]:
    """The documents with the priors applied to their scores, best first."""
    scores = {one.version: one.score * FACTOR_OF[status_of[one.version]] for one in ranked}
    for version in scores:
        # `superseded_by` lists only successors that the caller may read.
        if documents[version].superseded_by:
            scores[version] *= SUPERSEDED
            for successor in documents[version].superseded_by:
                if successor in scores:
                    scores[version] = min(scores[version], scores[successor] * _BELOW_SUCCESSOR)
    again = [RankedDocument(version, score) for version, score in scores.items()]
    # Ties are broken by document id, so that two indexes of the same files rank alike.
    return sorted(again, key=lambda one: (-one.score, documents[one.version].document_id))
