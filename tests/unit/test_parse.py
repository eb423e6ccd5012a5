"""Bytes and what is known of a file to a Document."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.acl_rules import AclRules
from ingest.chunker import Chunker
from ingest.parse import RawFile, own_acl_of, parse
from rag.domain import AclOrigin, Document, Kind
from tests.fakes import HashingEmbedder


def parsed(path: str, text: str, url: str | None = None) -> Document:
    raw = RawFile("s", path, text.encode(), "abc", datetime(2026, 1, 1, tzinfo=UTC))
    rules = AclRules(Path("/nowhere"), frozenset({"team:a"}))
    return parse(raw, rules.resolve, Chunker(HashingEmbedder().count_tokens), url)[0]


@pytest.mark.parametrize(
    ("path", "text", "title"),
    [
        ("a.md", "---\ntitle: Told\n---\n# Head\n", "Told"),
        ("a.md", "# Head\n\n# Other\n", "Head"),
        ("disk-full_on-broker.md", "no heading\n", "disk full on broker"),
    ],
)
def test_a_title_is_told_else_the_first_heading_else_the_name(
    path: str, text: str, title: str
) -> None:
    assert parsed(path, text).metadata.title == title


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("x/a.md", Kind.RUNBOOK),
        ("Postmortems/2026/a.md", Kind.POSTMORTEM),
        ("incidents/a.md", Kind.POSTMORTEM),
        ("postmortems.md", Kind.RUNBOOK),
    ],
)
def test_a_kind_that_is_not_told_goes_by_the_folder(path: str, kind: Kind) -> None:
    assert parsed(path, "# A\n").metadata.kind is kind


def test_a_link_is_made_from_the_sources_template() -> None:
    template = "https://git.example/blob/{revision}/{path}"
    made = parsed("with space/é#.md", "# A\n", template)
    assert made.metadata.url == "https://git.example/blob/abc/with%20space/%C3%A9%23.md"
    own = parsed("a.md", "---\nurl: https://wiki.example/a\n---\n# A\n", template)
    assert own.metadata.url == "https://wiki.example/a"


def test_the_acl_of_the_source_holds_where_the_page_says_nothing() -> None:
    found = parsed("a.md", "# A\n")
    assert (found.acl, found.acl_origin) == (frozenset({"team:a"}), AclOrigin.SOURCE)


def test_binary_formats_say_nothing_of_their_readers() -> None:
    raw = RawFile("s", "a.pdf", b"%PDF", "abc", datetime(2026, 1, 1, tzinfo=UTC))
    assert own_acl_of(raw) is None
