"""Parts that the settings name, each made by itself; the composition root puts them together."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib import resources

from api import embedding
from api.audit import AuditLog, NoLines, open_audit
from api.models import EmbeddingModels
from api.settings import Settings
from api.webhooks import Webhooks
from rag.adapters.catalog.generations import Recipe
from rag.adapters.cross_encoder import CrossEncoderReranker
from rag.errors import ConfigurationError
from rag.ports import Embedder, Reranker
from rag.synonyms import Synonyms, parse_synonyms


def make_recipe(settings: Settings) -> Recipe:
    """What a generation is built with by these settings."""
    from ingest.chunker import CHUNKER_VERSION

    model, chunking = settings.embedding, settings.chunking
    return Recipe(
        model.model,
        model.max_tokens,
        chunking.max_tokens,
        chunking.min_tokens,
        CHUNKER_VERSION,
    )


def make_models(settings: Settings, embedder: Embedder | None = None) -> EmbeddingModels:
    """The configured model, and whichever other a generation was built with."""

    def load(recipe: Recipe) -> Embedder:
        chosen = {"model": recipe.model, "max_tokens": recipe.model_tokens}
        other = settings.embedding.model_copy(update=chosen)
        return embedding.make_embedder(settings.model_copy(update={"embedding": other}))

    return EmbeddingModels(
        embedder or embedding.make_embedder(settings), make_recipe(settings), load
    )


def make_audit(settings: Settings, failed: Callable[[], None]) -> AuditLog:
    """The audit log of this index; `failed` is told of every line that it could not write."""
    chosen = settings.audit
    if not chosen.enabled:
        return AuditLog(NoLines())
    return open_audit(
        settings.state_folder,
        chosen.path,
        max_bytes=chosen.max_mib * 1024 * 1024,
        files=chosen.files,
        hash_queries=chosen.hash_queries,
        failed=failed,
    )


def make_reranker(settings: Settings) -> Reranker | None:
    """The configured reranker, loaded at its first use; None when none is configured."""
    chosen = settings.rerank
    if not chosen.model:
        return None
    return CrossEncoderReranker(chosen.model, chosen.max_tokens, chosen.allow_download)


def read_synonyms(settings: Settings) -> Synonyms:
    """The team's synonyms, else those that ship. Raises ConfigurationError."""
    if settings.search.synonyms is None:
        shipped = resources.files("rag").joinpath("synonyms.txt")
        return parse_synonyms(shipped.read_text(encoding="utf-8").splitlines(), "synonyms.txt")
    path = settings.directory / settings.search.synonyms
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error}; mend search.synonyms"
        ) from error
    return parse_synonyms(lines, str(path))


def read_webhooks(settings: Settings) -> Webhooks:
    """The secrets of the hooks that are on."""
    chosen = settings.webhooks
    return Webhooks(
        secret_from_environment(chosen.github_secret_env, "webhooks.github_secret_env"),
        secret_from_environment(chosen.gitlab_token_env, "webhooks.gitlab_token_env"),
    )


def secret_from_environment(name: str | None, key: str) -> str | None:
    """A secret that a setting names. Raises ConfigurationError when it is not set."""
    if name is None:
        return None
    if not os.environ.get(name):
        raise ConfigurationError(f"{key}: the environment variable {name} is not set")
    return os.environ[name]


def today() -> date:
    """The day in UTC, against which freshness is told."""
    return datetime.now(UTC).date()
