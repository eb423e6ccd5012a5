"""The anchor that an author declares for a heading is known by the heading's title."""

from __future__ import annotations

import pytest

from ingest.chunking.chunker import Chunker
from ingest.reading.parse import read_document
from tests.fakes import HashingEmbedder


def anchors_of(path: str, text: str) -> dict[str, str]:
    return dict(
        read_document("s", path, text.encode(), Chunker(HashingEmbedder().count_tokens)).anchors
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.md", "# Relay\n\n## Drain it {#drain-now}\n\nWait.\n"),
        ("a.md", "---\ntitle: Relay\n---\n\nSo:\n\n## Drain it   {#drain-now .wide}\n\nWait.\n"),
        ("a.md", "# Relay\n\nDrain it {#drain-now}\n--------\n\nWait.\n"),
        ("a.md", '# Relay\n\n## Drain it {id="drain-now"}\n\nWait.\n'),
        ("a.mdx", "# Relay\n\n## Drain it {/*#drain-now*/}\n\nWait.\n"),
        ("a.md", '# Relay\n\n## <a name="drain-now"></a>Drain it\n\nWait.\n'),
        ("a.md", '# Relay\n\n<a id="drain-now"></a>\n\n## Drain it\n\nWait.\n'),
        ("a.md", '# Relay\n\n<h2 id="drain-now">Drain it</h2>\n\nWait.\n'),
        ("a.adoc", "= Relay\n\n[#drain-now]\n== Drain it\n\nWait.\n"),
        ("a.adoc", "= Relay\n\n[[drain-now]]\n[.wide]\n== Drain it\n\nWait.\n"),
        ("a.rst", "Relay\n=====\n\n.. _Drain_now:\n\nDrain it\n--------\n\nWait.\n"),
        ("a.html", '<h1>Relay</h1>\n<h2 id="drain-now">Drain it</h2>\n<p>Wait.</p>'),
    ],
)
def test_a_declared_anchor_is_found_in_each_format(path: str, text: str) -> None:
    assert anchors_of(path, text) == {"Drain it": "drain-now"}


@pytest.mark.parametrize(
    "text",
    [
        "# Relay\n\n## Drain it\n\nWait {#now}.\n",
        "# Relay\n\n```md\n## Drain it {#now}\n```\n\n## Wait\n\nSo.\n",
        '# Relay\n\n<a id="now"></a>\n\nA paragraph.\n\n## Drain it\n\nWait.\n',
        "# Relay\n\n## Drain `{#now}` it\n\nWait.\n",
    ],
)
def test_what_belongs_to_no_heading_is_none(text: str) -> None:
    assert anchors_of("a.md", text) == {}


def test_of_two_headings_with_one_title_the_first_counts() -> None:
    text = "# Relay\n\n## Drain {#one}\n\nWait.\n\n## Drain {#two}\n\nWait.\n"
    assert anchors_of("a.md", text) == {"Drain": "one"}


def test_a_secret_in_an_anchor_is_taken_out() -> None:
    secret = "AKIA" + "Q3WVNU7ZKWTRBD5Y"
    text = f"# Relay\n\nThe key is {secret}.\n\n## Drain {{#{secret}}}\n\nWait.\n"
    assert secret not in str(anchors_of("a.md", text))
