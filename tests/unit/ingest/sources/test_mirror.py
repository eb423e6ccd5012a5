"""A connector's documents as files: equal to the system, and never believed beyond its word."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reading.acl_rules import AclRules
from ingest.sources.connectors.mirror import MANIFEST, Mirror, refresh
from ingest.sources.connectors.port import RemoteDocument
from rag.domain.documents import AclOrigin
from rag.errors import QuarantineError, StoreError
from tests.connectors import THEN, MemoryWiki

MOST = 1000
A, B = frozenset({"team:a"}), frozenset({"team:b"})


def shown(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_the_folder_becomes_equal_and_what_is_held_is_not_fetched_again(tmp_path: Path) -> None:
    wiki = MemoryWiki({"a.md": ("# A", A), "sub/b.txt": ("B", None), "image.png": ("x", None)})
    assert refresh(wiki, tmp_path, MOST) == []
    assert shown(tmp_path) == {"a.md": "# A", "sub/b.txt": "B"}
    wiki.pages = {"a.md": ("# A", A), "c.md": ("# C", None)}
    wiki.sent.clear()
    refresh(wiki, tmp_path, MOST)
    assert shown(tmp_path) == {"a.md": "# A", "c.md": "# C"}
    assert wiki.sent == ["c.md"]


def test_a_failure_deletes_nothing_and_keeps_what_came(tmp_path: Path) -> None:
    wiki = MemoryWiki({"a.md": ("one", A), "b.md": ("one", A)})
    refresh(wiki, tmp_path, MOST)
    wiki.pages = {"b.md": ("two", B), "c.md": ("new", None)}
    wiki.fails_after = 1
    with pytest.raises(StoreError):
        refresh(wiki, tmp_path, MOST)
    assert shown(tmp_path) == {"a.md": "one", "b.md": "two"}
    mirror = Mirror.read(tmp_path)
    assert mirror.entry("a.md", b"one").acl == A
    assert mirror.entry("b.md", b"two").acl == B


def test_a_file_that_the_manifest_does_not_vouch_for_is_not_believed(tmp_path: Path) -> None:
    refresh(MemoryWiki({"a.md": ("one", A)}), tmp_path, MOST)
    mirror = Mirror.read(tmp_path)
    for path, data in (("a.md", b"other"), ("b.md", b"one")):
        with pytest.raises(QuarantineError, match="ingest the whole source"):
            mirror.entry(path, data)
    rules = mirror.resolving(AclRules(tmp_path, frozenset({"public"})).resolve)
    assert rules("b.md", None).acl == frozenset()


@pytest.mark.parametrize(
    "path",
    [
        *("../out.md", "/abs.md", "a/../../b.md", ".hidden.md", "a/.git/x.md"),
        *("a//b.md", "a\\b.md", "a\n.md", "x" * 300 + ".md"),
    ],
)
def test_a_path_that_could_leave_or_hide_is_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "mirror"
    problems = refresh(MemoryWiki({path: ("x", None), "ok.md": ("y", None)}), folder, MOST)
    assert len(problems) == 1
    assert shown(tmp_path) == {"mirror/ok.md": "y"}


def test_a_document_that_cannot_be_taken_keeps_its_last_text_with_its_readers_of_now(
    tmp_path: Path,
) -> None:
    wiki = MemoryWiki({"a.md": ("small", A | B)})
    refresh(wiki, tmp_path, MOST)
    wiki.pages = {"a.md": ("x" * (MOST + 1), B)}
    (problem,) = refresh(wiki, tmp_path, MOST)
    assert "max_file_mib" in problem.reason
    assert Mirror.read(tmp_path).entry("a.md", b"small").acl == B


def test_two_documents_of_one_path_and_a_folder_in_the_way_are_reported(tmp_path: Path) -> None:
    class Twice(MemoryWiki):
        def documents(self, known):  # type: ignore[no-untyped-def]  # as the port has it
            for path in ("a.md", "a.md", "a.md/b.md"):
                yield RemoteDocument(path, "1", THEN, b"x")

    reasons = [problem.reason for problem in refresh(Twice(), tmp_path, MOST)]
    assert ["two documents" in reasons[0], "stands where" in reasons[1]] == [True, True]


def test_a_manifest_that_cannot_be_read_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(StoreError, match="delete the folder"):
        refresh(MemoryWiki(), tmp_path, MOST)


@pytest.mark.parametrize(
    ("given_acl", "own", "acl", "origin"),
    [
        (None, None, {"team:s"}, AclOrigin.SOURCE),
        (None, {"team:a"}, {"team:a"}, AclOrigin.DOCUMENT),
        ({"team:a"}, None, {"team:a"}, AclOrigin.SOURCE),
        ({"team:a", "team:b"}, {"team:b", "team:c"}, {"team:b"}, AclOrigin.DOCUMENT),
        ({"team:a"}, {"public"}, {"team:a"}, AclOrigin.DOCUMENT),
        ({"public"}, {"team:a"}, {"team:a"}, AclOrigin.DOCUMENT),
        (set(), {"public"}, set(), AclOrigin.DOCUMENT),
        (set(), None, set(), AclOrigin.SOURCE),
    ],
)
def test_the_systems_word_counts_and_a_document_may_only_narrow_it(
    tmp_path: Path,
    given_acl: set[str] | None,
    own: set[str] | None,
    acl: set[str],
    origin: AclOrigin,
) -> None:
    result = None if given_acl is None else frozenset(given_acl)
    refresh(MemoryWiki({"a.md": ("x", result)}), tmp_path, MOST)
    rules = Mirror.read(tmp_path).resolving(AclRules(tmp_path, frozenset({"team:s"})).resolve)
    found = rules("a.md", None if own is None else frozenset(own))
    assert (set(found.acl), found.origin) == (acl, origin)


TAGS = st.frozensets(st.sampled_from(["public", "team:a", "team:b", "team:c"]), max_size=3)


@settings(deadline=None)
@given(TAGS, st.none() | TAGS, TAGS)
def test_nobody_gets_in_whom_the_system_keeps_out(
    tmp_path_factory: pytest.TempPathFactory,
    result: frozenset[str],
    own: frozenset[str] | None,
    source: frozenset[str],
) -> None:
    folder = tmp_path_factory.mktemp("m")
    refresh(MemoryWiki({"a.md": ("x", result)}), folder, MOST)
    found = Mirror.read(folder).resolving(AclRules(folder, source).resolve)("a.md", own).acl
    for reader in ("team:a", "team:b", "team:c", "team:d"):
        carried = {reader, "public"}
        if not carried.isdisjoint(found):
            assert not carried.isdisjoint(result)


@pytest.mark.parametrize("acl", [["team:a", "not a tag"], [3, "team:a"], "public", 7])
def test_readers_that_are_no_tags_let_nobody_in(tmp_path: Path, acl: Any) -> None:
    wiki = MemoryWiki({"a.md": ("one", A | B), "b.md": ("one", A)})
    refresh(wiki, tmp_path, MOST)
    wiki.pages = {"a.md": ("two", acl), "b.md": ("two", B)}
    [problem] = refresh(wiki, tmp_path, MOST)
    assert problem.path == "a.md"
    mirror = Mirror.read(tmp_path)
    assert mirror.entry("a.md", b"one").acl == (A if isinstance(acl, list) else frozenset())
    assert mirror.entry("b.md", b"two").acl == B
    wiki.pages = {"a.md": ("two", B)}
    assert refresh(wiki, tmp_path, MOST) == []
    assert Mirror.read(tmp_path).entry("a.md", b"two").acl == B


def test_a_manifest_with_readers_that_are_no_tags_is_read_again(tmp_path: Path) -> None:
    refresh(MemoryWiki({"a.md": ("one", A)}), tmp_path, MOST)
    place = tmp_path / MANIFEST
    place.write_text(place.read_text().replace("team:a", "not a tag"))
    assert Mirror.read(tmp_path).entry("a.md", b"one").acl == frozenset()


def test_whatever_a_connector_raises_is_a_failure_of_its_system(tmp_path: Path) -> None:
    wiki = MemoryWiki({"a.md": ("one", A)})
    refresh(wiki, tmp_path, MOST)
    wiki.pages = {"b.md": cast(Any, None)}
    with pytest.raises(StoreError, match="TypeError"):
        refresh(wiki, tmp_path, MOST)
    assert Mirror.read(tmp_path).entry("a.md", b"one").acl == A
