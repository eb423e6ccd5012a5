"""What a team builds in an afternoon: llama-index, Chroma and sentence-transformers, untuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.corpora import Page
from rag.adapters.embedding.sentence_transformer import packaged_model


class PlainStack:
    """The libraries' defaults throughout: their splitter, their chunk size, their store, torch."""

    def __init__(self, pages: Sequence[Page]) -> None:
        from llama_index.core import Document, StorageContext, VectorStoreIndex

        documents = [
            Document(text=page.text, metadata={"path": page.document.path}) for page in pages
        ]
        self._model = _model()
        store = _store("plain-quality")
        self._index = VectorStoreIndex.from_documents(
            documents,
            storage_context=StorageContext.from_defaults(vector_store=store),
            embed_model=self._model,
        )

    def paths(self, question: str, limit: int) -> list[str]:
        """The pages of the nearest nodes, best first."""
        nodes = self._index.as_retriever(similarity_top_k=limit).retrieve(question)
        return list(dict.fromkeys(str(node.metadata["path"]) for node in nodes))


def retriever_over(texts: Sequence[str], vectors: np.ndarray[Any, Any], limit: int) -> Any:
    """Its retriever over nodes that are embedded already, for the measurement of latency."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode

    store = _store(f"plain-{len(texts)}")
    nodes = [
        TextNode(text=text, embedding=vector.tolist())
        for text, vector in zip(texts, vectors, strict=True)
    ]
    for start in range(0, len(nodes), 2000):
        store.add(nodes[start : start + 2000])
    index = VectorStoreIndex.from_vector_store(store, embed_model=_model())
    return index.as_retriever(similarity_top_k=limit)


def _model() -> Any:
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    return HuggingFaceEmbedding(model_name=str(packaged_model()), device="cpu")


def _store(name: str) -> Any:
    import chromadb
    from chromadb.config import Settings
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
    return ChromaVectorStore(chroma_collection=client.get_or_create_collection(name))
