"""Front matter: what is known is read, what is wrong is told, access is never passed over."""

from __future__ import annotations

import contextlib
import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading.front_matter import Fields, own_acl, parse_front_matter, read_text
from rag.domain.documents import Kind
from rag.errors import QuarantineError

WHOLE = """\
---
title: Checkout API returns 5xx after a deploy
kind: runbook
service: checkout-api
owner: team-payments
severity: [sev1, sev2]
alerts:
  - CheckoutHighErrorRate
tags: [rollback, 2026, on]
acl: [team:payments, role:sre]
last_reviewed: 2026-09-14
review_every: 90d
supersedes: old/checkout-5xx.md
weight: 20
---
# Body
"""


def test_every_known_key_is_read() -> None:
    front = parse_front_matter(WHOLE)
    assert front.body == "# Body\n"
    assert front.body_first_line == 16
    assert front.fields == Fields(
        title="Checkout API returns 5xx after a deploy",
        kind=Kind.RUNBOOK,
        service=("checkout-api",),
        owner="team-payments",
        severity=("sev1", "sev2"),
        alerts=("CheckoutHighErrorRate",),
        tags=("rollback", "2026", "on"),
        acl=frozenset({"team:payments", "role:sre"}),
        last_reviewed=date(2026, 9, 14),
        review_every=timedelta(days=90),
        supersedes="old/checkout-5xx.md",
    )


@pytest.mark.parametrize(
    ("written", "line", "reason"),
    [
        ("acl: {team: a}", 2, "list of ACL tags"),
        ("acl: [team a]", 2, "not an ACL tag"),
        ("acl: [[team:a]]", 2, "ACL tag must be text"),
        ("title: a\nACL: [team:a]", 3, "looks like `acl`"),
        ("title: a\nacls: [team:a]", 3, "looks like `acl`"),
        ("\uff41\uff43\uff4c: [team:a]", 2, "looks like `acl`"),
        ("acl: [team:a]\nacl: [public]", 3, "given twice"),
        ("title: 'a\nacl: [team:a]", 2, "not valid YAML"),
        ("a: &x [team:a]\nacl: *x", 2, "anchors and aliases"),
        ("title: x: y\n<<: {acl: [team:a]}", 2, "not valid YAML"),
        ('title: x: y\n"\\u0061cl": [team:a]', 2, "not valid YAML"),
        ("title: x: y\na.c.l: [team:a]", 2, "not valid YAML"),
        ("- acl: [team:a]\n- b", 2, "key: value"),
        ("a: " + "x" * 70_000, 2, "larger than"),
    ],
)
def test_an_acl_that_cannot_be_read_is_refused_with_its_line(
    written: str, line: int, reason: str
) -> None:
    text = f"---\n{written}\n---\n# Body\n"
    for read in (parse_front_matter, own_acl):
        with pytest.raises(QuarantineError, match=reason.replace("[", r"\[")) as caught:
            read(text)
        if "YAML" not in reason:
            assert caught.value.line == line


