"""One catalog with everything that reads from it and writes to it."""

from __future__ import annotations

from pathlib import Path

from rag.adapters.catalog.alert_claims import CatalogClaims
from rag.adapters.catalog.consistency import Consistency, check_file
from rag.adapters.catalog.copying import GenerationCopy
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.feedback import FeedbackStore
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.jobs import JobStore
from rag.adapters.catalog.keys import KeyStore
from rag.adapters.catalog.promotion import Promotions
from rag.adapters.catalog.query_log import QueryLog
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.run_records import known_sources
from rag.adapters.catalog.usage import UsageReader
from rag.adapters.catalog.writer import CatalogWriter
from rag.domain.generations import Generation
from rag.domain.index import KnownSource


class Catalog:
    """The stores over one database. Whoever opens it closes it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.generations = Generations(database)
        self.promotions = Promotions(database)
        self.reader = CatalogReader(database)
        self.claims = CatalogClaims(database)
        self.jobs = JobStore(database)
        self.keys = KeyStore(database)
        self.feedback = FeedbackStore(database)
        self.usage = UsageReader(database)
        self.queries = QueryLog(database)

    @classmethod
    def open(cls, path: Path) -> Catalog:
        """Open or create the catalog at `path`. Raises StoreError."""
        return cls(Database.open(path))

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def writer(self, generation: Generation) -> CatalogWriter:
        """Writes to one generation; the caller holds the index lock."""
        return CatalogWriter(self.database, generation)

    def copy(self, original: Generation, copy: Generation) -> GenerationCopy:
        """Compares two generations and reads documents from the original."""
        return GenerationCopy(self.database, original, copy)

    def consistency(self, generation: Generation) -> Consistency:
        """Checks one generation against the catalog's own tables."""
        return Consistency(self.database, generation)

    def known_sources(self) -> list[KnownSource]:
        """Every source that was ingested, with its root."""
        return known_sources(self.database)

    def check_file(self) -> None:
        """Raises StoreError when the database file is damaged."""
        check_file(self.database)
