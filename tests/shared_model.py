"""What takes long to make, once for all processes of a test run: a model, the sample's index."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from api.settings import DEFAULT_MODEL
from rag.adapters.embedding.local_embedder import LocalEmbedder


def shared_models(factory: pytest.TempPathFactory) -> Path:
    """The folder of exported models; the first process that asks exports into it."""
    return shared_folder(factory, "models", _export)


def shared_folder(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process that asks fills with `make`; nobody changes it later."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each worker has a folder of its own below it
    folder, made = base / name, base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not made.exists():
            folder.mkdir(mode=0o700)
            make(folder)
            made.touch()
    return folder


def _export(folder: Path) -> None:
    _ = LocalEmbedder(folder, DEFAULT_MODEL, 512, allow_download=False).dimension
