"""The vector store on real Chroma, embedded and over HTTP: the same promises."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from chromadb.api.models.Collection import Collection

from rag.adapters.vectors.chroma import ChromaVectorStore
from rag.domain.documents import Kind
from rag.domain.search import Filters
from rag.errors import ConfigurationError
from rag.ports import ChunkDescription, VectorEntry, VectorFilter, digest_of
from tests.processes import chroma_server, free_port

Open = Callable[[], ChromaVectorStore]
EVERYTHING = VectorFilter(None, Filters())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as port:
        yield port


@pytest.fixture(params=["embedded", "http"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    embedded = request.param == "embedded"
    port = 0 if embedded else request.getfixturevalue("server")
    name = f"generation-{os.urandom(4).hex()}"
    with ExitStack() as opened:

        def open_one() -> ChromaVectorStore:
            store = (
                ChromaVectorStore.embedded(tmp_path / "vectors", name)
                if embedded
                else ChromaVectorStore.over_http("127.0.0.1", port, name)
            )
            return opened.enter_context(closing(store))

        yield open_one


def entry(key: int, at: int, acl_set: int = 1, version: int = 1, **fields: object) -> VectorEntry:
    vector = array("f", [0.0] * 8)
    vector[at] = 1.0
    return VectorEntry(
        key=key,
        version=version,
        vector=vector,
        acl_set=acl_set,
        kind=str(fields.get("kind", "runbook")),
        source=str(fields.get("source", "s")),
        service=tuple(str(fields.get("service", "")).split()),
        updated=int(datetime(2026, 1, int(str(fields.get("day", 1))), tzinfo=UTC).timestamp()),
        description=ChunkDescription(
            document_id="d",
            path="a/b.md",
            revision="r",
            section=("Mitigation", "Roll back"),
            lines=(3, 9),
            owner=None,
            acl_tags=("role:sre", "team:payments"),
            last_reviewed=date(2026, 1, 2),
            review_due=None,
        ),
    )


def keys(store: ChromaVectorStore, where: VectorFilter, at: int = 0) -> set[int]:
    return {key for key, _ in store.nearest(entry(0, at).vector, 100, where)}


def test_the_nearest_come_first_with_their_cosine(open_store: Open) -> None:
    store = open_store()
    store.add([entry(1, 0), entry(2, 1)])
    found = store.nearest(entry(0, 0).vector, 10, EVERYTHING)
    assert [key for key, _ in found] == [1, 2]
    assert found[0][1] == pytest.approx(1.0, abs=1e-5)
    assert found[1][1] == pytest.approx(0.0, abs=1e-5)


def test_no_acl_set_means_nothing_and_none_means_everything(open_store: Open) -> None:
    store = open_store()
    store.add([entry(1, 0, acl_set=1), entry(2, 1, acl_set=2), entry(3, 2, acl_set=3)])
    assert keys(store, VectorFilter(frozenset(), Filters())) == set()
    assert keys(store, VectorFilter(frozenset({1, 3}), Filters())) == {1, 3}
    assert keys(store, VectorFilter(frozenset({99}), Filters())) == set()
    assert keys(store, EVERYTHING) == {1, 2, 3}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(service="orders"), {1, 3}),
        (Filters(kind=Kind.POSTMORTEM), {2}),
        (Filters(source="other"), {3}),
        (Filters(since=date(2026, 1, 5)), {2, 3}),
        (Filters(service="orders", since=date(2026, 1, 5)), {3}),
        (Filters(service="ord"), set()),
    ],
)
def test_filters_narrow(open_store: Open, filters: Filters, expected: set[int]) -> None:
    store = open_store()
    store.add(
        [
            entry(1, 0, service="orders ledger"),
            entry(2, 1, kind="postmortem", day=7),
            entry(3, 2, service="orders", source="other", day=9),
        ]
    )
    assert keys(store, VectorFilter(None, filters)) == expected


def test_writing_again_changes_nothing_and_versions_go_whole(open_store: Open) -> None:
    store = open_store()
    some = [entry(1, 0, version=1), entry(2, 1, version=1), entry(3, 2, version=2)]
    store.add(some)
    store.add(some)
    assert store.count() == 3
    store.delete_versions([1])
    assert keys(store, EVERYTHING) == {3}
    store.delete_versions([1, 77])
    store.compact([])
    assert store.count() == 0
    assert keys(store, EVERYTHING) == set()


def test_compacting_keeps_what_serves_and_others_follow(open_store: Open) -> None:
    store, other = open_store(), open_store()
    store.add([entry(1, 0), entry(2, 1), entry(3, 2)])
    for _ in range(2):
        store.compact([[entry(1, 0)], [entry(3, 2)]])
        assert keys(store, EVERYTHING) == {1, 3}
        assert store.held() == {n: digest_of(entry(n, n - 1).attributes()) for n in (1, 3)}
    assert keys(other, EVERYTHING) == {1, 3}
    assert keys(open_store(), EVERYTHING) == {1, 3}


def test_a_graph_of_deleted_vectors_is_left_behind_with_its_files(tmp_path: Path) -> None:
    with closing(ChromaVectorStore.embedded(tmp_path, "generation-1")) as store:
        for version in range(1, 6):
            first = version * 1000
            store.add([entry(first + n, n % 8, version=version) for n in range(1000)])
            store.delete_versions([version - 1])
        assert store.bloated()
        kept = [entry(5000 + n, n % 8, version=5) for n in range(1000)]
        store.compact([kept])
        assert not store.bloated()
        assert store.count() == 1000
        folders = [place for place in tmp_path.iterdir() if place.is_dir()]
        assert len(folders) == 1


def test_what_was_written_is_there_for_the_next_who_opens(open_store: Open) -> None:
    open_store().add([entry(1, 0)])
    assert keys(open_store(), EVERYTHING) == {1}


def test_a_server_that_is_not_there_is_reported_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"\[vectors\]"):
        ChromaVectorStore.over_http("127.0.0.1", free_port(), "generation-1")


@pytest.mark.parametrize(("while_serving", "sizes"), [(False, [40]), (True, [16, 16, 8])])
def test_vectors_are_written_in_small_batches_where_requests_wait_for_them(
    tmp_path: Path, while_serving: bool, sizes: list[int]
) -> None:
    opened = ChromaVectorStore.embedded(tmp_path, "generation-1", while_serving=while_serving)
    with (
        closing(opened) as store,
        patch.object(Collection, "upsert", autospec=True, side_effect=Collection.upsert) as written,
    ):
        store.add([entry(key, at=key % 8) for key in range(40)])
        assert [len(call.kwargs["ids"]) for call in written.call_args_list] == sizes
        assert store.count() == 40
