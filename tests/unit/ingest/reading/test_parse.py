"""Bytes and what is known of a file to a Document."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.chunking.chunker import Chunker
from ingest.reading.acl_rules import AclRules
from ingest.reading.parse import RawFile, own_acl_of, parse
from rag.domain.documents import AclOrigin, Document, Kind
from rag.errors import QuarantineError
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
def test_the_title_is_the_one_given_else_the_first_heading_else_the_name(
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
def test_a_kind_that_is_not_given_goes_by_the_folder(path: str, kind: Kind) -> None:
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


OWN = "---\nacl: [team:nb]\n---"


def notebook(*cells: tuple[str, str], language: str = "python") -> bytes:
    """Cells as (type, source)."""
    made: list[dict[str, object]] = [
        {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for kind, source in cells
    ]
    kernel = {"kernelspec": {"name": "k", "display_name": "k", "language": language}}
    fields = {"nbformat": 4, "nbformat_minor": 4, "metadata": kernel, "cells": made}
    return json.dumps(fields, indent=1).encode()


def word_document(text: str) -> bytes:
    written, out = pytest.importorskip("docx").Document(), io.BytesIO()
    for line in text.split("\n"):
        written.add_paragraph(line)
    written.save(out)
    return out.getvalue()


def pdf(text: str) -> bytes:
    """One page, a line below the other."""
    shown = "".join(f"({line}) Tj T* " for line in text.split("\n"))
    stream = f"BT /F 12 Tf 14 TL 50 700 Td {shown}ET"
    return (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<<"
        "/F<</Type/Font/Subtype/Type1/BaseFont/Courier>>>>>>>>endobj\n"
        f"4 0 obj<</Length {len(stream)}>>stream\n{stream}\nendstream endobj\n"
        "trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    ).encode()


def parsed_bytes(path: str, data: bytes) -> Document:
    pytest.importorskip("pypdf")
    raw = RawFile("s", path, data, "abc", datetime(2026, 1, 1, tzinfo=UTC))
    rules = AclRules(Path("/nowhere"), frozenset({"team:base"}))
    return parse(raw, rules.resolve, Chunker(HashingEmbedder().count_tokens), None)[0]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.ipynb", notebook(("markdown", OWN), ("markdown", "# Ledger"))),
        ("a.ipynb", notebook(("raw", OWN), ("markdown", "# Ledger"))),
        ("a.ipynb", notebook(("raw", "acl: team:nb"), ("markdown", "# Ledger"))),
        ("a.ipynb", notebook(("code", OWN), ("markdown", "# Ledger"))),
        ("a.ipynb", notebook(("markdown", "# Ledger"), ("markdown", "ACL: [team:nb]"))),
        ("a.docx", word_document(f"{OWN}\nLedger")),
        ("a.docx", word_document("Ledger\n\N{FULLWIDTH LATIN SMALL LETTER A}cl: [team:nb]")),
        ("a.pdf", pdf(f"{OWN}\nLedger")),
        ("a.pdf", pdf("Ledger\nacl: [team:nb]\nmore")),
    ],
)
def test_an_acl_that_a_format_cannot_say_is_not_passed_over(path: str, data: bytes) -> None:
    """The wider one around the file would count."""
    with pytest.raises(QuarantineError, match=r"\.runbook-acl\.yaml") as caught:
        parsed_bytes(path, data)
    assert caught.value.line


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.ipynb", notebook(("markdown", "# Rights"), ("code", "acl = bucket.get_acl()"))),
        ("a.ipynb", notebook(("markdown", f"# Rights\n\n```yaml\n{OWN}\n```"))),
        ("a.ipynb", notebook(("markdown", "Set the acl: it is told in a file"))),
        ("a.docx", word_document("\n".join(["Ledger"] * 50 + ["acl: of the file server"]))),
        ("a.pdf", pdf("Ledger\nSet the acl: it is told in a file")),
    ],
)
def test_what_only_speaks_of_acls_is_served_to_those_around_it(path: str, data: bytes) -> None:
    assert parsed_bytes(path, data).acl == frozenset({"team:base"})


def test_binary_formats_say_nothing_of_their_readers() -> None:
    raw = RawFile("s", "a.pdf", b"%PDF", "abc", datetime(2026, 1, 1, tzinfo=UTC))
    assert own_acl_of(raw) is None
