"""Every format to blocks that know their lines, with no line lost."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats import load_binary, load_text
from ingest.reading.blocks import BlockKind
from rag.errors import ConfigurationError, QuarantineError
from tests.growth import superlinear

LINE_FORMATS = (".md", ".txt", ".rst", ".adoc")
nasty = st.sampled_from(
    [
        "", "# Head", "Head", "====", "----", "```sh", "```", "~~~", "1. step", "2) step", "   x",
        "- item", "  - nested", "\tindented", "    code", "> quote", "> ```", "| a | b |",
        "|---|---|", "<!-- open", "-->", "[x]: http://x", "***", "word", ".. note::", "::", "|===",
        "[source,sh]", "+", "....", "//", "a::", "* * *", "<div>", "</div>", "\u2028odd", "1.", "-",
        '!!! danger "T"', "??? note", '=== "tab"', "    deeper", ":::danger T", ":::", ":::x",
        "\u26a0\ufe0f care:", "**Warning:** hot:", "**Never do this**", "> **Warning**",
        "{{< hint danger >}}", "{{< /hint >}}", "<Warning>", "</Warning>", "<Tip>a</Tip> b",
        ">>>", ">>> [!warning] T", "```{warning}", "{: .warning }", "> [!danger]- T",
        "{% warning %}", "{% endwarning %}", '<div class="warning">', ".. admonition:: T",
        ".. tab:: T", "====", "--", "****", ".Title", "a:: b", "[,sh]",
    ]
)  # fmt: skip


@pytest.mark.parametrize("suffix", LINE_FORMATS)
@settings(max_examples=100, deadline=None)
@given(lines=st.lists(nasty, max_size=14), first=st.integers(1, 9))
def test_every_line_stands_in_exactly_one_block(suffix: str, lines: list[str], first: int) -> None:
    blocks = load_text(suffix, "\n".join(lines), first).blocks
    covered: list[int] = []
    for block in blocks:
        start, end = block.lines.first - first, block.lines.last - first + 1
        assert block.text == "\n".join(lines[start:end])
        covered.extend(range(start, end))
    assert covered == sorted(set(covered))
    assert {i for i, line in enumerate(lines) if line.strip()} <= set(covered)


def kinds(suffix: str, text: str) -> list[tuple[BlockKind, int, int]]:
    return [(b.kind, b.lines.first, b.lines.last) for b in load_text(suffix, text, 1).blocks]


def test_markdown() -> None:
    text = (
        "# Fix `it` *now*\n\nText\nmore\n\n1. One\n\n   ```sh\n   ls\n   ```\n2. Two\n   - sub\n\n"
        "| a |\n|---|\n| b |\n\n> note\n\n- x\n- y\n\n```python\nx\n\ny\n```\n"
    )
    assert kinds(".md", text) == [
        (BlockKind.HEADING, 1, 1), (BlockKind.PARAGRAPH, 3, 4), (BlockKind.STEP, 6, 10),
        (BlockKind.STEP, 11, 12), (BlockKind.TABLE, 14, 16), (BlockKind.QUOTE, 18, 18),
        (BlockKind.ITEM, 20, 20), (BlockKind.ITEM, 21, 21), (BlockKind.CODE, 23, 27),
    ]  # fmt: skip
    loaded = load_text(".md", text, 1)
    assert loaded.title == "Fix it now"
    assert loaded.blocks[-1].language == "python"


def test_restructured_text() -> None:
    text = (
        "=====\nTitle\n=====\n\nText::\n\n    ls\n\n1. One\n   more\n\nPart\n----\n\n"
        ".. code-block:: bash\n\n   df -h\n\n+---+\n| a |\n+---+\n"
    )
    assert kinds(".rst", text) == [
        (BlockKind.HEADING, 1, 3), (BlockKind.PARAGRAPH, 5, 5), (BlockKind.CODE, 7, 7),
        (BlockKind.STEP, 9, 10), (BlockKind.HEADING, 12, 13), (BlockKind.CODE, 15, 17),
        (BlockKind.TABLE, 19, 21),
    ]  # fmt: skip
    loaded = load_text(".rst", text, 1)
    assert loaded.title == "Title"
    assert [b.level for b in loaded.blocks if b.kind is BlockKind.HEADING] == [1, 2]


def test_asciidoc() -> None:
    text = (
        "= Title\n\nText\n\n== Part\n\n. One\n+\n[source,sh]\n----\nls\n\ndf\n----\n. Two\n\n"
        "|===\n| a\n|===\n\n* item\n"
    )
    assert kinds(".adoc", text) == [
        (BlockKind.HEADING, 1, 1), (BlockKind.PARAGRAPH, 3, 3), (BlockKind.HEADING, 5, 5),
        (BlockKind.STEP, 7, 14), (BlockKind.STEP, 15, 15), (BlockKind.TABLE, 17, 19),
        (BlockKind.ITEM, 21, 21),
    ]  # fmt: skip


def test_html_shows_what_a_reader_sees() -> None:
    text = (
        "<html><head><title>Page</title><style>x{}</style></head>\n<body><nav>menu</nav>\n"
        "<h2>Fix</h2>\n<p>Do <b>this</b></p>\n<!-- secret -->\n<ol start='3'><li>One</li>\n"
        "<li>Two <pre>ls\ndf</pre></li></ol>\n<pre class='language-sh'>uptime\n</pre>\n"
        "<table><tr><th>a</th><td>b</td></tr></table><script>evil()</script>\n"
        "<div hidden>no</div><div>loose</div></body></html>"
    )
    blocks = load_text(".html", text, 1).blocks
    assert [(b.kind, b.text) for b in blocks] == [
        (BlockKind.HEADING, "Page"), (BlockKind.HEADING, "Fix"), (BlockKind.PARAGRAPH, "Do this"),
        (BlockKind.STEP, "3. One"), (BlockKind.STEP, "4. Two\nls\ndf"), (BlockKind.CODE, "uptime"),
        (BlockKind.TABLE, "a | b"), (BlockKind.PARAGRAPH, "loose"),
    ]  # fmt: skip
    assert [b.lines.first for b in blocks][1:4] == [3, 4, 6]
    assert blocks[5].language == "sh"


@pytest.mark.parametrize(
    "text", ["<body><p>Fix it.</p>\n<svg><title>Menu</title></svg>", "Fix it.\n<title>Menu"]
)
def test_only_the_head_of_a_page_names_it(text: str) -> None:
    blocks = load_text(".html", text, 1).blocks
    assert {b.kind for b in blocks} == {BlockKind.PARAGRAPH}
    assert blocks[0].text == "Fix it."


@pytest.mark.parametrize("tags", ["<div>", "<ul><li>", "<table><tr><td>"])
def test_deep_html_is_read_up_to_a_depth_that_is_named(tags: str) -> None:
    assert "x" in load_text(".html", tags * 500 + "x", 1).blocks[-1].text
    with pytest.raises(QuarantineError, match="more than 2048 levels deep"):
        load_text(".html", tags * 3000 + "x", 1)


@pytest.mark.parametrize(
    "unit",
    ["<a ", "<p>a", "<li>x", "a<!---->", "<table><tr><td>x</table>", "<td>", "&amp;", "<b><i></b>"],
)
def test_time_grows_linearly_with_html_of_any_kind(unit: str) -> None:
    def read(text: str) -> object:
        return load_text(".html", text, 1)

    assert superlinear(read, lambda length: unit * (length // len(unit))) is None


def test_a_table_within_a_table_is_read_once() -> None:
    text = "<table><tr><td>a<table><tr><td>b</td></tr></table></td><td>c</td></tr></table>"
    [block] = load_text(".html", text, 1).blocks
    assert block.text == "a b | c"


def notebook(*cells: dict[str, object]) -> bytes:
    whole = {
        "nbformat": 4, "nbformat_minor": 5, "cells": list(cells),
        "metadata": {"kernelspec": {"name": "b", "display_name": "b", "language": "bash"}},
    }  # fmt: skip
    return json.dumps(whole, indent=1).encode()


@pytest.mark.parametrize("number", ["²", "9" * 5000, "", "x", "٣"])
def test_what_is_no_number_of_a_step_does_not_count(number: str) -> None:
    loaded = load_text(
        ".html", f"<ol start='{number}'><li value='{number}'>a</li><li>b</li></ol>", 1
    )
    assert [block.text for block in loaded.blocks] == ["1. a", "2. b"]


def test_a_malformed_declaration_hides_nothing() -> None:
    blocks = load_text(".html", "<p>a</p><![ ]]><p>b</p>", 1).blocks
    assert [block.text for block in blocks if block.text in ("a", "b")] == ["a", "b"]


def test_a_notebook_gives_its_sources_and_no_outputs() -> None:
    data = notebook(
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Head\n", "\n", "Text"]},
        {
            "cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1,
            "source": ["df -h"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["private rows"]}],
        },
    )  # fmt: skip
    loaded = load_binary(".ipynb", data)
    assert loaded.title == "Head"
    assert [(b.kind, b.text) for b in loaded.blocks][1:] == [
        (BlockKind.PARAGRAPH, "Text"), (BlockKind.CODE, "df -h"),
    ]  # fmt: skip
    lines = data.decode().split("\n")
    for block in loaded.blocks:
        assert block.text in lines[block.lines.first - 1]


@pytest.mark.parametrize("kernel", [None, [], "python", {"language": None}])
def test_a_notebook_need_not_name_its_language(kernel: object) -> None:
    cell = {"cell_type": "code", "source": "x", "metadata": {}, "outputs": []}
    fields = {"nbformat": 4, "nbformat_minor": 4, "cells": [{**cell, "execution_count": None}]}
    notebook = json.dumps({**fields, "metadata": {"kernelspec": kernel}}).encode()
    [block] = load_binary(".ipynb", notebook).blocks
    assert (block.text, block.language) == ("x", "")


def test_a_broken_notebook_is_reported_with_its_line() -> None:
    with pytest.raises(QuarantineError) as caught:
        load_binary(".ipynb", b'{\n"cells": [\n}')
    assert caught.value.line == 3


def test_a_word_document_by_its_styles() -> None:
    docx = pytest.importorskip("docx")
    written = docx.Document()
    written.add_heading("Fix it", 1)
    written.add_paragraph("Text")
    written.add_paragraph("One", style="List Number")
    written.add_paragraph("Two", style="List Number")
    table = written.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "a", "b"
    out = io.BytesIO()
    written.save(out)
    loaded = load_binary(".docx", out.getvalue())
    assert loaded.title == "Fix it"
    assert [(b.kind, b.text, b.lines.first) for b in loaded.blocks] == [
        (BlockKind.HEADING, "Fix it", 1), (BlockKind.PARAGRAPH, "Text", 2),
        (BlockKind.STEP, "1. One", 3), (BlockKind.STEP, "2. Two", 4), (BlockKind.TABLE, "a | b", 5),
    ]  # fmt: skip


def test_a_word_document_that_is_damaged_is_refused() -> None:
    docx = pytest.importorskip("docx")
    out = io.BytesIO()
    docx.Document().save(out)
    whole = out.getvalue()
    with pytest.raises(QuarantineError, match="not a readable DOCX"):
        load_binary(".docx", repacked(whole, "word/document.xml", lambda data: data[:200]))
    at = whole.index(b"word/document.xml") + 40
    with pytest.raises(QuarantineError, match="not a readable DOCX"):
        load_binary(".docx", whole[:at] + b"\xff" * 30 + whole[at + 30 :])


def test_a_word_document_whose_styles_have_no_names_is_read() -> None:
    docx = pytest.importorskip("docx")
    written, out = docx.Document(), io.BytesIO()
    written.add_paragraph("Text")
    written.save(out)
    nameless = repacked(
        out.getvalue(), "word/styles.xml", lambda data: re.sub(rb"<w:name [^>]*/>", b"", data)
    )
    assert [block.text for block in load_binary(".docx", nameless).blocks] == ["Text"]


def repacked(archive: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same archive with one of its files changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.namelist():
            data = old.read(entry)
            new.writestr(entry, change(data) if entry == name else data)
    return out.getvalue()


def test_a_word_document_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    docx = pytest.importorskip("docx")
    out = io.BytesIO()
    docx.Document().save(out)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/bomb.bin", bytes(70 * 1024 * 1024))
    assert len(out.getvalue()) < 200_000
    with pytest.raises(QuarantineError, match="over the limits of 64 MiB"):
        load_binary(".docx", out.getvalue())


def test_cells_of_a_word_table_are_read_once_with_the_tables_in_them() -> None:
    docx = pytest.importorskip("docx")
    written, out = docx.Document(), io.BytesIO()
    outer = written.add_table(1, 2)
    outer.cell(0, 0).text = "a"
    outer.cell(0, 0).add_table(1, 1).cell(0, 0).text = "b"
    outer.cell(0, 1).text = "c"
    written.save(out)
    [block] = load_binary(".docx", out.getvalue()).blocks
    assert block.text == "a b | c"


def test_a_pdf_without_text_says_so() -> None:
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(QuarantineError, match="OCR"):
        load_binary(".pdf", out.getvalue())


def test_words_that_a_pdf_divides_at_the_end_of_a_line_are_joined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pypdf = pytest.importorskip("pypdf")
    text = "The moni-\ntoring is down, see node-\n3 and read-\n\nThe end."
    monkeypatch.setattr(pypdf.PageObject, "extract_text", lambda _: text)
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    read = "\n\n".join(block.text for block in load_binary(".pdf", out.getvalue()).blocks)
    assert "The monitoring\nis down, see node-\n3 and read-" in read


def test_what_is_wrong_with_a_pdf_is_reported_by_its_quarantine_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("pypdf")
    with pytest.raises(QuarantineError):
        load_binary(".pdf", b"no pdf at all " * 100)
    assert caplog.records == []


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".ipynb"])
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=200))
def test_rubbish_is_refused(suffix: str, data: bytes) -> None:
    with pytest.raises(QuarantineError):
        load_binary(suffix, data)


def test_an_unknown_suffix_is_an_error() -> None:
    with pytest.raises(ConfigurationError):
        load_text(".exe", "x", 1)


@pytest.mark.parametrize("suffix", [*LINE_FORMATS, ".html"])
@pytest.mark.parametrize("text", ["x" * 3_000_000, ">" * 50_000, "[" * 50_000, "- " * 20_000])
def test_hostile_text_takes_no_more_than_seconds(suffix: str, text: str) -> None:
    assert load_text(suffix, text, 1).blocks
