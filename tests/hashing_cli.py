"""The real command line with a hashing embedder: real stores and processes, no model to load."""

from __future__ import annotations

import sys

import api.compose.embedding
from api.cli.main import main
from api.settings import DEFAULT_MODEL, Settings
from rag.ports import Embedder
from tests.fakes import HashingEmbedder


def hashing_embedder(settings: Settings) -> Embedder:
    model = settings.embedding.model
    return HashingEmbedder("" if model == DEFAULT_MODEL else model)


if __name__ in ("__main__", "__mp_main__"):  # the latter in a worker
    api.compose.embedding.make_embedder = hashing_embedder
if __name__ == "__main__":
    print("started", file=sys.stderr, flush=True)
    main()
