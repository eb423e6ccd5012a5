"""`runbook search`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from api.cli import exit_codes
from api.cli.empty_results import print_empty_result
from api.cli.hits import print_hits
from api.cli.principal import local_principal
from api.cli.query_options import MakeQuery, query_options
from api.cli.question import read_question, readable
from api.cli.terminal import echo_json
from api.compose.embedding import begin_loading
from api.settings import load_settings
from rag.domain.search import MAX_K, SearchResult
from rag.errors import ConfigurationError

_SHOWN = 5  # hits, where -k does not say how many


@click.command("search")
@click.argument("question", callback=read_question, required=False)
@query_options
@click.option(
    "--batch",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.jsonl",
    help='One {"id","query"} a line; one answer a line.',
)
@click.option("--explain", is_flag=True, help="Show why each hit ranks where it does.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    question: str | None,
    tags: tuple[str, ...],
    make_query: MakeQuery,
    batch: Path | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Find the documents that answer QUESTION; without --as, as the local administrator."""
    if (question is None) == (batch is None):
        raise click.UsageError("give a QUESTION or --batch FILE.jsonl, one of the two")
    settings = load_settings(ctx.obj)
    model = begin_loading(settings)
    principal = local_principal(settings, tags)
    from api.compose.search_path import open_search

    with open_search(settings, model) as engine:
        if batch is not None:
            for identity, one in _questions(batch):
                answer = _answer(engine.search(make_query(one, principal)), explain)
                del answer["request_id"]
                _echo_json({"id": identity, **answer})
            return
        query = make_query(question or "", principal)
        result = engine.search(query)
    if not result.hits:
        print_empty_result(settings, principal, tags, query.filters)
    if as_json:
        _echo_json(_answer(result, explain))
    else:
        is_default = ctx.get_parameter_source("k") is click.core.ParameterSource.DEFAULT
        print_hits(result, explain=explain, shown=_SHOWN if is_default else MAX_K)
    ctx.exit(exit_codes.NOTHING_FOUND if result.no_result else 0)


def _answer(result: SearchResult, explain: bool) -> dict[str, Any]:
    from api.wire.hits import answer

    return answer(result, uuid.uuid4().hex, explain=explain)


def _questions(path: Path) -> Iterator[tuple[Any, str]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _question(path, number, line)


def _question(path: Path, number: int, line: str) -> tuple[Any, str]:
    try:
        asked = json.loads(line)
        question = asked["query"]
        if not isinstance(question, str):
            raise TypeError
        return asked["id"], readable(question)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f'{path}:{number}: expected an object with "id" and a text "query"'
        ) from error


def _echo_json(value: dict[str, Any]) -> None:
    echo_json(value)
