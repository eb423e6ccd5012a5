"""`runbook freshness`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from api.cli.review_text import digest, markdown, plain
from api.cli.terminal import echo, echo_json, echo_lines
from api.settings import Settings, load_settings
from rag.reports.review import DocumentReview, Review, ReviewContext, linked_documents, review


@click.command("freshness")
@click.option("--owner", metavar="O", help="Only this owner's pages.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "digest"]),
    default="text",
    show_default=True,
    help="`digest` is short, for Slack or an email.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(ctx: click.Context, owner: str | None, form: str, as_json: bool) -> None:
    """Tell owners which pages to look at: old, orphaned, superseded, or never found."""
    found = _review(load_settings(ctx.obj))
    if owner is not None:
        found = replace(found, owners=tuple(one for one in found.owners if one.owner == owner))
    if as_json:
        echo_json(_to_json(found))
    else:
        render = {"text": plain, "markdown": markdown, "digest": digest}[form]
        echo_lines(render(found))


def _review(settings: Settings) -> Review:
    from api.compose.local import LOCAL_ADMINISTRATOR, open_catalog
    from api.compose.search_path import today
    from rag.access.acl import access_filter

    access = access_filter(LOCAL_ADMINISTRATOR)
    with open_catalog(settings) as catalog:
        catalog.generations.serving()  # raises IndexMissing
        links: dict[tuple[str, str], list[str]] = {}
        for source, path, text in catalog.reader.passages_holding("](", access=access):
            links.setdefault((source, path), []).append(text)
        documents = catalog.reader.every_document(access=access)
        usage = catalog.usage.usage(access=access)
    linked = {
        one.id: linked_documents(one.source, one.path, "\n".join(texts))
        for one in documents
        if (texts := links.get((one.source, one.path)))
    }
    return review(documents, linked, usage, _known(settings), today())


def _known(settings: Settings) -> ReviewContext:
    named = settings.review
    return ReviewContext(
        owners=frozenset(named.owners),
        services=frozenset(named.services),
        changed=_changes(settings),
        review_every=settings.search.review_every,
    )


def _changes(settings: Settings) -> dict[str, datetime]:
    """When each service that has a checkout was last changed."""
    from ingest.sources.git_history import last_commit

    folders = {name: folder for name, folder in settings.review.services.items() if folder}
    asked = {name: last_commit(settings.directory / folder) for name, folder in folders.items()}
    for name, at in asked.items():
        if at is None:
            echo(f"{name}: no commits at {folders[name]}; mend review.services", err=True)
    return {name: at for name, at in asked.items() if at is not None}


def _to_json(found: Review) -> dict[str, Any]:
    return {
        "as_of": found.as_of.isoformat(),
        "statuses": {status.value: count for status, count in found.statuses.items()},
        "searches": found.searches,
        "searches_since": found.since.isoformat() if found.since else None,
        "owners": [
            {"owner": one.owner, "pages": [_page(page) for page in one.pages]}
            for one in found.owners
        ],
    }


def _page(page: DocumentReview) -> dict[str, Any]:
    from api.wire.hits import document_to_wire

    return {
        "document": document_to_wire(page.document, page.freshness),
        "reasons": [reason.value for reason in page.reasons],
        "answers": page.answers,
        "services_changed": {name: at.isoformat() for name, at in page.changed.items()},
        "services_gone": list(page.services_gone),
        "superseded_by": list(page.superseded_by),
        "linked_from": list(page.linked_from),
    }
