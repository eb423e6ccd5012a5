"""Documents as HTML: lines, commands, warnings and links, whatever their format."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from api.web.document_text import link_resolver, render_chunk, render_document, source_text
from api.web.matching import words_of
from ingest.chunking.chunker import Chunker
from ingest.reading.parse import read_document
from rag.domain.documents import Chunk, Document, LineSpan, document_id
from tests.fakes import count_words, document

MARKDOWN = """\
---
title: Restore the ledger
acl: [public]
---
# Restore the ledger

Read all of it first.

## Steps

> [!WARNING]
> Dropping the schema deletes every booking.

1. Look at the state with `kubectl get pods`:

   ```bash
   kubectl -n ledger get pods
   ```

2. Drop it:

   ```bash
   psql -c 'drop schema ledger cascade'
   ```

See [the other page](../other/page.md#steps) and ![a diagram](http://evil.example/x.png).

| alert | meaning |
| --- | --- |
| LedgerDown | it is down |
"""


def read(path: str, text: str) -> tuple[Document, tuple[Chunk, ...]]:
    """A file as ingest reads it."""
    reading = read_document("docs", path, text.encode(), Chunker(count_words))
    about = replace(document(path, source="docs"), metadata=reading.metadata)
    return about, reading.chunks


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def test_the_text_of_a_document_stands_on_its_lines() -> None:
    _, chunks = read("ledger.md", MARKDOWN)
    lines = source_text(chunks).split("\n")
    first = chunks[0].lines.first
    original = MARKDOWN.rstrip("\n").split("\n")
    assert lines == original[first - 1 :]


def test_each_command_has_its_risk_and_the_text_that_is_copied() -> None:
    about, chunks = read("ledger.md", MARKDOWN)
    markup = render_document(about, chunks, None).markup
    assert 'data-copy="kubectl -n ledger get pods" data-risk="read_only"' in markup
    assert 'data-copy="psql -c \'drop schema ledger cascade\'" data-risk="destructive"' in markup
    assert ">read only<" in markup
    assert ">destructive<" in markup


def test_a_destructive_command_carries_the_warning_of_its_document() -> None:
    about, chunks = read("ledger.md", MARKDOWN)
    markup = render_document(about, chunks, None).markup
    [warned] = re.findall(r'data-risk="destructive" data-warning="([^"]+)"', markup)
    assert "Dropping the schema deletes every booking" in warned
    assert not re.findall(r'data-risk="read_only" data-warning="[^"]+"', markup)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Read all of it", "Read all of it"),
        ("kubectl -n ledger get", "kubectl -n ledger get pods"),
        ("| LedgerDown", "LedgerDown"),
        ("See [the other", "the other page"),
    ],
)
def test_the_cited_line_and_no_other_is_highlighted(words: str, shown: str) -> None:
    about, chunks = read("ledger.md", MARKDOWN)
    line = line_of(MARKDOWN, words)
    markup = render_document(about, chunks, LineSpan(line, line)).markup
    assert 'class="cited"' in markup
    [cited] = re.findall(r'<(\w+)(?: id="L\d+")? class="cited">(.*?)</\1>', markup, re.S)[:1]
    assert shown in re.sub(r"<[^>]+>", "", cited[1])


def test_links_lead_to_documents_and_images_ask_nobody() -> None:
    about, chunks = read("ledger/restore.md", MARKDOWN)
    markup = render_document(about, chunks, None).markup
    assert f'href="/documents/{document_id("docs", "other/page.md")}"' in markup
    assert "evil.example" not in markup
    assert "Image: a diagram" in markup


@pytest.mark.parametrize(
    "target", ["../../etc/passwd.md", "/abs.md", "x.png", "#a", "//evil/x.md", "http://e/x.md", ""]
)
def test_other_links_lead_nowhere(target: str) -> None:
    assert link_resolver(document("a/b.md"))(target) is None


def test_the_outline_has_the_anchors_of_the_headings() -> None:
    about, chunks = read("ledger.md", MARKDOWN)
    rendered = render_document(about, chunks, None)
    assert [entry.title for entry in rendered.outline] == ["Steps"]
    assert f'id="{rendered.outline[0].anchor}"' in rendered.markup


def test_words_of_the_question_are_marked_in_text_and_code() -> None:
    about, chunks = read("ledger.md", MARKDOWN)
    markup = "".join(render_chunk(about, chunk, words_of("ledger pods")) for chunk in chunks)
    assert "<mark>pods</mark>" in markup
    assert "drop schema <mark>ledger</mark>" in markup


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.rst",
            "Title\n=====\n\nFirst words.\n\n1. A step::\n\n     kubectl get pods\n\n* an item\n",
        ),
        (
            "a.html",
            "<h1>Title</h1><p>First words.</p><ol><li>A step<pre>kubectl get pods</pre></li></ol>"
            "<ul><li>an item</li></ul>",
        ),
        (
            "a.adoc",
            "= Title\n\nFirst words.\n\n. A step\n+\n----\nkubectl get pods\n----\n\n* an item\n",
        ),
    ],
)
def test_other_formats_keep_their_structure(path: str, text: str) -> None:
    about, chunks = read(path, text)
    rendered = render_document(about, chunks, None)
    assert "First words." in rendered.markup
    assert "<ol" in rendered.markup
    assert "<li" in rendered.markup
    assert "kubectl get pods" in rendered.markup
    assert "<code>" in rendered.markup
    assert [entry.title for entry in rendered.outline] == ["Title"]


def test_plain_text_is_shown_whole() -> None:
    about, chunks = read("a.txt", "one <b> two\n\nthree\n")
    markup = render_document(about, chunks, None).markup
    assert "one &lt;b&gt; two" in markup
    assert "three" in markup
