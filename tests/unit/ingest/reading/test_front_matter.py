"""Front matter: what is known is read, what is wrong is told, access is never passed over."""

from __future__ import annotations

import contextlib
import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading.front_matter import Fields, own_acl, parse_front_matter
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
        ("title: [a, b]", 2, "title"),
        ("title: a\nkind: recipe", 3, "runbook, postmortem, note"),
        ("last_reviewed: yesterday", 2, "2026-09-14"),
        ("last_reviewed: 2026-13-40", 2, "date"),
        ("review_every: soon", 2, "90d"),
        ("review_every: 0d", 2, "90d"),
        ("acl: {team: a}", 2, "list of ACL tags"),
        ("acl: [team a]", 2, "not an ACL tag"),
        ("acl: [[team:a]]", 2, "ACL tag must be text"),
        ("title: a\nACL: [team:a]", 3, "looks like `acl`"),
        ("title: a\nacls: [team:a]", 3, "looks like `acl`"),
        ("\uff41\uff43\uff4c: [team:a]", 2, "looks like `acl`"),
        ("acl: [team:a]\nacl: [public]", 3, "given twice"),
        ("url: javascript:alert(1)", 2, "https://"),
        ("title: 'a\nacl: [team:a]", 2, "not valid YAML"),
        ("- just\n- a list", 2, "key: value"),
        ("a: &x [1]\nb: *x", 2, "anchors and aliases"),
        ("a: !!python/object:os.system x", 2, "not supported"),
        ("a: " + "[" * 30 + "]" * 30, 2, "nested too deeply"),
        ("a: " + "x" * 70_000, 2, "larger than"),
        ("? [a]\n: b", 2, "key must be text"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(written: str, line: int, reason: str) -> None:
    with pytest.raises(QuarantineError, match=reason.replace("[", r"\[")) as caught:
        parse_front_matter(f"---\n{written}\n---\n# Body\n")
    if "YAML" not in reason:
        assert caught.value.line == line


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
    with pytest.raises(QuarantineError, match="never closed"):
        parse_front_matter("---\nacl: [team:a]\n\n# Secret\n")


@pytest.mark.parametrize(
    "before", ["\n", "<!-- made by hand -->\n", "\n\n \n", "<!--\n" + "licence\n" * 15 + "-->\n"]
)
def test_an_acl_in_front_matter_that_begins_too_late_is_refused(before: str) -> None:
    with pytest.raises(QuarantineError, match="begins on line 1"):
        parse_front_matter(f"{before}---\ntitle: x\nacl: [team:a]\n---\n# Secret\n")


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
        "+++\nacl = ['team:a']\n+++\n# Secret\n",
        "---\ntitle: x\n---\n---\nacl: [team:a]\n---\n# Secret\n",
        "# Secret\n\nACL: team:a\n",
        "a\u200bcl: [team:a]\n\n# Secret\n",
    ],
)
def test_an_acl_that_an_author_wrote_is_never_passed_over(text: str) -> None:
    for read in (parse_front_matter, own_acl):
        with pytest.raises(QuarantineError):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        "# HAProxy\n\n```\nacl: [team:a]\n```\n",
        "---\nacl: [team:a]\n---\n# Page\n\nacl: what it is\n",
        "# Page\n" + "text\n" * 40 + "acl: what it is\n",
    ],
)
def test_an_acl_that_is_an_example_or_far_below_is_text(text: str) -> None:
    assert parse_front_matter(text).body.endswith(("```\n", "what it is\n"))


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
