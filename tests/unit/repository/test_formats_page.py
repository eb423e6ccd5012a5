"""docs/formats.md: every line of its tables is what the product does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.chunking.chunker import Chunker
from ingest.chunking.command_lines import commands_in
from ingest.formats import SUFFIXES, UNREAD_SUFFIXES, load_text
from ingest.reading.parse import read_document
from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import BlockKind
from rag.errors import QuarantineError
from rag.text.admonitions import WARNING_KINDS
from tests.fakes import HashingEmbedder

PAGE = (Path(__file__).parents[3] / "docs/formats.md").read_text(encoding="utf-8")
DROP = "rm -rf /var/lib/relay"
CODE = f"```bash\n{DROP}\n```"
_SUFFIX = {"reStructuredText": ".rst", "AsciiDoc": ".adoc", "HTML": ".html"}


def _rows(heading: str) -> Iterator[tuple[str, str]]:
    """The first cell and each example of the second, of the table below a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    for line in section.split("\n"):
        if line.startswith("| ") and "---" not in line:
            first, second = line.strip("| ").split(" | ")[:2]
            for found in re.finditer(r"` (```.+?) `|`([^`]+)`", second):
                yield first, found[1] or found[2]


def test_every_suffix_that_is_read_is_named() -> None:
    section = PAGE.split("## Formats\n", 1)[1].split("\nFiles of other", 1)[0]
    named = {
        suffix
        for line in section.split("\n")
        if line.startswith("| `")
        for suffix in re.findall(r"`(\.\w+)`", line.split("|")[1])
    }
    assert named == SUFFIXES
    unread = set(re.findall(r"`(\.\w+)`", PAGE.split("Files of other", 1)[1].split("\n\n")[0]))
    assert unread < UNREAD_SUFFIXES


def _warning(written: str) -> tuple[str, str]:
    """The suffix and a document with a warning that is written so and holds code."""
    if written.startswith(("!!!", "???")):
        inside = CODE.replace("\n", "\n    ")
        return ".md", f"{written}\n\n    Gone:\n\n    {inside}\n"
    if written.startswith(">>>"):
        return ".md", f"{written}\n{CODE}\n>>>\n"
    if written.startswith(">"):
        return ".md", f"{written}\n> Gone:\n>\n> {CODE.replace(chr(10), chr(10) + '> ')}\n"
    if written.startswith(":::"):
        return ".md", f"{written}\n{CODE}\n:::\n"
    if written.startswith("{"):
        name = re.findall(r"\w+", written)[0]
        end = f"{{% end{name} %}}" if written.startswith("{% ") else f"{{{{< /{name} >}}}}"
        return ".md", f"{written}\n{CODE}\n{end}\n"
    if written.startswith("<div"):
        return ".html", f"{written}<pre class='language-sh'>{DROP}</pre></div>"
    if written.startswith("<"):
        return ".md", f"{written}\n\n{CODE}\n\n</{re.findall(r'[A-Za-z]+', written)[0]}>\n"
    if written.startswith(".."):
        return ".rst", f"{written}\n\n   .. code-block:: sh\n\n      {DROP}\n"
    if written.startswith("["):
        return ".adoc", f"{written}\n====\n----\n{DROP}\n----\n====\n"
    return ".md", f"{written}:\n\n{CODE}\n"


@pytest.mark.parametrize(("dialect", "written"), list(_rows("Warnings")))
def test_a_warning_holds_the_code_in_it(dialect: str, written: str) -> None:
    suffix, text = _warning(written)
    blocks = load_text(suffix, f"Before.\n\n{text}" if suffix != ".html" else text, 1).blocks
    [block] = [one for one in blocks if DROP in one.text]
    assert block.kind is BlockKind.ADMONITION, dialect
    assert block.admonition in WARNING_KINDS


def _code(place: str, written: str) -> str:
    if written.startswith("<TabItem"):
        return f"{written}\n```sh\n{DROP}\n```\n</TabItem>\n"
    if written.startswith("<"):
        return f"{written}{DROP}</pre>"
    if written.startswith(".."):
        return f"{written}\n\n   {DROP}\n"
    if written.startswith("["):
        return f"{written}\n----\n{DROP}\n----\n"
    if written.startswith("==="):
        return f"{written}\n\n    ```sh\n    {DROP}\n    ```\n"
    if written.startswith("{%"):
        return f"{written}\n{DROP}\n{{% endhighlight %}}\n"
    if written.startswith("{{"):
        return f"{written}\n{DROP}\n{{{{< /highlight >}}}}\n"
    return f"{written}\n{DROP}\n{written[:3]}\n"


@pytest.mark.parametrize(("place", "written"), list(_rows("Commands")))
def test_a_command_is_found_in_each_place(place: str, written: str) -> None:
    blocks = load_text(_SUFFIX.get(place, ".md"), _code(place, written), 1).blocks
    assert [one.text for one in commands_in(blocks, shipped_classifier())] == [DROP]


@pytest.mark.parametrize(("kind", "written"), list(_rows("What is left out")))
def test_noise_is_in_no_chunk(kind: str, written: str) -> None:
    chunker = Chunker(HashingEmbedder().count_tokens)
    suffix = ".html" if "HTML" in kind else ".mdx"
    text = f"Restart it.\n\n{written.replace('<br>', chr(10))}\n\nWait.\n"
    if kind.startswith("Git LFS"):
        with pytest.raises(QuarantineError):
            read_document("s", "a.md", f"{written}\noid sha256:0\nsize 1\n".encode(), chunker)
        return
    if kind.startswith("embedded"):
        text = text.replace(written, f"![]({written[:-1]}{'A' * 400})")  # for the ellipsis
    if kind.startswith("markers"):
        text = text.replace(written, f"{written}\nNow.\n=======\nLater.\n>>>>>>> main")
    chunks = read_document("s", f"a{suffix}", text.encode(), chunker).chunks
    shown = "\n".join(chunk.text for chunk in chunks)
    assert "Restart it." in shown
    assert "Wait." in shown
    left_out = (
        "comment AAAA toc nav import anchor HEAD menu details align (# TOC subtitle <a a.example"
    )
    for noise in left_out.split():
        assert noise not in shown
