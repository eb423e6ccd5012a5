"""What each format says of the blocks inside a block: bodies, code, steps and admonitions."""

from __future__ import annotations

from ingest.formats import load_text
from ingest.reading.blocks import BlockKind
from rag.text.blocks import BlockText


def blocks_of(suffix: str, text: str) -> list[tuple[str, int, str]]:
    """Kind, depth of nesting and body of each block of a text."""
    found = []
    for block in load_text(suffix, text, 1).blocks:
        inside = BlockText(block.text, block.tree)
        for index, part in enumerate(inside.blocks):
            depth = len(list(inside.above(index)))
            kind = f"{part.kind}:{part.language or part.admonition or part.number or ''}"
            found.append((kind.rstrip(":"), depth, inside.body(index)))
    return found


def test_restructured_text() -> None:
    text = (
        "Title\n=====\n\n.. warning:: Never in office hours.\n\n   It drops the table.\n\n"
        "1. Look::\n\n      kubectl get pods\n\n   .. code-block:: bash\n      :name: x\n\n"
        "      df -h\n\n2. Stop.\n\n.. note::\n   Short.\n\n.. a comment\n"
    )
    assert blocks_of(".rst", text) == [
        ("heading", 0, "Title"),
        ("admonition:warning", 0, "Never in office hours.\n\n   It drops the table."),
        ("paragraph:warning", 1, "Never in office hours."),
        ("paragraph:warning", 1, "   It drops the table."),
        (
            "step:1",
            0,
            "Look::\n\n      kubectl get pods\n\n   .. code-block:: bash\n      :name: x\n\n"
            "      df -h",
        ),
        ("paragraph", 1, "Look::"),
        ("code", 1, "      kubectl get pods"),
        ("code:bash", 1, "      df -h"),
        ("step:2", 0, "Stop."),
        ("paragraph", 1, "Stop."),
        ("admonition:note", 0, "   Short."),
        ("paragraph:note", 1, "   Short."),
        ("other", 0, ".. a comment"),
    ]


def test_asciidoc() -> None:
    text = (
        "== Fix\n\nWARNING: It drops the table.\n\n. Look\n+\n[source,bash]\n----\nls\n"
        "----\n. Stop\n\n[CAUTION]\n====\nNever.\n\n----\nrm x\n----\n====\n\nDone.\n"
        "\n|===\n| a\n|===\n"
    )
    assert blocks_of(".adoc", text) == [
        ("heading", 0, "Fix"),
        ("admonition:warning", 0, "It drops the table."),
        ("step", 0, "Look\n+\n[source,bash]\n----\nls\n----"),
        ("paragraph", 1, "Look"),
        ("other", 1, "+"),
        ("code:bash", 1, "ls"),
        ("step", 0, "Stop"),
        ("paragraph", 1, "Stop"),
        ("admonition:caution", 0, "Never.\n\n----\nrm x\n----"),
        ("paragraph:caution", 1, "Never."),
        ("code:caution", 1, "rm x"),
        ("paragraph", 0, "Done."),
        ("table", 0, "| a"),
    ]


def test_plain_text() -> None:
    text = "Fix\n===\n\n1. Look:\n\n         df -h\n\n    - deeper\n\n```sh\nls\n```\n"
    assert blocks_of(".txt", text) == [
        ("heading", 0, "Fix"),
        ("step:1", 0, "Look:\n\n         df -h\n\n    - deeper"),
        ("paragraph", 1, "Look:"),
        ("code", 1, "         df -h"),
        ("item", 1, "deeper"),
        ("paragraph", 2, "deeper"),
        ("code:sh", 0, "ls"),
    ]


def test_html() -> None:
    text = (
        "<ol start='3'><li>One</li><li>Run <pre class='language-sh'>ls -l\ndf</pre> and "
        "wait</li></ol><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    )
    assert blocks_of(".html", text) == [
        ("step:3", 0, "One"),
        ("paragraph", 1, "One"),
        ("step:4", 0, "Run\nls -l\ndf\nand wait"),
        ("paragraph", 1, "Run"),
        ("code:sh", 1, "ls -l\ndf"),
        ("paragraph", 1, "and wait"),
        ("table", 0, "1 | 2"),
    ]


def test_items_nested_without_end_are_read() -> None:
    for suffix, mark in ((".txt", "- "), (".rst", "- "), (".adoc", "* "), (".md", "- ")):
        [block] = load_text(suffix, mark * 5000 + "x", 1).blocks
        assert block.text.endswith("x")
        assert len(block.tree) < 60


def test_code_is_without_the_indent_of_what_it_stands_in() -> None:
    rst = "1. Look::\n\n      a:\n        - b\n\n   .. code-block:: yaml\n\n      c:\n        d\n"
    adoc = "* Look\n+\n----\n  a:\n    b\n----\n"
    txt = "1. Look:\n\n        a:\n          b\n"
    md = "1. Look:\n\n   ```yaml\n     a:\n       b\n   ```\n\n   > ~~~\n   >   c:\n   > ~~~\n"
    codes = {
        suffix: [
            BlockText(block.text, block.tree).code(index)
            for block in load_text(suffix, text, 1).blocks
            for index, part in enumerate(block.tree)
            if part.kind is BlockKind.CODE
        ]
        for suffix, text in {".rst": rst, ".adoc": adoc, ".txt": txt, ".md": md}.items()
    }
    assert codes == {
        ".rst": ["a:\n  - b", "c:\n  d"],
        ".adoc": ["  a:\n    b"],
        ".txt": ["a:\n  b"],
        ".md": ["  a:\n    b", "  c:"],
    }


def test_a_redirection_in_an_indented_admonition_is_no_mark_of_a_quote() -> None:
    text = ".. note::\n\n   .. code-block:: sh\n\n      ls > b\n"
    [block] = load_text(".rst", text, 1).blocks
    assert BlockText(block.text, block.tree).code(1) == "ls > b"
