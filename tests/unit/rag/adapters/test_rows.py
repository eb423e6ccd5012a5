"""Chunks as rows of the catalog."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.adapters.catalog.rows import chunk_columns, chunk_of
from rag.domain.documents import Block, BlockKind, Chunk, Command, LineSpan, Risk

offsets = st.integers(0, 10_000)
words = st.sampled_from(["", "bash", "warning"])
blocks = st.builds(
    Block,
    kind=st.sampled_from(BlockKind),
    start=offsets,
    end=offsets,
    body_start=offsets,
    body_end=offsets,
    parent=st.integers(-1, 9),
    level=st.integers(0, 6),
    number=st.integers(0, 99),
    language=words,
    admonition=words,
    indent=st.integers(0, 9),
)


@given(st.lists(blocks, max_size=5), st.integers(-1, 4))
def test_a_chunk_comes_back_as_it_was(inside: list[Block], block: int) -> None:
    chunk = Chunk(
        document_id="d",
        ordinal=2,
        text="Run `ls -l`",
        section=("Fix",),
        lines=LineSpan(3, 4),
        context="Title",
        commands=(Command(3, "ls -l", Risk.READ_ONLY, block),),
        blocks=tuple(inside),
    )
    assert chunk_of(dict(chunk_columns(chunk), document_id="d")) == chunk


def test_a_chunk_that_was_stored_before_blocks_were_kept_has_none() -> None:
    chunk = Chunk("d", 0, "ls", (), LineSpan(1, 1))
    old = {
        **chunk_columns(chunk),
        "document_id": "d",
        "commands": '[[1, "ls", "read_only"]]',
        "blocks": "[]",
    }
    [command] = chunk_of(old).commands
    assert command == Command(1, "ls", Risk.READ_ONLY)
    assert chunk_of(old).blocks == ()
