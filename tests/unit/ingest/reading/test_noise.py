"""What is no text of a document stays out of its chunks, in every dialect."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.chunking.chunker import Chunker
from ingest.reading.decode import decode_any
from ingest.reading.parse import Reading, read_document
from ingest.sources.walk import walk
from rag.domain.documents import BlockKind
from rag.errors import QuarantineError
from tests.fakes import HashingEmbedder


def reading_of(path: str, data: str | bytes) -> Reading:
    raw = data.encode() if isinstance(data, str) else data
    return read_document("s", path, raw, Chunker(HashingEmbedder().count_tokens))


def text_of(path: str, data: str) -> str:
    return "\n".join(chunk.text for chunk in reading_of(path, data).chunks)


IMAGE = "data:image/png;base64," + "iVBORw0KGgo" * 20_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.md", f"# Gateway\n\n![]({IMAGE})\n\n## Fix\n\nDrain it.\n"),
        ("a.md", f"# Gateway\n\n![][image1]\n\n## Fix\n\nDrain it.\n\n[image1]: <{IMAGE}>\n"),
        ("a.md", f'# Gateway\n\n<img src="{IMAGE}">\n\n## Fix\n\nDrain it.\n'),
        ("a.html", f"<h1>Gateway</h1><img src='{IMAGE}'><h2>Fix</h2><p>Drain it.</p>"),
        ("a.rst", f"Gateway\n=======\n\n.. image:: {IMAGE}\n\nFix\n---\n\nDrain it.\n"),
        ("a.adoc", f"= Gateway\n\nimage::{IMAGE}[]\n\n== Fix\n\nDrain it.\n"),
    ],
)
def test_an_embedded_image_is_not_text(path: str, text: str) -> None:
    read = reading_of(path, text)
    assert read.metadata.title == "Gateway"
    assert len(read.chunks) == 1
    assert "iVBOR" not in read.chunks[0].text
    assert "Drain it." in read.chunks[0].text


@pytest.mark.parametrize(
    ("path", "noise"),
    [
        ("a.md", "<!-- Copyright: licence text -->"),
        ("a.md", "{{< toc >}}"),
        ("a.md", '{% include nav.html title="x" %}'),
        ("a.mdx", "import Tabs from '@theme/Tabs';\nimport X from \"y\";"),
        ("a.mdx", "export const meta = {title: 'x'}"),
        ("a.mdx", "<Tabs>"),
        ("a.mdx", '<TabItem value="a"\n  label="b">\n</TabItem>'),
        ("a.md", "[[_TOC_]]"),
        ("a.md", "[TOC]"),
        ("a.md", "**Table of Contents**\n\n[[_TOC_]]"),
        ("a.md", "{: .subtitle }"),
        ("a.md", "---"),
        ("a.adoc", "// a comment"),
        ("a.adoc", "include::part.adoc[]"),
        ("a.rst", ".. a comment"),
        ("a.rst", ".. toctree::\n   :maxdepth: 2\n\n   one\n   two"),
    ],
)
def test_tags_comments_and_imports_are_left_out(path: str, noise: str) -> None:
    assert text_of(path, f"Restart it.\n\n{noise}\n\nWait.\n").split() == [
        "Restart",
        "it.",
        "Wait.",
    ]


def test_an_address_alone_is_text() -> None:
    assert "<https://wiki.example.org/a>" in text_of(
        "a.md", "See\n\n<https://wiki.example.org/a>\n"
    )


def test_a_heading_in_the_code_of_a_tab_is_code() -> None:
    read = reading_of(
        "a.mdx", "# Users\n\nAll:\n\n<Tabs>\n```bash\n# list them\nls\n```\n</Tabs>\n"
    )
    assert read.metadata.title == "Users"
    assert "list them" not in {heading for chunk in read.chunks for heading in chunk.section}
    assert [command.text for chunk in read.chunks for command in chunk.commands] == ["ls"]


def test_a_bibliography_of_link_definitions_is_left_out_and_single_ones_stay() -> None:
    few = "See [one].\n\n[one]: https://a.example\n[two]: https://b.example"
    assert text_of("a.md", f"# Relay\n\n{few}\n") == f"# Relay\n\n{few}"
    many = "\n".join(f"[{number}]: https://a.example/{number}" for number in range(5))
    assert text_of("a.md", f"# Relay\n\nSee [1].\n\n{many}\n") == "# Relay\n\nSee [1]."


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{{< note >}}Wait.{{< /note >}}", "**Note:** Wait."),
        ("{{< warning >}}\nWait.\n{{< /warning >}}", "**Warning:**\nWait."),
        (
            '{{% alert title="Token" color="warning" %}}\nWait.\n{{% /alert %}}',
            "**Warning: Token**\nWait.",
        ),
        ('{% hint style="danger" %}\nWait.\n{% endhint %}', "**Danger:**\nWait."),
        ("<Warning>\n\nWait.\n\n</Warning>", "**Warning:**\n\nWait."),
        ("> [!WARNING]\n> Wait.", "> [!WARNING]\n> Wait."),
    ],
)
def test_an_admonition_has_a_label_in_place_of_its_tags(written: str, read: str) -> None:
    assert text_of("a.md", f"# Relay\n\n{written}\n") == f"# Relay\n\n{read}"
    chunks = reading_of("a.md", f"# Relay\n\n{written}\n").chunks
    [block] = [block for block in chunks[0].blocks if block.kind is BlockKind.ADMONITION]
    assert chunks[0].text[block.body_start : block.body_end].strip("\n> ") == "Wait."


def test_lines_stay_where_they_are_behind_a_tag_over_several_lines() -> None:
    text = '<Callout\n  type="warning"\n>\n\n```sh\nkubectl delete pod a\n```\n\n</Callout>\n'
    [command] = reading_of("a.mdx", text).chunks[0].commands
    assert command.line == 6


def test_a_link_that_a_site_fills_in_leads_to_its_file() -> None:
    written = (
        "See [a]({{ site.baseurl }}{% link docs/a.md %}#x) and "
        '[b]({{< ref "b.md" >}}), not `{% link c.md %}`.'
    )
    read = "See [a](docs/a.md#x) and [b](b.md), not `{% link c.md %}`."
    assert text_of("a.md", f"# Relay\n\n{written}\n") == f"# Relay\n\n{read}"


def test_a_tag_between_steps_is_left_out() -> None:
    read = text_of("a.md", "1. Open it\n{% asset open.png alt='x' %}\n2. Close it\n")
    assert read.split("\n") == ["1. Open it", "", "2. Close it"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('<a name="port"></a>The port', "The port"),
        ('<a id="port" href="#port">`port` of it</a> is open', "`port` of it is open"),
        ("Ask twice. <!-- TODO: why --> Then go.", "Ask twice.  Then go."),
        ('`<a id="x"></a>` and `<!-- x -->`', '`<a id="x"></a>` and `<!-- x -->`'),
        ('See <a href="b.md">the other page</a>.', 'See <a href="b.md">the other page</a>.'),
    ],
)
def test_anchors_and_comments_are_left_out_of_prose_and_nothing_else_is(
    written: str, read: str
) -> None:
    assert text_of("a.md", f"# Relay\n\n{written}\n") == f"# Relay\n\n{read}"
    table = f"# Relay\n\n| what | how |\n| --- | --- |\n| {written} | 9090 |\n"
    assert f"| {read} | 9090 |" in text_of("a.md", table)


def test_the_anchor_of_a_heading_is_not_its_text() -> None:
    read = reading_of(
        "a.md", "# Drain a node {#drain-a-node}\n\n## Undo {#undo}\n\n`{#x}` stays.\n"
    )
    assert read.metadata.title == "Drain a node"
    assert "{#undo}" not in read.chunks[0].text
    assert "`{#x}` stays." in read.chunks[0].text


def test_a_merge_conflict_is_noted_and_its_markers_are_left_out() -> None:
    text = "# A\n\n<<<<<<< HEAD\nWait 5 minutes.\n=======\nWait 9 minutes.\n>>>>>>> main\n"
    read = reading_of("a.md", text)
    assert [(note.line, "merge conflict" in note.text) for note in read.notes] == [(3, True)]
    assert "<<<" not in read.chunks[0].text
    assert "===" not in read.chunks[0].text
    assert "Wait 9 minutes." in read.chunks[0].text


@pytest.mark.parametrize("path", ["a.md", "a.txt", "a.pdf", "a.docx", "a.ipynb"])
def test_a_git_lfs_pointer_is_no_document(path: str) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    with pytest.raises(QuarantineError, match="git lfs pull"):
        reading_of(path, pointer)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('<h1 align="center">Queue is stuck</h1>\n\nText.\n', "Queue is stuck"),
        ('<h1 align="center">Queue</h1>\n<p><img src="a.png"></p>\n\n## Fix\n', "Queue"),
        ("## Symptoms\n\nYellow.\n", "Symptoms"),
        ("Text.\n\n## Symptoms\n\n# Queue\n", "Queue"),
        ("Queue\n=====\n\nText.\n", "Queue"),
        ("Text.\n", "mail queue"),
    ],
)
def test_the_title_is_the_first_heading_else_the_name_of_the_file(text: str, title: str) -> None:
    assert reading_of("ops/mail-queue.md", text).metadata.title == title


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "shift_jis"])
def test_another_encoding_is_detected_and_noted(encoding: str) -> None:
    written = {
        "cp1252": "# Störung der Anlage\n\nDie Maschine prüfen und später neu starten.\n",
        "cp1251": "# Сбой очереди\n\nПроверьте состояние очереди и перезапустите сервер.\n",  # noqa: RUF001
        "shift_jis": "# サーバーの障害\n\nキューの状態を確認してから、サーバーを再起動します。\n",
    }[encoding]
    read = reading_of("a.md", written.encode(encoding))
    assert read.chunks[0].text.strip() == written.strip().replace("\n\n\n", "\n\n")
    assert [note.line for note in read.notes] == [1]
    assert "UTF-8" in read.notes[0].text


def test_the_declared_charset_counts() -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><h1>Łódź</h1><p>x</p></html>'
    assert "Łódź" in decode_any(page.encode("iso-8859-2")).text


def test_files_of_other_formats_are_counted(tmp_path: Path) -> None:
    for name in ("a.md", "b.org", "sub/c.org", "d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    walked = walk(tmp_path, frozenset({".md"}))
    assert walked.files == ("a.md",)
    assert walked.others == {".org": 2, ".png": 1}


def test_an_acl_in_another_encoding_counts() -> None:
    data = "---\nacl: [team:a]\ntitle: Störung\n---\n# Zähler prüfen\n".encode("cp1252")
    assert reading_of("a.md", data).own_acl == frozenset({"team:a"})


CONTENTS = "- [Symptoms](#symptoms)\n  - [Disk](#disk)\n- [Fix](#fix)\n"


@pytest.mark.parametrize(
    "contents",
    [
        CONTENTS,
        f"<!-- toc -->\n\n{CONTENTS}\n<!-- tocstop -->\n",
        f"## Table of contents\n\n{CONTENTS}",
        f"**Contents:**\n\n{CONTENTS}",
        f"**Table of Contents**  *generated with [DocToc](https://x.example)*\n\n{CONTENTS}",
        CONTENTS.replace("- ", "1. "),
    ],
)
def test_a_table_of_contents_is_left_out_with_its_title(contents: str) -> None:
    text = f"# Relay\n\n{contents}\n## Symptoms\n\nIt hangs.\n\n## Fix\n\nTurn it off.\n"
    said = text_of("a.md", text)
    assert "](#" not in said
    assert "ontents" not in said
    assert [line for line in said.split("\n") if line.strip()] == [
        "# Relay",
        "## Symptoms",
        "It hangs.",
        "## Fix",
        "Turn it off.",
    ]


def test_a_list_of_links_that_says_something_is_kept() -> None:
    for kept in (
        "See [Fix](#fix) and [Undo](#undo).",
        "- [Fix](#fix)\n- [Undo](#undo)",
        "- [Fix](#fix): turn it off\n- [Undo](#undo)\n- [Ask](#ask)",
        "There are three ways:\n\n" + CONTENTS,
        "- [Fix](fix.md)\n- [Undo](undo.md)\n- [Ask](ask.md)",
    ):
        assert kept.split("\n")[-1] in text_of("a.md", f"# Relay\n\n{kept}\n")


def test_tags_that_fold_or_lay_out_are_left_out_and_what_is_in_them_stays() -> None:
    text = (
        "# Relay\n\n<details open>\n<summary>More</summary>\n\n```sh\nls\n```\n\n</details>\n\n"
        "- Step\n\n  <details><summary>Why</summary>\n  Because.\n  </details>\n\n"
        '<div align="center">\n\nIn the middle.\n\n</div>\n'
    )
    [chunk] = reading_of("a.md", text).chunks
    assert "<" not in chunk.text
    for said in ("More", "Why", "Because.", "In the middle."):
        assert said in chunk.text
    assert [(one.line, one.text) for one in chunk.commands] == [(7, "ls")]
    at = {chunk.text[block.start : block.end]: block.kind.value for block in chunk.blocks}
    assert at["```sh\nls\n```"] == "code"
