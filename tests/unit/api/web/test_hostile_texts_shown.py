"""Hostile documents and answers as HTML: nothing that a browser would run, load or submit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from api.web.block_markup import render_blocks
from api.web.document_text import render_document
from api.web.markdown_text import Shown, render_markdown
from api.web.matching import words_of
from ingest.chunking.chunker import Chunker
from ingest.reading.parse import read_document
from rag.domain.documents import Block, BlockKind, Command, LineSpan, Risk
from rag.errors import QuarantineError
from rag.text.blocks import BlockText
from tests.fakes import count_words, document
from tests.web_payloads import PAYLOADS

_TAGS = frozenset(
    {
        *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "div", "span"),
        *("details", "summary", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
        *("a", "b", "strong", "i", "em", "s", "u", "small", "sub", "sup", "kbd", "mark"),
        *("code", "pre"),
    }
)
_ATTRIBUTES = frozenset(
    {
        *("id", "class", "href", "title", "rel", "start", "tabindex", "role", "aria-label"),
        *("data-copy", "data-risk", "data-warning"),
    }
)
_SCHEMES = frozenset({"", "http", "https", "mailto"})


class Elements(HTMLParser):
    """Every element that a browser would make of a text, with its attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")


def assert_harmless(markup: str) -> None:
    for tag, attributes in Elements(markup).found:
        assert tag in _TAGS, markup
        assert set(attributes) <= _ATTRIBUTES, markup
        address = attributes.get("href")
        if address is not None:
            assert urlsplit(address).scheme in _SCHEMES, markup
            assert not address.startswith("//"), markup
        identity = attributes.get("id")
        assert identity is None or (identity[0] == "L" and identity[1:].isdigit()), markup


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_with_a_payload_is_harmless(payload: str) -> None:
    command = Command(1, payload.strip("`"), Risk.DESTRUCTIVE)
    shown = Shown(
        commands=(command,),
        matches=words_of("script onerror alert"),
        warning=payload,
        cited=LineSpan(1, 3),
        markers={1: 'href="/documents/x" class="citation"'},
        skipped_titles=(payload,),
    )
    for text in (
        payload,
        f"text {payload} text",
        f"- item\n  {payload}",
        f"{payload}\n\n{payload}",
    ):
        assert_harmless(render_markdown(text, shown))


@pytest.mark.parametrize("kind", BlockKind)
def test_blocks_of_any_kind_with_a_payload_are_harmless(kind: BlockKind) -> None:
    for payload in PAYLOADS:
        size = len(payload)
        block = Block(kind, 0, size, 0, size, level=1, number=1, language=payload[:9])
        content = BlockText(payload, (block,))
        assert_harmless(render_blocks(content, Shown(matches=words_of(payload))))


def documents() -> Iterator[tuple[str, str]]:
    for payload in PAYLOADS:
        for suffix in ("md", "html", "rst", "adoc", "txt"):
            yield f"hostile.{suffix}", payload


def test_files_of_every_format_with_a_payload_are_harmless() -> None:
    shown = 0
    for path, payload in documents():
        try:
            reading = read_document("docs", path, payload.encode(), Chunker(count_words))
        except QuarantineError:
            continue
        about = replace(document(path), metadata=reading.metadata)
        assert_harmless(render_document(about, reading.chunks, LineSpan(1, 2)).markup)
        shown += 1
    assert shown > 3 * len(PAYLOADS)


def test_text_that_is_no_markup_is_shown_as_it_stands() -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in render_markdown(
        "<script>alert(1)</script>", Shown()
    )
