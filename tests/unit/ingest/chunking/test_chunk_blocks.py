"""A chunk keeps its blocks, whatever the format and wherever it was cut."""

from __future__ import annotations

import pickle
import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking.chunker import Chunker, ChunkSettings
from ingest.formats import load_text
from rag.domain.documents import BlockKind, Chunk
from rag.text.blocks import BlockText
from tests.blocks import assert_sound

_WORD = re.compile(r"\w+")
nasty = st.sampled_from(
    [
        "", "# Head", "Head", "====", "----", "```sh", "```", "~~~", "1. step", "2) step", "   x",
        "- item", "  - nested", "\tindented", "    code", "> quote", "> ```", "| a | b |",
        "|---|---|", "<!-- open", "-->", "word " * 12, ".. note::", ".. warning:: one", "::",
        "|===", "[source,sh]", "+", "....", "//", "a::", "* * *", "<div>", "</div>", "1.", "-",
        "[WARNING]", "CAUTION: hot", "   .. code-block:: sh", "   :name: x", "* * deep", "> - x",
        "[!NOTE]", "> [!NOTE]", "1. - 2. deep", "<li><pre>a</pre>", "<table><tr><td>x",
        '!!! danger "T"', "??? note", '=== "tab"', "    deeper", ":::danger T", ":::", ":::x",
        "\u26a0\ufe0f care:", "**Warning:** hot:", "**Never do this**", "> **Warning**",
        "{{< hint danger >}}", "{{< /hint >}}", "<Warning>", "</Warning>", "<Tip>a</Tip> b",
        ">>>", ">>> [!warning] T", "```{warning}", "{: .warning }", "> [!danger]- T",
        "{% warning %}", "{% endwarning %}", '<div class="warning">', ".. admonition:: T",
        ".. tab:: T", "====", "--", "****", ".Title", "a:: b", "[,sh]",
    ]
)  # fmt: skip


def chunks_of(suffix: str, text: str) -> tuple[Chunk, ...]:
    def count_tokens(texts: Sequence[str]) -> list[int]:
        return [len(_WORD.findall(one)) + 2 for one in texts]

    chunker = Chunker(count_tokens, ChunkSettings(max_tokens=24, min_tokens=8))
    return chunker.chunk("d", "T", load_text(suffix, text, 1).blocks)


@pytest.mark.parametrize("suffix", [".md", ".txt", ".rst", ".adoc", ".html"])
@settings(max_examples=150, deadline=None)
@given(lines=st.lists(nasty, max_size=14))
def test_the_blocks_of_a_chunk_are_sound_and_hold_all_of_it(suffix: str, lines: list[str]) -> None:
    for chunk in chunks_of(suffix, "\n".join(lines)):
        assert_sound(chunk.text, chunk.blocks)
        for command in chunk.commands:
            assert chunk.blocks[command.block].kind is not BlockKind.HEADING
        assert pickle.loads(pickle.dumps(chunk)) == chunk  # noqa: S301 - it was made here


def test_code_is_the_source_byte_for_byte() -> None:
    text = (
        "# T\n\n1. Do:\n\n   ```bash\n   for p in a b; do\n     kubectl  get pod $p\t\n   done\n"
        "   ```\n\n> ```sh\n> ls  -l\n> ```\n\n    df\n     -h\n\n~~~yaml\na:\n  - b\n~~~\n"
    )
    codes = []
    for chunk in chunks_of(".md", text):
        inside = BlockText(chunk.text, chunk.blocks)
        codes += [
            (block.language, inside.source(index))
            for index, block in enumerate(chunk.blocks)
            if block.kind is BlockKind.CODE
        ]
    assert codes == [
        ("bash", "   ```bash\n   for p in a b; do\n     kubectl  get pod $p\t\n   done\n   ```"),
        ("sh", "```sh\n> ls  -l\n> ```"),
        ("", "    df\n     -h"),
        ("yaml", "~~~yaml\na:\n  - b\n~~~"),
    ]
    assert all(source in text for _, source in codes)


def test_a_command_names_the_block_that_it_stands_in() -> None:
    text = (
        "Intro.\n\n1. Look at `kubectl get pods`:\n\n   ```sh\n   df -h\n   ```\n\n"
        "> ```sh\n> uptime\n> ```\n"
    )
    [chunk] = Chunker(lambda texts: [1] * len(texts)).chunk(
        "d", "T", load_text(".md", text, 1).blocks
    )
    inside = BlockText(chunk.text, chunk.blocks)
    assert [(one.line, one.text, inside.body(one.block)) for one in chunk.commands] == [
        (3, "kubectl get pods", "Look at `kubectl get pods`:"),
        (6, "df -h", "   df -h"),
        (10, "uptime", "> uptime"),
    ]


def test_what_is_cut_keeps_its_kind_and_its_place() -> None:
    text = "- " + "One two three four. " * 20
    chunks = chunks_of(".md", text)
    assert len(chunks) > 2
    assert all(chunk.blocks[0].kind is BlockKind.ITEM for chunk in chunks)
    bodies = [chunk.text[chunk.blocks[0].body_start :] for chunk in chunks]
    assert bodies[0].startswith("One")
    assert all(before <= after for before, after in pairwise(c.ordinal for c in chunks))
