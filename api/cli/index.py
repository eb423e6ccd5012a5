"""`runbook index`."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.progress import shown_progress
from api.cli.terminal import echo, echo_json
from api.settings import load_settings
from rag.errors import StoreError

if TYPE_CHECKING:
    from rag.domain.generations import GenerationInfo


@click.group("index")
def command() -> None:
    """Generations of the index: one embedding model, one chunker, one set of settings each.

    Building, promoting, verifying and repairing are done by the running service where there is
    one. Searches go on meanwhile, and never see two generations at once.
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def list_generations(config: Path | None, as_json: bool) -> None:
    """List generations, and who promoted which, and why."""
    from api.compose.local import open_catalog
    from api.index.generation_keeper import described

    with open_catalog(load_settings(config)) as catalog:
        known, history = catalog.generations.list(), catalog.promotions.history()
    if as_json:
        listing = {
            "generations": [_described(info) for info in known],
            "promotions": [described(one) for one in history],
        }
        echo_json(listing)
        return
    for info in known:
        echo(
            f"{info.generation.id:>4}  {info.state:<8}  {info.generation.model}  "
            f"{info.documents} documents, {info.chunks} chunks  {info.created_at:%Y-%m-%d %H:%M}"
        )
    for one in history:
        why = f" against the gate: {one.reason}" if one.reason else ""
        echo(f"{one.at:%Y-%m-%d %H:%M}  {one.kind} {one.generation} by {one.by}{why}")


@command.command("build")
@click.option("--model", metavar="M", help="The embedding model. [default: embedding.model]")
@click.option("--max-tokens", type=click.IntRange(64), metavar="N", help="Tokens of a chunk.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def build(config: Path | None, model: str | None, max_tokens: int | None, as_json: bool) -> None:
    """Build a generation while another serves, or resume one that is unfinished.

    Another model reads the chunks that the catalog has; another --max-tokens reads the sources.
    """
    done = _done(config, "build", {"model": model, "chunk_tokens": max_tokens})
    _say(
        done,
        as_json,
        f"generation {done['generation']} is built with {done['model']} from the "
        f"{done['from']}: `runbook index promote {done['generation']}` lets it serve",
    )


@command.command("promote")
@click.argument("number", type=int, metavar="ID")
@click.option("--force", is_flag=True, help="Even if its gate does not pass; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why; recorded with your name.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def promote(
    config: Path | None, number: int, force: bool, reason: str | None, as_json: bool
) -> None:
    """Let a generation serve if its gate passes; it catches up first."""
    if force != bool(reason):
        raise click.UsageError("--force and --reason belong together")
    done = _done(config, "promote", {"generation": number, "reason": reason})
    _say(done, as_json, f"generation {number} serves; `runbook index rollback` takes it back")


@command.command("rollback")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def rollback(config: Path | None, as_json: bool) -> None:
    """Let the generation before serve again, at once, to no more readers than now."""
    from api.compose.local import open_catalog
    from api.index.generation_keeper import described, roll_back

    with open_catalog(load_settings(config)) as catalog:
        done = roll_back(catalog, getpass.getuser())
    _say(
        described(done),
        as_json,
        f"generation {done.generation} serves; what changed meanwhile is read again by the "
        "running service, or by the next `runbook ingest`",
    )


@command.command("verify")
@click.argument("number", type=int, metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def verify(ctx: click.Context, number: int | None, as_json: bool) -> None:
    """Compare catalog, lexical tables and vectors of the serving generation, or of ID."""
    _checked(ctx, "verify", number, as_json)


@command.command("repair")
@click.argument("number", type=int, metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def repair(ctx: click.Context, number: int | None, as_json: bool) -> None:
    """Mend what verify finds, from the catalog."""
    _checked(ctx, "repair", number, as_json)


def _checked(ctx: click.Context, kind: str, number: int | None, as_json: bool) -> None:
    done = _done(ctx.obj, kind, {"generation": number})
    problems = done["problems"]
    if as_json:
        echo_json(dict(done))
    else:
        echo(
            f"generation {done['generation']}: {done['chunks']} chunks, {done['vectors']} vectors, "
            f"{done['samples']} asked for themselves"
        )
        for problem in problems:
            echo(f"PROBLEM  {problem}")
    if problems:
        raise StoreError(
            "the generation is not consistent: run `runbook index repair`"
            if kind == "verify"
            else "not all of it could be mended: run `runbook ingest --full`"
        )


def _done(config: Path | None, kind: str, scope: Mapping[str, Any]) -> Mapping[str, Any]:
    from api.cli.queued import do_or_queue
    from rag.domain.jobs import JobKind

    with shown_progress() as progress:
        return do_or_queue(load_settings(config), JobKind(kind), scope, getpass.getuser(), progress)


def _say(result: Mapping[str, Any], as_json: bool, words: str) -> None:
    if as_json:
        echo_json(dict(result))
    else:
        echo(words)


def _described(info: GenerationInfo) -> dict[str, Any]:
    return {
        "id": info.generation.id,
        "state": info.state,
        "model": info.generation.model,
        "dimension": info.generation.dimension,
        "documents": info.documents,
        "chunks": info.chunks,
        "created_at": info.created_at.isoformat(),
    }
