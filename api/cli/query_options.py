"""The options of every command that asks a question."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from rag.domain.access import Principal
from rag.domain.documents import Kind
from rag.domain.search import DEFAULT_K, MAX_K, Filters, Mode, SearchQuery

# Makes a query from a question and its principal.
MakeQuery = Callable[[str, Principal], SearchQuery]

_OPTIONS = (
    click.option("-k", default=DEFAULT_K, type=click.IntRange(1, MAX_K), help="Hits at most."),
    click.option("--as", "tags", multiple=True, metavar="TAG", help="Ask as one with these tags."),
    click.option("--service", metavar="S", help="Only pages about this service."),
    click.option(
        "--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind."
    ),
    click.option(
        "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Updated since then."
    ),
    click.option("--source", metavar="NAME", help="Only from this source."),
    click.option(
        "--mode",
        type=click.Choice([mode.value for mode in Mode]),
        default=Mode.HYBRID.value,
        show_default=True,
    ),
)


def query_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these options, which it gets as `tags` and `make_query`.

    `tags` are those of --as; without them the local administrator asks.
    """

    @functools.wraps(command)
    def called(
        *args: Any,
        k: int,
        service: str | None,
        kind: str | None,
        since: datetime | None,
        source: str | None,
        mode: str,
        **more: Any,
    ) -> None:
        filters = Filters(
            service, Kind(kind) if kind else None, since.date() if since else None, source
        )
        make_query = functools.partial(SearchQuery, k=k, filters=filters, mode=Mode(mode))
        command(*args, make_query=make_query, **more)

    return functools.reduce(lambda made, option: option(made), reversed(_OPTIONS), called)
