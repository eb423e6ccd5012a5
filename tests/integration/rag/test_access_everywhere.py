"""Whoever may not read a document finds no trace of it: random ACLs, rule files and principals."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.chunking.chunker import Chunker
from ingest.reading.acl_rules import RULE_FILE
from ingest.runs.preparation import prepare
from ingest.runs.request import IngestRequest
from ingest.runs.source_run import IngestTools, ingest
from ingest.sources.source import Source
from rag.access.acl import AccessFilter, access_filter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.writer import CatalogWriter
from rag.domain.access import Principal
from rag.domain.documents import document_id
from rag.domain.search import Filters, Mode, SearchQuery
from rag.indexing.write_protocol import IndexWriter
from rag.retrieval.search import SearchEngine
from tests.engine import engine_over
from tests.fakes import CountingObserver, HashingEmbedder, MemoryVectors
from tests.reading import InProcessReader

TAGS = ("public", "team:a", "team:b", "role:sre")
FOLDERS = ("", "x", "x/y", "x/y/z", "w")
acls = st.frozensets(st.sampled_from(TAGS), max_size=3)
paths = st.tuples(st.sampled_from(FOLDERS), st.sampled_from(["a.md", "b.md", "c.md"])).map(
    lambda pair: "/".join(part for part in pair if part)
)
# What a page says of itself (None: nothing), what rule files say, and what the source says.
trees = st.tuples(
    st.dictionaries(paths, st.none() | acls, min_size=1, max_size=8),
    st.dictionaries(st.sampled_from(FOLDERS), acls, max_size=4),
    st.none() | acls,
)
principals = st.builds(Principal, st.just("someone"), acls)
Tree = tuple[
    Mapping[str, frozenset[str] | None], Mapping[str, frozenset[str]], frozenset[str] | None
]


def written(acl: frozenset[str]) -> str:
    return f"acl: [{', '.join(sorted(acl))}]\n"


def write(root: Path, tree: Tree) -> None:
    pages, rules, _ = tree
    for path, own in pages.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        head = f"---\n{written(own)}---\n" if own is not None else ""
        (root / path).write_text(f"{head}# {path}\n\nrestart the broker of {path}\n")
    for folder, acl in rules.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / RULE_FILE).write_text(written(acl))


def effective(tree: Tree, path: str) -> frozenset[str]:
    """The contract's rule, said as plainly as it can be."""
    pages, rules, source = tree
    if (own := pages[path]) is not None:
        return own
    for parent in PurePosixPath(path).parents:
        folder = "" if str(parent) == "." else str(parent)
        if folder in rules:
            return rules[folder]
    return source if source is not None else frozenset()


@dataclass
class Engine:
    """A whole engine over a folder, ingested by the real pipeline."""

    database: Database
    reader: CatalogReader
    search: SearchEngine
    observer: CountingObserver

    @classmethod
    def over(cls, root: Path, state: Path, source_acl: frozenset[str] | None) -> Engine:
        database = Database.open(state / "catalog.db")
        generations = Generations(database)
        made = generations.create("f", HashingEmbedder.fingerprint, HashingEmbedder.dimension)
        generations.promote(made)
        embedder, vectors = HashingEmbedder(), MemoryVectors()
        catalog = CatalogWriter(database, made)
        tools = IngestTools(
            catalog,
            IndexWriter(catalog, vectors, embedder),
            InProcessReader(Chunker(embedder.count_tokens)),
            max_file_bytes=10_000,
        )
        source = prepare(Source("s", root, source_acl), pull=False, max_file_bytes=10_000)
        ingest(tools, [source], IngestRequest([source.source]))
        reader, observer = CatalogReader(database), CountingObserver()
        engine = engine_over(database, embedder, vectors, observer)
        return cls(database, reader, engine, observer)

    def listed(self, access: AccessFilter, page: int) -> list[str]:
        """Every document of the listing, page by page."""
        found: list[str] = []
        after = ("", "")
        while True:
            some = self.reader.documents(access=access, filters=Filters(), limit=page, after=after)
            found += [document.path for document in some]
            if len(some) < page:
                return found
            after = (some[-1].source, some[-1].path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=trees, callers=st.lists(principals, min_size=1, max_size=4), page=st.integers(1, 3))
def test_every_door_shows_what_the_acl_allows_and_all_of_it(
    tree: Tree, callers: list[Principal], page: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "docs"
        root.mkdir()
        write(root, tree)
        engine = Engine.over(root, Path(place) / "state", tree[2])
        for caller in [*callers, Principal("root", administrator=True), Principal("nobody")]:
            access = access_filter(caller)
            allowed = {path for path in tree[0] if access.allows(effective(tree, path))}
            for mode in Mode:
                hits = engine.search.search(SearchQuery("broker", caller, k=50, mode=mode)).hits
                assert {hit.document.path for hit in hits} == allowed
            assert engine.listed(access, page) == sorted(allowed)
            for path in tree[0]:
                found = engine.reader.document(document_id("s", path), access=access)
                assert (found is not None) == (path in allowed)
        assert engine.observer.refusals == 0
        engine.database.close()