@pytest.mark.parametrize(
    ("written", "line", "note"),
    [
        ("title: {a: b}", 2, "title was left out: expected text"),
        ("title: a\nkind: recipe", 3, "kind was left out: expected one of runbook, postmortem"),
        ("kind: Documentation", 2, "kind was left out"),
        ("last_reviewed: yesterday", 2, "last_reviewed was left out: expected a date like 2026-"),
        ("last_reviewed: 2026-13-40", 2, "expected a date"),
        ("review_every: soon", 2, "expected a period like 90d"),
        ("review_every: 0d", 2, "expected a period like 90d"),
        ("url: /runbooks/a/", 2, "url was left out: expected a link"),
        ("url: javascript:alert(1)", 2, "expected a link"),
        ("service: {name: mail, tier: 2}", 2, "service was left out: expected text or a list"),
        ("a: &x [1]\nb: *x", 2, "'a' was left out: front matter: anchors and aliases"),
        ("a: !!python/object:os.system x", 2, "'a' was left out"),
        ("a: " + "[" * 30 + "]" * 30, 2, "nested too deeply"),
        ("title: {{ page_title }}", 2, "'title' was left out"),
        ("tags: [a]\ntags: [b]", 3, "'tags' is given twice; the first counts"),
    ],
)
def test_what_is_foreign_is_dropped_with_a_note(written: str, line: int, note: str) -> None:
    front = parse_front_matter(f"---\n{written}\n---\n# Body\n")
    assert front.body == "# Body\n"
    assert [(one.line, note in one.text) for one in front.notes][:1] == [(line, True)]


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ("owner: [team-core, team-infra]", "owner", "team-core, team-infra"),
        ("kind: Runbook", "kind", Kind.RUNBOOK),
        ("kind: Post-Mortem", "kind", Kind.POSTMORTEM),
        ("last_reviewed: 2024/03/05", "last_reviewed", date(2024, 3, 5)),
        ("last_reviewed: 5 March 2024", "last_reviewed", date(2024, 3, 5)),
        ("last_reviewed: Mar 5, 2024", "last_reviewed", date(2024, 3, 5)),
        ("last_reviewed: 2024-03-05T10:00:00Z", "last_reviewed", date(2024, 3, 5)),
        ("review_every: 6 months", "review_every", timedelta(days=180)),
        ("review_every: quarterly", "review_every", timedelta(days=90)),
        ("review_every: P1Y", "review_every", timedelta(days=365)),
        ("title: Error: disk full on node", "title", "Error: disk full on node"),
        ("title: x\ntags:\n\t- dns", "tags", ("dns",)),
        ("tags: [a]\nauthors: &a [kim]\nreviewers: *a", "tags", ("a",)),
        ("weight: 1\nweight: 2\ntags: [a]", "tags", ("a",)),
    ],
)
def test_what_is_foreign_is_taken_where_its_meaning_is_plain(
    written: str, field: str, value: object
) -> None:
    front = parse_front_matter(f"---\n{written}\n---\n# Body\n")
    assert getattr(front.fields, field) == value
    assert front.body == "# Body\n"


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".md", "+++\nacl = ['team:a', 'role:b']\ntitle = 'x'\n+++\n# Secret\n"),
        (".md", '{\n  "acl": ["team:a", "role:b"]\n}\n# Secret\n'),
        (".md", ';;;\n"acl": ["team:a", "role:b"]\n;;;\n# Secret\n'),
        (".adoc", "= Secret\nKim Doe <kim@example.org>\n:toc:\n:acl: team:a, role:b\n\nText.\n"),
        (".adoc", ":acl: [team:a, role:b]\n\n= Secret\n"),
        (".rst", ":acl: team:a, role:b\n\nSecret\n======\n"),
        (".rst", "Secret\n======\n\n:Author: Kim\n:acl: team:a, role:b\n\nText.\n"),
        (".html", '<html><head><meta name="acl" content="team:a, role:b"></head>x</html>'),
        (".html", "<meta content='team:a,role:b' name=acl><h1>Secret</h1>"),
    ],
)
def test_an_acl_counts_in_the_metadata_of_every_format(suffix: str, text: str) -> None:
    readers = frozenset({"team:a", "role:b"})
    assert read_text(suffix, text)[0].fields.acl == readers
    assert own_acl(text, suffix) == readers


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".md", "+++\nacl = ['team:a'\n+++\n# Secret\n"),
        (".md", ';;;\n"acl": ["team:a"], "acl": ["public"]\n;;;\n# Secret\n'),
        (".md", '{\n  "acl": {"team": "a"}\n}\n# Secret\n'),
        (".md", "<!-- acl: [team:a] -->\n# Secret\n"),
        (".md", "[//]: # (acl: team:a)\n\n# Secret\n"),
        (".mdx", "{/* acl: team:a */}\n\n# Secret\n"),
        (".adoc", "= Secret\n:acl: team a\n\nText.\n"),
        (".adoc", "= Secret\n:acls: team:a\n\nText.\n"),
        (".adoc", "= Secret\n\nText.\n\n:acl: team:a\n"),
        (".adoc", "// acl: team:a\n= Secret\n"),
        (".rst", ".. acl: team:a\n\nSecret\n======\n"),
        (".rst", "Secret\n======\n\nText.\n\n:acl: team:a\n"),
        (".html", "<!-- acl: team:a --><h1>Secret</h1>"),
        (".html", "<!--\ntitle: x\nacl: team:a\n--><h1>Secret</h1>"),
        (".html", '<meta name="acl" content="team a"><h1>Secret</h1>'),
        (".html", '<meta name="acl" content="team:a"><meta name="acl" content="public">'),
        (".html", "<p>acl: team:a</p>"),
    ],
)
def test_an_acl_that_does_not_count_is_refused_in_every_format(suffix: str, text: str) -> None:
    with pytest.raises(QuarantineError):
        read_text(suffix, text)


