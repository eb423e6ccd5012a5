"""The options that say as whom, how much, and where a question is asked; those of every command."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from rag.domain.documents import Kind
from rag.domain.search import Filters, Mode
from rag.retrieval.search import DEFAULT_K, MAX_K


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a question is asked with. Without tags the local administrator asks."""

    tags: tuple[str, ...]
    k: int
    filters: Filters
    mode: Mode


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


def narrowed(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these options, which it gets as one `narrowing`."""

    @functools.wraps(command)
    def called(
        *args: Any,
        k: int,
        tags: tuple[str, ...],
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
        command(*args, narrowing=Narrowing(tags, k, filters, Mode(mode)), **more)

    return functools.reduce(lambda made, option: option(made), reversed(_OPTIONS), called)
