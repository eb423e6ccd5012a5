"""One export of the packaged model for every test that embeds with it as a service does."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.remembering import RememberingEmbedder
from rag.adapters.local_embedder import LocalEmbedder
from rag.adapters.sentence_transformer import PACKAGED_MODEL


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def embedder(models: Path) -> LocalEmbedder:
    return LocalEmbedder(models, PACKAGED_MODEL, 512, allow_download=False)


@pytest.fixture(scope="session")
def remembering(embedder: LocalEmbedder) -> RememberingEmbedder:
    """The same, asked once for each text: several tests index the sample corpus."""
    return RememberingEmbedder(embedder)
