"""What each connector makes of its system, over readers that behave; mistakes that are told."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ingest.sources.connectors.kinds import KINDS, make_connector
from ingest.sources.connectors.port import RemoteDocument
from rag.errors import ConfigurationError, StoreError
from tests.connectors import ConfluenceReader, S3Reader
from tests.processes import ROOT


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, reader: type) -> None:
    made = ModuleType(f"llama_index.readers.{module}")
    setattr(made, reader.__name__, reader)
    monkeypatch.setitem(sys.modules, f"llama_index.readers.{module}", made)


GROUPS = {"payments-team": "team:payments", "sre": "role:sre"}
CONFLUENCE: dict[str, object] = {
    "base_url": "https://w.example/wiki",
    "space": "OPS",
    "groups": GROUPS,
}


def pages_of(
    monkeypatch: pytest.MonkeyPatch, pages: Mapping[str, Mapping[str, Any]], **options: object
) -> dict[str, RemoteDocument]:
    stand_in(monkeypatch, "confluence", ConfluenceReader)
    monkeypatch.setattr(ConfluenceReader, "pages", pages)
    found = make_connector("confluence", {**CONFLUENCE, **options}).documents({})
    return {document.path: document for document in found}


def page(title: object = "T", **more: object) -> dict[str, object]:
    return {"title": title, "text": "Text.", "version": 7, **more}


def test_a_page_of_confluence_becomes_markdown_with_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = pages_of(monkeypatch, {"17": page("Disk\n full / on *broker*")})
    (document,) = found.values()
    assert document.path == "disk-full-on-broker-17.md"
    assert document.data == b"# Disk full / on *broker*\n\nText.\n"
    assert (document.revision, document.updated_at.year) == ("7", 2026)
    assert document.url == "https://w.example/wiki/17"
    assert document.acl is None


@pytest.mark.parametrize(
    ("restricted", "acl"),
    [
        ({"group": [{"name": "payments-team"}]}, {"team:payments"}),
        ({"group": [{"name": "payments-team"}, {"name": "sre"}]}, {"team:payments", "role:sre"}),
        ({"group": [{"name": "somebody-else"}]}, set()),
        ({"user": [{"accountId": "u1"}]}, {"user:ann"}),
        ({"user": [{"username": "stranger"}]}, set()),
        ({"above": ["1"]}, {"role:sre"}),
        ({"above": ["2"]}, None),
        ({"above": ["1", "2"], "group": [{"name": "payments-team"}]}, set()),
        ({"above": ["1"], "group": [{"name": "payments-team"}, {"name": "sre"}]}, {"role:sre"}),
    ],
)
def test_restrictions_of_a_page_and_of_all_above_it_become_its_readers(
    monkeypatch: pytest.MonkeyPatch, restricted: dict[str, object], acl: set[str] | None
) -> None:
    pages = {
        "1": page(listed=False, group=[{"name": "sre"}]),
        "2": page(listed=False),
        "3": page(**restricted),
    }
    found = pages_of(monkeypatch, pages, users={"u1": "user:ann"})
    assert found["t-3.md"].acl == acl


def test_what_confluence_does_not_answer_fails_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="KeyError"):
        pages_of(monkeypatch, {"3": page(above=["unseen"])})


def test_files_of_a_bucket_are_fetched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "s3", S3Reader)
    files = {"b/docs/a.md": b"# A", "b/docs/sub/b.rst": b"B", "b/docs/x.png": b"x", "b/o.md": b""}
    monkeypatch.setattr(S3Reader, "bucket_files", files)
    monkeypatch.setattr(S3Reader, "fetched", [])
    options = {"bucket": "b", "prefix": "docs/", "url": "https://s3.example/{path}"}
    connector = make_connector("s3", options)
    first = {document.path: document for document in connector.documents({})}
    assert {path: document.data for path, document in first.items()} == {
        "a.md": b"# A",
        "sub/b.rst": b"B",
    }
    assert first["sub/b.rst"].url == "https://s3.example/sub/b.rst"
    known = {path: document.revision for path, document in first.items()}
    again = list(connector.documents({**known, "a.md": "another"}))
    assert [document.data for document in again] == [b"# A", None]
    assert S3Reader.fetched == ["b/docs/a.md", "b/docs/sub/b.rst", "b/docs/a.md"]


def test_an_empty_bucket_is_a_failure_and_no_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "s3", S3Reader)
    monkeypatch.setattr(S3Reader, "bucket_files", {})
    with pytest.raises(StoreError, match="s3 could not be read"):
        list(make_connector("s3", {"bucket": "b"}).documents({}))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("ftp", {}, "no connector 'ftp'"),
        ("s3", {}, "options.bucket"),
        ("s3", {"bucket": "b", "key": "x"}, "options.key"),
        ("confluence", {"base_url": "x"}, "one of `space` and `cql`"),
        ("confluence", {"base_url": "x", "space": 'A" or "1'}, "options.space"),
        ("confluence", {**CONFLUENCE, "groups": {"a": "not a tag"}}, "not an ACL tag"),
        ("notion", {}, "page_ids"),
        ("google_drive", {}, "folder_id"),
        ("nowhere.at_all:make", {}, "cannot be loaded"),
        ("tests.connectors:nothing", {}, "cannot be loaded"),
    ],
)
def test_a_mistake_in_the_options_is_reported(
    kind: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make_connector(kind, options)


OPTIONS: dict[str, dict[str, object]] = {
    "s3": {"bucket": "b"},
    "confluence": CONFLUENCE,
    "notion": {"page_ids": ["1"]},
    "google_drive": {"folder_id": "f"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_that_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for module in ("s3", "confluence", "notion", "google"):
        monkeypatch.setitem(sys.modules, f"llama_index.readers.{module}", None)
    connector = make_connector(kind, OPTIONS[kind])
    with pytest.raises(ConfigurationError, match=r"pip install 'runbook-search\[connectors\]'"):
        list(connector.documents({}))


def test_the_example_of_the_guide_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (ROOT / "docs/connectors.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "fernhill_tickets.py").write_text(example, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    ticket = {"id": 7, "revision": "2", "title": "Turbine", "body": "Restart it.", "readers": ["a"]}
    export = tmp_path / "tickets.json"
    export.write_text(json.dumps([{**ticket, "updated_at": "2026-05-01T00:00:00+00:00"}]))
    connector = make_connector("fernhill_tickets:make", {"export": str(export)})
    (found,) = connector.documents({})
    assert (found.path, found.data) == ("tickets/7.md", b"# Turbine\n\nRestart it.\n")
    assert found.acl == frozenset({"a"})
    assert [one.data for one in connector.documents({found.path: "2"})] == [None]
    export.unlink()
    with pytest.raises(StoreError):
        list(connector.documents({}))
    monkeypatch.delitem(sys.modules, "fernhill_tickets")
