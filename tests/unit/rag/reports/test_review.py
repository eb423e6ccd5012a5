"""Which pages an owner is told of, why, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cli.review_text import digest, markdown, plain
from rag.domain.documents import Document, FreshnessStatus, Kind, Metadata
from rag.reports.review import (
    MIN_SEARCHES,
    DocumentReview,
    Reason,
    Review,
    ReviewContext,
    Usage,
    linked_documents,
    review,
)
from rag.text.visible import visible
from tests.fakes import document

TODAY = date(2026, 6, 1)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def page(path: str, **about: object) -> Document:
    fields: dict[str, object] = {"title": path, "owner": "team-a", "last_reviewed": TODAY, **about}
    return replace(document(path), metadata=Metadata(**fields))  # type: ignore[arg-type]  # as told


def reviewed(
    *pages: Document,
    links: Mapping[str, frozenset[str]] | None = None,
    usage: Usage | None = None,
    known: ReviewContext | None = None,
) -> Review:
    return review(pages, links or {}, usage or Usage(), known or ReviewContext(), TODAY)


def listed(found: Review) -> dict[str, tuple[Reason, ...]]:
    return {one.document.path: one.reasons for owner in found.owners for one in owner.pages}


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_a_page_in_order_is_not_listed_and_is_counted() -> None:
    found = reviewed(page("a.md"))
    assert found.owners == ()
    assert found.statuses[FreshnessStatus.FRESH] == 1


@pytest.mark.parametrize(
    ("about", "reasons"),
    [
        ({"last_reviewed": days_ago(200)}, (Reason.DUE,)),
        ({"last_reviewed": days_ago(400)}, (Reason.STALE,)),
        ({"last_reviewed": None}, (Reason.NEVER_REVIEWED,)),
        ({"last_reviewed": None, "kind": Kind.POSTMORTEM}, ()),
        ({"owner": None}, (Reason.NO_OWNER,)),
        ({"owner": "team-gone"}, (Reason.OWNER_GONE,)),
        ({"service": ("shop", "gone")}, (Reason.SERVICE_GONE,)),
        ({"service": ("gone",), "kind": Kind.POSTMORTEM}, ()),
        ({"service": ("shop",), "last_reviewed": date(2026, 5, 9)}, (Reason.SERVICE_CHANGED,)),
        ({"service": ("shop",), "last_reviewed": date(2026, 5, 10)}, ()),
    ],
)
def test_a_page_is_listed_with_every_reason_there_is(
    about: dict[str, object], reasons: tuple[Reason, ...]
) -> None:
    known = ReviewContext(
        owners=frozenset({"team-a"}),
        services=frozenset({"shop"}),
        changed={"shop": datetime(2026, 5, 10, 23, 59, tzinfo=UTC)},
    )
    assert listed(reviewed(page("a.md", **about), known=known)).get("a.md", ()) == reasons


def test_what_is_not_listed_as_known_is_not_checked() -> None:
    assert listed(reviewed(page("a.md", owner="anybody", service=("any",)))) == {}


def test_a_superseded_page_is_reported_where_another_than_its_successor_links_to_it() -> None:
    old, new, third = page("old.md"), page("new.md", supersedes="old.md"), page("third.md")
    only_successor = {new.id: frozenset({old.id})}
    assert listed(reviewed(old, new, third, links=only_successor)) == {}
    (owner,) = reviewed(old, new, third, links={third.id: frozenset({old.id})}).owners
    (found,) = owner.pages
    assert found.reasons == (Reason.SUPERSEDED_LINKED,)
    assert (found.superseded_by, found.linked_from) == (("new.md",), ("third.md",))


def test_links_of_superseded_pages_lead_nobody_astray() -> None:
    oldest, old = page("oldest.md"), page("old.md", supersedes="oldest.md")
    other, new = page("other.md"), page("new.md", supersedes="other.md")
    links = {other.id: frozenset({oldest.id})}
    assert listed(reviewed(oldest, old, other, new, links=links)) == {}


def used(*found: Document, searches: int = MIN_SEARCHES, **answers: int) -> Usage:
    counted = {one.id: answers.get(one.path.removesuffix(".md"), 0) for one in found}
    since = datetime(2026, 5, 1, tzinfo=UTC)
    return Usage(searches, since, counted, frozenset(one.id for one in found))


def test_a_page_that_no_search_found_is_reported_once_there_were_enough() -> None:
    seen, unseen = page("seen.md"), page("unseen.md")
    assert listed(reviewed(seen, unseen, usage=used(seen))) == {"unseen.md": (Reason.NEVER_FOUND,)}
    few = used(seen, searches=MIN_SEARCHES - 1)
    assert listed(reviewed(seen, unseen, usage=few)) == {}
    fresh = replace(unseen, updated_at=datetime(2026, 5, 20, tzinfo=UTC))
    assert listed(reviewed(seen, fresh, usage=used(seen))) == {}
    successor = page("n.md", supersedes="unseen.md")
    assert list(listed(reviewed(unseen, successor, usage=used(seen)))) == ["n.md"]


def test_old_pages_that_answer_often_come_first() -> None:
    pages = [
        page("stale.md", last_reviewed=days_ago(900)),
        page("asked.md", last_reviewed=days_ago(200)),
        page("most.md", last_reviewed=None),
        page("nobodys.md", owner=None),
        page("orphan-asked.md", owner=None),
    ]
    usage = used(*pages, **{"asked": 5, "most": 9, "orphan-asked": 50})
    found = reviewed(*pages, usage=usage)
    assert [owner.owner for owner in found.owners] == ["team-a", None]
    assert list(listed(found)) == [
        "most.md",
        "asked.md",
        "stale.md",
        "nobodys.md",
        "orphan-asked.md",
    ]


def test_links_are_resolved_as_markdown_does() -> None:
    text = (
        "[a](b.md) [c](../d.md#x) ![i](img.png) [s](/top.md) [q](with%20space.md?x=1) "
        "[w](https://x.example/e.md) [m](mailto:a@b) [h](#here)"
    )
    wanted = {"f/b.md", "d.md", "f/img.png", "top.md", "f/with space.md"}
    assert linked_documents("s", "f/page.md", text) == {document(path).id for path in wanted}


def full() -> Review:
    known = ReviewContext(
        owners=frozenset({"team-a"}),
        services=frozenset({"shop"}),
        changed={"shop": datetime(2026, 5, 30, tzinfo=UTC)},
    )
    pages = [page(f"p{n}.md", last_reviewed=days_ago(300 + n), service=("shop",)) for n in range(8)]
    tricky = page("x.md", title="A [b](c) | `d`\n\x1b[31m", owner="team_gone", service=("old",))
    usage = used(*pages, tricky, p3=7)
    return reviewed(*pages, tricky, usage=usage, known=known)


def test_a_digest_is_short_and_names_the_worst_first() -> None:
    lines = list(digest(full()))
    assert lines[0] == "*Runbooks to look at, 2026-06-01*"
    first = next(line for line in lines if line.startswith("• "))
    assert "p3.md" in first
    assert "among the first of 7 searches" in first
    assert "• … and 3 more" in lines
    assert len("\n".join(lines)) < 3000


def test_markdown_and_terminal_are_not_driven_by_titles() -> None:
    # What is printed goes through `visible`, as the command line's own output does.
    shown = visible("\n".join(markdown(full())))
    assert "\x1b" not in shown
    assert "A \\[b\\](c) \\| \\`d\\`" in shown
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert all(len(line.replace("\\|", "").split("|")) == 4 for line in rows)
    assert "\x1b" not in visible("\n".join(plain(full())))
    assert "shop changed on 2026-05-30, after the review" in shown


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.sampled_from(["a", "b", None]), st.integers(0, 9)),
        max_size=12,
    )
)
def test_every_listed_page_has_a_reason_and_stands_once_under_its_owner(
    result: list[tuple[int, str | None, int]],
) -> None:
    pages = [
        page(f"p{n}.md", last_reviewed=days_ago(age), owner=owner)
        for n, (age, owner, _) in enumerate(result)
    ]
    usage = Usage(1, LONG_AGO, {one.id: result[n][2] for n, one in enumerate(pages)})
    found = reviewed(*pages, usage=usage)
    rows: list[tuple[str | None, DocumentReview]] = [
        (owner.owner, one) for owner in found.owners for one in owner.pages
    ]
    assert len({one.document.id for _, one in rows}) == len(rows)
    assert all(one.reasons and one.document.metadata.owner == owner for owner, one in rows)
    for owner in found.owners:
        asked = [one.answers for one in owner.pages if one.is_old]
        assert asked == sorted(asked, reverse=True)
