"""Markdown's blocks: where they are, what they hold, and what they say of themselves."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.domain.documents import Block, BlockKind
from rag.text.blocks import BlockText, clipped
from rag.text.markdown import parse_markdown
from tests.blocks import assert_sound

line = st.sampled_from(
    ["", "# T", "1. One", "- a", "  - b", "   ```sh", "```", "~~~", "> q", "> ```", "    code",
     "| a | b |", "|---|---|", "| 1 | 2 |", "<div>", "</div>", "[x]: http://y", "text", "===",
     "---", "> [!WARNING]", "3) three", "   text", "<!-- c -->", "\t- tab", ">- item"]
)  # fmt: skip
documents = st.lists(line, max_size=16).map("\n".join)


def parsed(text: str) -> BlockText:
    return BlockText(text, parse_markdown(text).blocks)


def blocks_of(text: str) -> list[tuple[str, str]]:
    """Each block's kind and body."""
    found = parsed(text)
    return [(block.kind.value, found.body(index)) for index, block in enumerate(found.blocks)]


@settings(max_examples=300, deadline=None)
@given(documents)
def test_blocks_of_any_lines_are_sound(text: str) -> None:
    assert_sound(text, parse_markdown(text).blocks)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab `#-1.|\n>*~[]!:<\t\r"))
@example("- \t\n>\r- `")
def test_blocks_of_any_text_are_sound(text: str) -> None:
    assert_sound(text, parse_markdown(text).blocks)


@settings(max_examples=200, deadline=None)
@given(documents, st.integers(0, 80), st.integers(0, 80))
def test_blocks_of_a_part_of_a_text_are_sound(text: str, start: int, length: int) -> None:
    end = min(start + length, len(text))
    part = text[start:end]
    assert_sound(part, clipped(parse_markdown(text).blocks, start, end))


code_lines = st.lists(st.text(alphabet="ab #->`'\"\\$|", max_size=12), max_size=6)


@settings(max_examples=200, deadline=None)
@given(code_lines, st.sampled_from(["", "1. Do:\n\n"]))
def test_code_is_kept_byte_for_byte(lines: list[str], before: str) -> None:
    indent = "   " if before else ""
    code = "\n".join(indent + line for line in lines)
    source = f"{indent}`````bash\n{code}\n{indent}`````"
    text = f"{before}{source}\n\nafter"
    if any(line.strip().startswith("`````") for line in lines):
        return
    found = parsed(text)
    [index] = [i for i, block in enumerate(found.blocks) if block.kind is BlockKind.CODE]
    assert found.source(index) == source
    assert found.body(index) == code
    if any(map(str.strip, lines)):
        assert found.code(index) == "\n".join(lines)
    assert found.blocks[index].language == "bash"


def test_an_item_holds_its_paragraphs_its_code_and_nested_items() -> None:
    text = "2. Look:\n\n   ```bash\n   kubectl get pods\n   ```\n\n   - a\n     b\n3. ~~~\n   x\n"
    found = parsed(text)
    assert [(block.kind.value, block.parent, block.number) for block in found.blocks] == [
        ("step", -1, 2), ("paragraph", 0, 0), ("code", 0, 0), ("item", 0, 0), ("paragraph", 3, 0),
        ("step", -1, 3), ("code", 5, 0),
    ]  # fmt: skip
    assert found.body(1) == "Look:"
    assert found.body(2) == "   kubectl get pods"
    assert [found.source(index) for index in found.leaves(3)] == ["a\n     b"]
    assert found.body(6) == "   x"


def test_bodies_are_without_the_marks_of_their_kind() -> None:
    assert blocks_of("## Fix it ##") == [("heading", "Fix it")]
    assert blocks_of("Fix it\n---") == [("heading", "Fix it")]
    assert blocks_of("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |") == [
        ("table", "| 1 | 2 |\n| 3 | 4 |")
    ]
    assert blocks_of("    kubectl get pods\n    ls") == [("code", "    kubectl get pods\n    ls")]
    assert blocks_of("[a]: http://b\n\n***\n\n<b>\nx\n</b>") == [
        ("other", "[a]: http://b"), ("other", "***"), ("html", "<b>\nx\n</b>"),
    ]  # fmt: skip


def test_an_alert_marks_all_that_stands_in_it() -> None:
    text = (
        "> [!CAUTION]\n> Never do this.\n>\n> ```sh\n> rm -rf /\n> ```\n\nDo that.\n\n> A quote.\n"
    )
    found = parsed(text)
    assert [(block.kind.value, block.admonition) for block in found.blocks] == [
        ("admonition", "caution"), ("paragraph", "caution"), ("code", "caution"),
        ("paragraph", ""), ("quote", ""), ("paragraph", ""),
    ]  # fmt: skip
    assert found.body(1) == "Never do this."
    assert found.code(2) == "rm -rf /"


def test_the_language_of_code_is_read_in_each_common_notation() -> None:
    for info in ("bash", "Bash title=x", "{.bash .numbers}", "bash{1,2}", "bash,ignore"):
        [block] = parse_markdown(f"```{info}\nls\n```").blocks
        assert block.language == "bash", info


def test_a_title_is_read_with_the_definitions_of_the_whole_text() -> None:
    markdown = parse_markdown("# **See** [the list] `x`\n\n[the list]: http://a\n")
    assert markdown.without_inline_markup("**See** [the list] `x`") == "See the list x"


def test_a_block_over_a_cut_keeps_its_kind_on_both_sides() -> None:
    text = "- Look:\n\n  ```sh\n  ls\n  df\n  ```\n"
    cut = text.index("  df")
    behind = clipped(parse_markdown(text).blocks, cut, len(text))
    assert [block.kind for block in behind] == [BlockKind.ITEM, BlockKind.CODE]
    assert BlockText(text[cut:], behind).body(1) == "  df"
    assert behind[1] == Block(BlockKind.CODE, 0, 10, 0, 4, parent=0, language="sh", indent=2)
