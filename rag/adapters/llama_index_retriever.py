"""A llama-index retriever over the search engine, for one principal.

It makes a query engine or an agent of llama-index stand on this index, with the ranking, the access
checks and the citations of every other interface.
"""

from __future__ import annotations

from typing import Protocol

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.domain.access import Principal
from rag.domain.search import DEFAULT_K, Filters, Hit, SearchQuery, SearchResult
from rag.guardrails.neutralising import neutralised
from rag.text.blocks import BlockText


class Searches(Protocol):
    """The part of the search engine that a retriever needs."""

    def search(self, query: SearchQuery) -> SearchResult: ...


class RunbookRetriever(BaseRetriever):
    """Retrieves what `principal` may read; raises what the engine raises.

    A question that no document answers gives no nodes, so that a query engine says so instead of
    answering from the nearest documents. `with_nearest` returns these all the same.
    """

    def __init__(
        self,
        engine: Searches,
        principal: Principal,
        *,
        k: int = DEFAULT_K,
        filters: Filters | None = None,
        with_nearest: bool = False,
    ) -> None:
        super().__init__()
        self._engine = engine
        self._principal = principal
        self._k = k
        self._filters = filters or Filters()
        self._with_nearest = with_nearest

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = SearchQuery(query_bundle.query_str, self._principal, self._k, self._filters)
        result = self._engine.search(query)
        if result.no_result and not self._with_nearest:
            return []
        return [_node(hit) for hit in result.hits]


def _node(hit: Hit) -> NodeWithScore:
    document, chunk = hit.document, hit.chunk
    metadata = {
        "path": document.path,
        "source": document.source,
        "title": document.metadata.title,
        "section": " > ".join(chunk.section),
        "first_line": chunk.lines.first,
        "last_line": chunk.lines.last,
        "revision": document.revision,
        "citation": f"{document.path}:{chunk.lines.first}-{chunk.lines.last}",
        "kind": document.metadata.kind.value,
        "service": list(document.metadata.service),
        "owner": document.metadata.owner,
        "url": document.metadata.url,
        "freshness": hit.freshness.status.value,
        "updated_at": document.updated_at.isoformat(),
    }
    # A model reads where a text is from; the rest is for programs.
    shown = {"title", "section", "citation", "freshness"}
    # As in this service's own prompts, text that addresses a model is left out.
    text = neutralised(BlockText(chunk.text, chunk.blocks)).text
    node = TextNode(
        id_=chunk.id,
        text=text,
        metadata=metadata,
        excluded_llm_metadata_keys=sorted(metadata.keys() - shown),
        excluded_embed_metadata_keys=sorted(metadata),
    )
    return NodeWithScore(node=node, score=hit.score)
