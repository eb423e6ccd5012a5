"""What an answer makes of the blocks of a document, whatever its format."""

from __future__ import annotations

from dataclasses import replace

from rag.answering.answer_parts import Part
from rag.answering.context import with_blocks
from rag.answering.nearest import nearest_words
from rag.domain.documents import Chunk, LineSpan
from tests.extracts import answer_from, chunk_of, context_of


def test_a_warning_stands_where_it_is_taken_care_of_and_says_what_it_is() -> None:
    warning = "Restarting loses messages."
    for suffix, text in {
        ".md": f"## Fix\n\n> [!WARNING]\n> {warning}\n\nRestart it.\n",
        ".rst": f"Fix\n===\n\n.. warning:: {warning}\n\nRestart it.\n",
        ".adoc": f"== Fix\n\nWARNING: {warning}\n\nRestart it.\n",
    }.items():
        answered = answer_from(suffix, text)
        care = answered.index(f"### {Part.CARE.value}")
        assert answered.index("### Mitigation") < answered.index("Restart it.") < care, suffix
        assert f"**Warning:** {warning} [1]" in answered[care:], suffix


def test_code_is_quoted_as_code_in_every_format() -> None:
    code = "kubectl get pods\nkubectl get nodes"
    indented = code.replace("\n", "\n   ")
    for suffix, text in {
        ".md": f"## Check\n\n1. Look:\n\n   ```bash\n   {indented}\n   ```\n",
        ".rst": f"Check\n=====\n\n1. Look:\n\n   .. code-block:: bash\n\n      "
        f"{code.replace(chr(10), chr(10) + '      ')}\n",
        ".adoc": f"== Check\n\n. Look:\n+\n[source,bash]\n----\n{code}\n----\n",
        ".html": f"<h2>Check</h2><ol><li>Look: <pre class='language-bash'>{code}</pre></li></ol>",
    }.items():
        answered = answer_from(suffix, text)
        assert f"1. Look: [1]\n   ```bash\n   {indented}\n   ```" in answered.replace(
            "\n\n", "\n"
        ), answered


def test_what_is_forbidden_under_an_outer_heading_is_forbidden_under_an_inner_one() -> None:
    answered = answer_from(".md", "## Never\n\n### Restarting\n\nRestart two brokers at once.\n")
    assert "> In a.md > Never > Restarting\n\nRestart two brokers at once. [1]" in answered
    assert f"### {Part.CARE.value}\n\n> In a.md > Never > Restarting" in answered


def test_a_title_that_forbids_says_nothing_of_the_sections_below_it() -> None:
    answered = answer_from(".md", "# a.md\n\n## Impact\n\nNo order was lost.\n")
    assert answered.index(f"### {Part.FACTS.value}") < answered.index(
        "> In a.md > Impact\n\nNo order"
    )
    text = "# Orders never arrive\n\n## Impact\n\nNo order was lost.\n"
    assert Part.CARE.value not in answer_from(".md", text, title="Orders never arrive")


def test_of_a_table_a_row_is_cited_and_not_the_names_of_its_columns() -> None:
    chunk = chunk_of(".md", "| word | means |\n|---|---|\n| E1 | full |\n")
    [passage] = context_of(chunk).passages
    nearest = nearest_words("what does word mean", passage)
    assert nearest is not None
    assert nearest.text == "| E1 | full |"


def test_a_word_that_holds_the_name_of_a_command_is_no_command() -> None:
    text = "## Team\n\nEverybody knows these tools.\n\n## Files\n\n```sh\nls\n```\n"
    answered = answer_from(".md", text)
    check = answered.index(f"### {Part.CHECK.value}")
    assert answered.index(f"### {Part.FACTS.value}") < answered.index("Everybody knows") < check
    assert answered.index("```sh\n ls\n ```") > check


def test_comments_and_link_definitions_are_not_quoted() -> None:
    text = "## Fix\n\nRestart it:\n\n<!-- why -->\n\n```sh\nsystemctl restart x\n```\n\n[a]: http://b\n"
    answered = answer_from(".md", text)
    assert "Restart it: [1] _(changes something)_\n\n ```sh\n systemctl restart x\n ```" in answered
    assert "why" not in answered
    assert "http://b" not in answered


def test_a_table_is_quoted_with_its_columns() -> None:
    answered = answer_from(
        ".html",
        "<h2>Why</h2><table><tr><th>code</th><th>means</th></tr>"
        "<tr><td>E1</td><td>full</td></tr></table>",
    )
    assert "| code | means |\n|---|---|\n| E1 | full |" in answered


def test_a_chunk_that_was_stored_without_blocks_is_read_as_markdown() -> None:
    chunk = chunk_of(".md", "1. Look with `kubectl get pods`:\n\n   ```sh\n   df -h\n   ```\n")
    old = replace(
        chunk, blocks=(), commands=tuple(replace(one, block=-1) for one in chunk.commands)
    )
    assert with_blocks(old) == chunk
    assert with_blocks(chunk) is chunk
    blank = Chunk("d", 0, "", (), LineSpan(1, 1))
    assert with_blocks(blank) == blank
