"""The embedding model that the settings name: made apart from all else, so that it can load first.

Loading it is half of what a command takes to start; what opens the catalog is the other half.
"""

from __future__ import annotations

from api.settings import Settings
from rag.adapters.embedding.local_embedder import LocalEmbedder
from rag.ports import Embedder


def make_embedder(settings: Settings) -> Embedder:
    """The configured embedding model, loaded at its first use."""
    chosen = settings.embedding
    return LocalEmbedder(
        settings.state_folder / "models",
        chosen.model,
        chosen.max_tokens,
        chosen.allow_download,
    )


def begin_loading(settings: Settings) -> Embedder:
    """The same, loading in the background from now on."""
    embedder = make_embedder(settings)
    if isinstance(embedder, LocalEmbedder):
        embedder.load_early()
    return embedder
