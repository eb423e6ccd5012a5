"""One export of the default model, for every test that embeds with it as a service does, and the
HTTP door over a catalog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import DEFAULT_MODEL
from evals.running.caching_embedder import CachingEmbedder
from rag.adapters.embedding.local_embedder import LocalEmbedder
from tests.fakes import document, index_text
from tests.http_bench import Bench
from tests.shared_model import shared_models


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_models(tmp_path_factory)


@pytest.fixture(scope="session")
def embedder(models: Path) -> LocalEmbedder:
    return LocalEmbedder(models, DEFAULT_MODEL, 512, allow_download=False)


@pytest.fixture(scope="session")
def caching_embedder(embedder: LocalEmbedder) -> CachingEmbedder:
    """The same, asked once for each text: several tests index the sample corpus."""
    return CachingEmbedder(embedder)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.services.requests.close()
    made.database.close()


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    """Three documents that share their words, for three circles of readers."""
    for path, acl in (
        ("checkout.md", ("team:payments",)),
        ("open.md", ("public",)),
        ("secret.md", ("team:security",)),
    ):
        index_text(bench.index, document(path, acl), f"rotate the gateway certificate {path}")
    return bench
