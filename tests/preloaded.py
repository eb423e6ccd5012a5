"""What commands of `tests.hashing_cli` import, for `tests.forked_cli`. It must start no thread."""

from __future__ import annotations

import chromadb
import sqlalchemy

import api.cli.main
import api.compose.indexing
import api.compose.local
import api.compose.reading
import api.compose.search_path
import api.compose.sources
import tests.fakes

__all__ = ["api", "chromadb", "sqlalchemy", "tests"]
