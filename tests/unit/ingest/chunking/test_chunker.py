"""Chunks hold the whole document in order, and cut nothing that must stay whole."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking.chunker import Chunker, ChunkSettings
from ingest.formats import load_text
from ingest.reading.blocks import Block, BlockKind
from rag.domain.documents import Chunk
from rag.text.limits import MAX_CHUNK_CHARS

_WORD = re.compile(r"\w+")
SETTINGS = ChunkSettings(max_tokens=64, min_tokens=16)
WARNING = "> [!WARNING]\n> Only with two replicas."
CODE, TABLE = "```sh\nls\n```", "| a |\n|---|\n| b |"
WHOLE_KINDS = (BlockKind.CODE, BlockKind.TABLE, BlockKind.STEP)


def count_tokens(texts: Sequence[str]) -> list[int]:
    return [len(_WORD.findall(text)) + 2 for text in texts]


def chunks_of(text: str, title: str = "T") -> tuple[Chunk, ...]:
    return Chunker(count_tokens, SETTINGS).chunk("d", title, load_text(".md", text, 1).blocks)


words = st.lists(
    st.sampled_from(["check", "the", "broker", "lag", "of", "every", "node", "now"]), min_size=1
)
sentence = words.map(lambda found: " ".join(found) + ".")
paragraph = st.lists(sentence, min_size=1, max_size=12).map(" ".join)
code = st.lists(sentence, min_size=1, max_size=30).map(
    lambda lines: "```sh\n" + "\n".join(lines) + "\n```"
)
heading = st.tuples(st.integers(1, 4), words).map(lambda h: "#" * h[0] + " " + " ".join(h[1]))
steps = st.lists(st.tuples(sentence, st.booleans()), min_size=1, max_size=5).map(
    lambda found: "\n".join(
        f"{n}. {text}" + ("\n\n   ```sh\n   kubectl get pods\n   ```\n" if with_code else "")
        for n, (text, with_code) in enumerate(found, start=1)
    )
)
bullets = st.lists(sentence, min_size=1, max_size=5).map(
    lambda found: "\n".join(f"- {text}" for text in found)
)
table = st.lists(words, min_size=1, max_size=20).map(
    lambda rows: "| a | b |\n|---|---|\n" + "\n".join(f"| {' '.join(row)} | x |" for row in rows)
)
documents = st.lists(
    st.one_of(heading, paragraph, code, steps, bullets, table), min_size=1, max_size=12
).map("\n\n".join)


@settings(max_examples=100, deadline=None)
@given(documents)
def test_no_line_is_lost_and_nothing_whole_is_cut(text: str) -> None:
    blocks = load_text(".md", text, 1).blocks
    chunks = Chunker(count_tokens, SETTINGS).chunk("d", "T", blocks)
    squeezed = "".join("".join(chunk.text for chunk in chunks).split())
    assert squeezed == "".join(text.split())
    for block in blocks:
        if block.kind in WHOLE_KINDS:
            assert sum(block.text in chunk.text for chunk in chunks) >= 1, block
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    firsts = [chunk.lines.first for chunk in chunks]
    assert firsts == sorted(firsts)
    lines = text.split("\n")
    for chunk in chunks:
        here = "\n".join(lines[chunk.lines.first - 1 : chunk.lines.last])
        assert chunk.text in here


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(heading, paragraph, bullets), min_size=1, max_size=10).map("\n\n".join))
def test_prose_keeps_to_the_budget(text: str) -> None:
    for chunk in chunks_of(text):
        headings = [line for line in chunk.text.split("\n") if line.startswith("#")]
        room = SETTINGS.max_tokens + sum(count_tokens(headings))
        assert count_tokens([chunk.embedded_text])[0] <= room


def test_chunking_is_deterministic() -> None:
    text = "# A\n\n" + "one two three. " * 100 + "\n\n## B\n\n```sh\nls\n```\n"
    assert chunks_of(text) == chunks_of(text)


def test_nothing_makes_no_chunks() -> None:
    assert Chunker(count_tokens).chunk("d", "T", ()) == ()


def test_sections_carry_their_heading_path_without_the_title() -> None:
    filler = "word " * 40
    text = f"# Title\n\n{filler}\n\n## Fix\n\n{filler}\n\n### Roll back\n\n{filler}\n"
    assert [chunk.section for chunk in chunks_of(text, "Title")] == [
        (), ("Fix",), ("Fix", "Roll back"),
    ]  # fmt: skip
    assert chunks_of(text, "Title")[2].context == "Title\nFix > Roll back"


def test_small_neighbouring_sections_are_joined_under_what_they_share() -> None:
    text = "# Title\n\n## Fix\n\n### One\n\nshort\n\n### Two\n\nshort\n"
    chunks = chunks_of(text, "Title")
    assert len(chunks) == 1
    assert chunks[0].text == text.strip()


def test_a_step_keeps_the_command_below_it_in_spite_of_its_indentation() -> None:
    filler = "- " + "word " * 50
    text = f"{filler}\n\n1. Drain the node\n\n```sh\nkubectl drain n1\n```\n\n{filler}\n"
    holding = [chunk for chunk in chunks_of(text) if "Drain the node" in chunk.text]
    assert len(holding) == 1
    assert "kubectl drain n1" in holding[0].text


def test_a_heading_is_never_left_alone_at_the_end() -> None:
    text = "\n\n".join(f"## H{n}\n\n{'word ' * 45}" for n in range(5))
    for chunk in chunks_of(text):
        assert not chunk.text.rstrip().split("\n")[-1].startswith("#")


@pytest.mark.parametrize("between", ["", "### Deeper\n\n", "**What happens?**\n\n"])
def test_a_heading_without_words_of_its_own_stands_above_what_follows(between: str) -> None:
    filler = "word " * 50
    text = f"## One\n\n{filler}\n\n## Two\n\n{between}{filler}last\n\n## Three\n\n{filler}\n"
    [holding] = [chunk for chunk in chunks_of(text) if "## Two" in chunk.text]
    assert holding.text.startswith("## Two")
    assert "word" in holding.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(("For example:", after) for after in (CODE, "- first", "1. first", TABLE)),
        *((before, CODE) for before in ("Check whether it leads", "After", WARNING)),
        ("See the following table.", TABLE),
        ("Or copy it from below.", CODE),
        (WARNING, "1. first"),
    ],
)
def test_a_few_words_stay_with_what_they_introduce(before: str, after: str) -> None:
    text = f"{'word ' * 55}\n\n{before}\n\n{after}\n\n{'word ' * 55}\n"
    [holding] = [chunk for chunk in chunks_of(text) if before in chunk.text]
    assert after in holding.text


def test_a_heading_stays_with_the_beginning_of_what_is_too_long_for_a_chunk() -> None:
    lines = "\n".join(f"line {number} {'x' * 60}" for number in range(1000))
    chunks = chunks_of(f"## One\n\n### Two\n\n```\n{lines}\n```\n")
    assert chunks[0].text.startswith("## One\n\n### Two\n\n```\nline 0")
    assert max(len(chunk.text) for chunk in chunks) <= MAX_CHUNK_CHARS


@pytest.mark.parametrize(
    "text", ["word " * 200_000, "x" * 1_000_000, "Dot. " * 100_000, "![a](" * 20_000]
)
def test_one_line_of_a_megabyte_takes_seconds(text: str) -> None:
    blocks = (load_text(".txt", text, 1)).blocks
    started = time.monotonic()
    chunks = Chunker(count_tokens, ChunkSettings()).chunk("d", "T", blocks)
    assert time.monotonic() - started < 60
    assert "".join("".join(c.text for c in chunks).split()) == "".join(text.split())
    assert {(c.lines.first, c.lines.last) for c in chunks} == {(1, 1)}


def test_extracted_text_whose_lines_are_fewer_than_its_own_stays_in_its_span() -> None:
    from rag.domain.documents import LineSpan

    block = Block(BlockKind.PARAGRAPH, "one two\n" * 200, LineSpan(3, 4))
    for chunk in Chunker(count_tokens, SETTINGS).chunk("d", "T", [block]):
        assert 3 <= chunk.lines.first <= chunk.lines.last <= 4
