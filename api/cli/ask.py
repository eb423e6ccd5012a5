"""`runbook ask`."""

from __future__ import annotations

import uuid

import click

from api.cli import exit_codes
from api.cli.answers import print_answer
from api.cli.empty_results import print_empty_result
from api.cli.last_questions import keep_questions, read_last_questions
from api.cli.principal import local_principal
from api.cli.query_options import MakeQuery, query_options
from api.cli.question import read_question
from api.cli.terminal import echo_json
from api.compose.embedding import begin_loading
from api.settings import load_settings
from rag.domain.answers import Detail, Turn


@click.command("ask")
@click.argument("question", callback=read_question)
@query_options
@click.option("--full", is_flag=True, help="Quote several documents, on more than one screen.")
@click.option("--follow", is_flag=True, help="Go on from the question asked before.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    question: str,
    tags: tuple[str, ...],
    make_query: MakeQuery,
    full: bool,
    follow: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION on one screen, with citations; nothing is ever executed."""
    settings = load_settings(ctx.obj)
    asked = read_last_questions(settings.state_folder) if follow else []
    if follow and not asked:
        raise click.UsageError("nothing was asked here before: ask without --follow first", ctx)
    principal = local_principal(settings, tags)
    model = begin_loading(settings)
    from api.compose.reading import open_reading

    with open_reading(settings, embedder=model, traced=True) as services:
        detail = Detail.FULL if full else Detail.BRIEF
        history = [Turn("user", one) for one in asked]
        query = make_query(question, principal)
        answer = services.answerer.answer(query, history=history, detail=detail)
    if not answer.hits:
        print_empty_result(settings, principal, tags, query.filters)
    keep_questions(settings.state_folder, [*asked, question])
    if as_json:
        from api.wire.answers import answer_to_wire

        echo_json(answer_to_wire(answer, uuid.uuid4().hex))
    else:
        print_answer(answer)
    ctx.exit(exit_codes.NOTHING_FOUND if answer.abstained else 0)
