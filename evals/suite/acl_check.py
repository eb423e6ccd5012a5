"""Checks that no text of a document reached a persona that may not read it.

The check evaluates each document's own ACL and does not rely on the system under test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evals.running.runs import Leak
from evals.running.system import IndexedPage, Observation
from evals.suite.suite import Question
from rag.access.acl import access_filter
from rag.domain.access import Principal


class AccessCheck:
    """Knows which documents each persona may not read."""

    def __init__(self, pages: Sequence[IndexedPage], personas: Mapping[str, Principal]) -> None:
        self._forbidden = {
            name: [page for page in pages if not access_filter(principal).allows(page.acl)]
            for name, principal in personas.items()
        }

    def may_leak(self, persona: str) -> bool:
        """Whether any document is hidden from the persona."""
        return bool(self._forbidden[persona])

    def is_hidden_from(self, persona: str, question: Question) -> bool:
        """Whether a gold document of the question is hidden from the persona."""
        forbidden = {page.path for page in self._forbidden[persona]}
        return not forbidden.isdisjoint(question.gold_documents)

    def leaks(self, identity: str, persona: str, observed: Observation) -> list[Leak]:
        """Each forbidden document that was shown, once per place."""
        forbidden = self._forbidden[persona]
        found = dict.fromkeys(_exposures(observed, forbidden))
        return [Leak(identity, persona, where, document) for where, document in found]


def _exposures(
    observed: Observation, forbidden: Sequence[IndexedPage]
) -> Iterator[tuple[str, str]]:
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
        yield from (
            ("answer", path) for path in _documents_named(response.text, forbidden, by_chunk, False)
        )
    for line in observed.logs:
        yield from (("logs", path) for path in _documents_named(line, forbidden, by_chunk, True))


def _documents_named(
    text: str,
    forbidden: Sequence[IndexedPage],
    by_chunk: Mapping[str, IndexedPage],
    match_paths: bool,
) -> Iterator[str]:
    """Documents whose id occurs in a text.

    `match_paths` also looks for paths; not in answers, because readable documents link to others.
    """
    for page in forbidden:
        if page.document_id in text or (match_paths and page.path in text):
            yield page.path
    yield from (page.path for chunk, page in by_chunk.items() if chunk in text)
