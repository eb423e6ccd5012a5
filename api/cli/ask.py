"""`runbook ask`."""

from __future__ import annotations

import uuid

import click

from api.cli import exit_codes
from api.cli.answers import print_answer
from api.cli.empty_results import print_empty_result
from api.cli.principal import local_principal
from api.cli.query_options import MakeQuery, query_options
from api.cli.question import read_question
from api.cli.terminal import echo_json
from api.compose.embedding import begin_loading
from api.settings import load_settings
from rag.domain.answers import Detail


@click.command("ask")
@click.argument("question", callback=read_question)
@query_options
@click.option("--full", is_flag=True, help="Quote several documents, on more than one screen.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    question: str,
    tags: tuple[str, ...],
    make_query: MakeQuery,
    full: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION on one screen, with citations; nothing is ever executed."""
    settings = load_settings(ctx.obj)
    principal = local_principal(settings, tags)
    model = begin_loading(settings)
    from api.compose.reading import open_reading

    with open_reading(settings, embedder=model, traced=True) as services:
        detail = Detail.FULL if full else Detail.BRIEF
        query = make_query(question, principal)
        answer = services.answerer.answer(query, detail=detail)
    if not answer.hits:
        print_empty_result(settings, principal, tags, query.filters)
    if as_json:
        from api.wire.answers import answer_to_wire

        echo_json(answer_to_wire(answer, uuid.uuid4().hex))
    else:
        print_answer(answer)
    ctx.exit(exit_codes.NOTHING_FOUND if answer.abstained else 0)
