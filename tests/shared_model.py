"""One export of the default model for all processes of a test run: it takes about 20 seconds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from api.settings import DEFAULT_MODEL
from rag.adapters.embedding.local_embedder import LocalEmbedder


def shared_models(factory: pytest.TempPathFactory) -> Path:
    """The folder of exported models; the first process that asks exports into it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each worker has a folder of its own below it
    folder = base / "models"
    with FileLock(base / "models.lock"):
        if not folder.exists():
            _ = LocalEmbedder(folder, DEFAULT_MODEL, 512, allow_download=False).dimension
    return folder