_EXAMPLES = {
    "fence": (".md", "# B\n\n```hcl\nacl = \"private\"\n```\n"),
    "fence in a list": (".md", "# B\n\n1. So:\n\n    ```hcl\n      acl = \"private\"\n    ```\n"),
    "fence in a fence": (".md", "# B\n\n````md\n```yaml\n---\nacl: [team:a]\n---\n```\n````\n"),
    "tildes": (".md", "# B\n\n~~~\nacl: [team:a]\n~~~\n"),
    "indented": (".md", "# B\n\nSo:\n\n    acl: [team:a]\n"),
    "MkDocs tab": (".md", '# B\n\n=== "a"\n\n    ```yaml\n    acl: [team:a]\n    ```\n'),
    "pre in Markdown": (".md", "# B\n\n<pre>\nacl: [team:a]\n</pre>\n"),
    "text": (".txt", "B\n\n    acl = \"private\"\n"),
    "directive": (".rst", "B\n=\n\n.. code-block:: yaml\n\n   acl: [team:a]\n"),
    "literal block": (".rst", "B\n=\n\nSo::\n\n   acl: [team:a]\n"),
    "listing": (".adoc", "= B\n\n----\nacl = \"private\"\n----\n"),
    "listing in a step": (".adoc", "= B\n\n. So:\n+\n[source,yaml]\n----\nacl: [team:a]\n----\n"),
    "pre": (".html", "<h1>B</h1><pre><code class='language-hcl'>\nacl = private\n</code></pre>"),
    "pre in a step": (".html", "<ol><li>So:<pre>\nacl: [team:a]\n</pre></li></ol>"),
}  # fmt: skip


@pytest.mark.parametrize("place", _EXAMPLES)
def test_an_acl_in_example_code_is_none(place: str) -> None:
    suffix, text = _EXAMPLES[place]
    assert read_text(suffix, text)[0].fields.acl is None
    assert own_acl(text, suffix) is None


@pytest.mark.parametrize("empty", ["", "~", '""'])
def test_an_empty_key_is_as_good_as_none(empty: str) -> None:
    written = "".join(f"{key}: {empty}\n" for key in ("title", "kind", "owner", "service", "url"))
    assert parse_front_matter(f"---\n{written}---\n# Body\n").fields == Fields()


@pytest.mark.parametrize(
    ("written", "acl"),
    [
        ("acl:", frozenset()),
        ("acl: []", frozenset()),
        ("acl: ~", frozenset()),
        ("acl: public", frozenset({"public"})),
        ("acl: [team:a, team:b]", frozenset({"team:a", "team:b"})),
        ("title: x", None),
        ("", None),
    ],
)
def test_acl_says_somebody_nobody_or_nothing(written: str, acl: frozenset[str] | None) -> None:
    text = f"---\n{written}\n---\nbody\n"
    assert parse_front_matter(text).fields.acl == acl
    assert own_acl(text) == acl


