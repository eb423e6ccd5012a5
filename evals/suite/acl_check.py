"""Whether anything of a page reached a persona that may not read it.

What is forbidden is decided here, from each page's own ACL, and not by asking the system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evals.running.runs import Leak
from evals.running.system import IndexedPage, Observation
from evals.suite.suite import Question
from rag.access.acl import access_filter
from rag.domain.access import Principal


class AccessCheck:
    """Knows for each persona which pages are kept from it."""

    def __init__(self, pages: Sequence[IndexedPage], personas: Mapping[str, Principal]) -> None:
        self._forbidden = {
            name: [page for page in pages if not access_filter(principal).allows(page.acl)]
            for name, principal in personas.items()
        }

    def may_leak(self, persona: str) -> bool:
        """Whether anything at all is kept from a persona."""
        return bool(self._forbidden[persona])

    def is_kept_from(self, persona: str, question: Question) -> bool:
        """Whether a page that answers the question is kept from a persona."""
        forbidden = {page.path for page in self._forbidden[persona]}
        return not forbidden.isdisjoint(question.gold_documents)

    def leaks(self, identity: str, persona: str, observed: Observation) -> list[Leak]:
        """Every place where a forbidden page showed, once a place and page."""
        forbidden = self._forbidden[persona]
        found = dict.fromkeys(_shown(observed, forbidden))
        return [Leak(identity, persona, where, document) for where, document in found]


def _shown(observed: Observation, forbidden: Sequence[IndexedPage]) -> Iterator[tuple[str, str]]:
    if not forbidden:
        return
    by_path = {page.path: page for page in forbidden}
    by_chunk = {chunk: page for page in forbidden for chunk in page.chunk_ids}
    for hit in observed.passages:
        if hit.document in by_path or hit.chunk_id in by_chunk:
            yield "hits", hit.document
    response = observed.response
    if response is not None:
        for citation in response.citations:
            if citation.document in by_path or citation.chunk_id in by_chunk:
                yield "citations", citation.document
        yield from (("answer", path) for path in _named(response.text, forbidden, by_chunk, False))
    for line in observed.logs:
        yield from (("logs", path) for path in _named(line, forbidden, by_chunk, True))


def _named(
    text: str,
    forbidden: Sequence[IndexedPage],
    by_chunk: Mapping[str, IndexedPage],
    paths_too: bool,
) -> Iterator[str]:
    """Pages that a text names by id, and by path where asked: readable pages link to others."""
    for page in forbidden:
        if page.document_id in text or (paths_too and page.path in text):
            yield page.path
    yield from (page.path for chunk, page in by_chunk.items() if chunk in text)
