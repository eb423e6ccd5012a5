"""A review of pages as a person reads it: on a terminal, in Markdown, or as a short digest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from rag.domain.documents import FreshnessStatus
from rag.reports.review import DocumentReview, OwnerReview, Reason, Review

_NOBODY = "(no owner)"
_DIGEST_PAGES = 5
_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")
_NAMES = {
    Reason.STALE: "stale",
    Reason.DUE: "due for review",
    Reason.NEVER_REVIEWED: "never reviewed",
    Reason.SERVICE_CHANGED: "service changed since review",
    Reason.SERVICE_GONE: "service gone",
    Reason.NO_OWNER: "without an owner",
    Reason.OWNER_GONE: "owner gone",
    Reason.SUPERSEDED_LINKED: "superseded but still linked",
    Reason.NEVER_FOUND: "never found by any search",
}


def plain(review: Review) -> Iterator[str]:
    """Lines for a terminal."""
    yield _summary(review)
    for owner in review.owners:
        yield ""
        yield f"{_owner(owner)}: {len(owner.pages)} pages"
        for page in owner.pages:
            yield f"  {page.document.path}  {'; '.join(_reasons(page))}"


def markdown(review: Review) -> Iterator[str]:
    """A Markdown document: a table for each owner."""
    yield "# Pages to look at"
    yield ""
    yield _summary(review)
    for owner in review.owners:
        yield ""
        yield f"## {_escaped(_owner(owner))}"
        yield ""
        yield "| page | why |"
        yield "| --- | --- |"
        for page in owner.pages:
            yield f"| {_link(page)} | {_escaped('; '.join(_reasons(page)))} |"


def digest(review: Review) -> Iterator[str]:
    """A message of a few lines an owner, in the plain text that Slack and mail programs show."""
    yield f"*Runbooks to look at, {review.as_of.isoformat()}*"
    yield _summary(review)
    for owner in review.owners:
        yield ""
        yield f"*{_owner(owner)}*: {_counted(owner)}"
        for page in owner.pages[:_DIGEST_PAGES]:
            where = page.document.metadata.url or page.document.path
            title = page.document.metadata.title
            yield f"• {title}: {'; '.join(_reasons(page))} ({where})"
        if len(owner.pages) > _DIGEST_PAGES:
            yield f"• … and {len(owner.pages) - _DIGEST_PAGES} more"


def _summary(review: Review) -> str:
    counts = ", ".join(f"{review.statuses[status]} {status.value}" for status in FreshnessStatus)
    if review.since is None:
        return f"{counts}. No searches are recorded yet."
    since = review.since.date().isoformat()
    return f"{counts}. {review.searches} searches recorded since {since}."


def _owner(owner: OwnerReview) -> str:
    return owner.owner or _NOBODY


def _counted(owner: OwnerReview) -> str:
    counts = Counter(reason for page in owner.pages for reason in page.reasons)
    return ", ".join(f"{counts[reason]} {_NAMES[reason]}" for reason in Reason if counts[reason])


def _reasons(page: DocumentReview) -> list[str]:
    """Why a page is listed, each with what shows it."""
    days = f"reviewed {page.freshness.age_days} days ago"
    details = {
        Reason.STALE: f"stale, {days}",
        Reason.DUE: f"due, {days}",
        Reason.SERVICE_CHANGED: "; ".join(
            f"{name} changed on {at.date().isoformat()}, after the review"
            for name, at in page.changed.items()
        ),
        Reason.SERVICE_GONE: f"service gone: {', '.join(page.services_gone)}",
        Reason.SUPERSEDED_LINKED: f"superseded by {', '.join(page.superseded_by)}, "
        f"still linked from {', '.join(page.linked_from)}",
    }
    reasons = [details.get(reason, _NAMES[reason]) for reason in page.reasons]
    if page.answers:
        reasons.append(f"among the first of {page.answers} searches")
    return reasons


def _link(page: DocumentReview) -> str:
    title, url = _escaped(page.document.metadata.title), page.document.metadata.url
    text = f"[{title}](<{url}>)" if url else title
    return f"{text} `{page.document.path.replace('`', '')}`"


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text.replace("\n", " "))