def test_the_acl_is_read_beside_keys_that_are_wrong() -> None:
    text = "---\nkind: recipe\nacl: [team:a]\n---\nbody\n"
    assert own_acl(text) == frozenset({"team:a"})
    with pytest.raises(QuarantineError):
        own_acl("---\nkind: recipe\nacl: {no: list}\n---\nbody\n")


@pytest.mark.parametrize(
    "text",
    ["# Title\n\ntext\n", "---\n\n# A rule, then text\n", "---\njust a line\n", "a\n---\nb: c\n"],
)
def test_a_thematic_break_is_no_front_matter(text: str) -> None:
    front = parse_front_matter(text)
    assert (front.fields, front.body, front.body_first_line) == (Fields(), text, 1)


def test_front_matter_that_is_never_closed_is_refused() -> None:
    with pytest.raises(QuarantineError, match="ends with `---`"):
        read_text(".md", "---\nacl: [team:a]\n\n# Secret\n")
    assert read_text(".md", "---\ntitle: x\n\n# Page\n")[0].fields == Fields()


@pytest.mark.parametrize(
    "before", ["\n", "<!-- made by hand -->\n", "\n\n \n", "<!--\n" + "licence\n" * 15 + "-->\n"]
)
def test_an_acl_in_front_matter_that_begins_too_late_is_refused(before: str) -> None:
    with pytest.raises(QuarantineError, match="begins on line 1"):
        read_text(".md", f"{before}---\ntitle: x\nacl: [team:a]\n---\n# Secret\n")


@pytest.mark.parametrize(
    "text",
    [
        "---\n# who may read\nacl: [team:a]\n\n# Secret\n",
        '---\n"acl": [team:a]\n\n# Secret\n',
        "--- # ours\nacl: [team:a]\n---\n# Secret\n",
        "----\nacl: [team:a]\n----\n# Secret\n",
        "---yaml\nacl: [team:a]\n---\n# Secret\n",
        "\ufeff---\nacl: [team:a]\n---\n# Secret\n",
        "\u200b---\nacl: [team:a]\n---\n# Secret\n",
        "---\u00a0\nacl: [team:a]\n---\n# Secret\n",
        "acl: [team:a]\n---\n# Secret\n",
        "---\ntitle: x\n---\n---\nacl: [team:a]\n---\n# Secret\n",
        "# Secret\n\nACL: team:a\n",
        "a\u200bcl: [team:a]\n\n# Secret\n",
    ],
)
def test_an_acl_that_an_author_wrote_is_never_passed_over(text: str) -> None:
    with pytest.raises(QuarantineError):
        own_acl(text)
    with pytest.raises(QuarantineError):
        read_text(".md", text)


@pytest.mark.parametrize(
    "text",
    [
        "# HAProxy\n\n```\nacl: [team:a]\n```\n",
        "---\nacl: [team:a]\n---\n# Page\n\nacl: what it is\n",
        "# Page\n" + "text\n" * 40 + "acl: what it is\n",
    ],
)
def test_an_acl_that_is_an_example_or_far_below_is_text(text: str) -> None:
    assert read_text(".md", text)[0].body.endswith(("```\n", "what it is\n"))


def test_a_million_aliases_take_no_time() -> None:
    bomb = "a: &a [x]\nb: [" + "*a, " * 1_000_000 + "]"
    started = time.monotonic()
    with pytest.raises(QuarantineError):
        parse_front_matter(f"---\n{bomb}\n---\n")
    assert time.monotonic() - started < 5


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused_and_its_body_keeps_its_lines(text: str) -> None:
    text = text.replace("\r", "\n")
    try:
        front = parse_front_matter(text)
    except QuarantineError:
        return
    lines = text.split("\n")
    assert front.body.split("\n") == lines[front.body_first_line - 1 :] or not front.body


@given(st.text(max_size=100))
def test_any_front_matter_is_parsed_or_refused(inner: str) -> None:
    with contextlib.suppress(QuarantineError):
        assert parse_front_matter(f"---\n{inner}\n---\nbody").body.endswith("body")
