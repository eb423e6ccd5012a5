"""The embedding model that the settings name: made apart from all else, so that it can load first.

Loading it is half of what a command takes to start; what opens the catalog is the other half.
"""

from __future__ import annotations

from api.compose.cores import cores_of
from api.settings import Settings
from api.settings.index import EmbeddingSettings
from rag.adapters.embedding.local_embedder import LocalEmbedder
from rag.adapters.embedding.model_delta import find_delta
from rag.ports import Embedder


def make_embedder(settings: Settings) -> Embedder:
    """The configured embedding model, loaded at its first use."""
    chosen = settings.embedding
    return LocalEmbedder(
        settings.state_folder / "models",
        chosen.model,
        chosen.max_tokens,
        chosen.allow_download,
        cores_of(settings),
    )


def make_yardstick(settings: Settings, embedder: Embedder) -> Embedder:
    """The model that evals measure likeness with: of a tuned model its base, else the model itself.

    Likeness by one model says nothing beside likeness by another, and a tuned model is compared
    with its base.
    """
    delta = find_delta(embedder.fingerprint.partition("@")[0])
    if delta is None:
        return embedder
    base = EmbeddingSettings(model=delta.base, max_tokens=settings.embedding.max_tokens)
    return make_embedder(settings.model_copy(update={"embedding": base}))


def begin_loading(settings: Settings) -> Embedder:
    """The same, loading in the background from now on."""
    embedder = make_embedder(settings)
    if isinstance(embedder, LocalEmbedder):
        embedder.load_early()
    return embedder


def prepare(embedder: Embedder) -> None:
    """Export the model now if that must be done first, so that no two processes do it at once."""
    if isinstance(embedder, LocalEmbedder):
        embedder.prepare()
