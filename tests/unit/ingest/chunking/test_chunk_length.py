"""No chunk is longer than its limit, whatever a document consists of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.chunking.chunker import Chunker
from ingest.formats import load_text
from rag.text.limits import MAX_CHUNK_CHARS


def count_words(texts: Sequence[str]) -> list[int]:
    """Few tokens for a long run of characters, as a tokenizer counts what it does not know."""
    return [len(text.split()) for text in texts]


@pytest.mark.parametrize(
    "body",
    [
        "```\n" + "x = 1\n" * 20_000 + "```\n",
        "```\n" + "x" * 100_000 + "\n```\n",
        "A" * 100_000,
        "1. " + "Wait. " * 20_000,
        "# a\n" + "A" * 7_990 + "\n\n" + "B" * 7_990,
        "Run:\n\n```\n" + "y" * 7_995 + "\n```\n",
        "\n\n".join("B" * 300 for _ in range(100)),
    ],
    ids=["code", "line", "run", "step", "heading", "introduced", "paragraphs"],
)
def test_no_chunk_is_longer_than_its_limit_and_nothing_is_lost(body: str) -> None:
    chunks = Chunker(count_words).chunk("id", "T", load_text(".md", body, 1).blocks)
    assert max(len(chunk.text) for chunk in chunks) <= MAX_CHUNK_CHARS
    held = "".join("".join(chunk.text.split()) for chunk in chunks)
    assert held == "".join(body.split())
