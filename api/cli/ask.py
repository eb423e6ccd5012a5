"""`runbook ask`."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import click

from api.cli.answers import print_answer
from api.cli.principal import local_principal
from api.cli.search import EXIT_NOTHING_FOUND
from api.settings import load_settings
from rag.domain import Filters, Kind, Mode
from rag.search import DEFAULT_K, MAX_K


@click.command("ask")
@click.argument("question")
@click.option("-k", default=DEFAULT_K, type=click.IntRange(1, MAX_K), help="Hits at most.")
@click.option("--as", "tags", multiple=True, metavar="TAG", help="Ask as one with these tags.")
@click.option("--service", metavar="S", help="Only pages about this service.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Updated since then."
)
@click.option("--source", metavar="NAME", help="Only from this source.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.HYBRID.value,
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    question: str,
    k: int,
    tags: tuple[str, ...],
    service: str | None,
    kind: str | None,
    since: datetime | None,
    source: str | None,
    mode: str,
    as_json: bool,
) -> None:
    """Answer QUESTION with citations, or say what is missing; nothing is ever executed."""
    filters = Filters(
        service, Kind(kind) if kind else None, since.date() if since else None, source
    )
    from api.bootstrap import open_reading

    settings = load_settings(ctx.obj)
    with open_reading(settings) as services:
        answer = services.answerer.answer(
            question,
            principal=local_principal(settings, tags),
            k=k,
            filters=filters,
            mode=Mode(mode),
        )
    if as_json:
        from api.http.answer_wire import answer_to_wire

        click.echo(json.dumps(answer_to_wire(answer, uuid.uuid4().hex), ensure_ascii=False))
    else:
        print_answer(answer)
    ctx.exit(EXIT_NOTHING_FOUND if answer.abstained else 0)
