"""`runbook`: one group, one module a command, loaded only when it is called."""

from __future__ import annotations

import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path

import click

from api.cli import exit_codes
from api.cli.lazy_group import LazyGroup
from api.cli.terminal import PREPARING, echo, echo_traceback, echo_usage_error, last_resort
from rag.errors import ConfigurationError, GateFailed, InvalidTag, RunbookError

# command -> module below api.cli, and its line in `runbook --help`; importing none of them keeps
# a cold start quick.
COMMANDS = {
    "init": ("init", "Write a commented runbook.toml."),
    "ingest": ("ingest", "Make the index equal to the files."),
    "search": ("search", "Find runbooks that answer a question."),
    "ask": ("ask", "Answer a question from runbooks, with citations."),
    "alerts": ("alerts", "Group alerts and find their runbooks."),
    "incident": ("incident", "Turn logs, alerts and deploys into a timeline and drafts."),
    "prompt": ("prompt", "List, show, compare and choose prompts."),
    "watch": ("watch", "Keep the index equal to the files."),
    "eval": ("eval", "Score what is found and answered, and gate a change on it."),
    "serve": ("serve", "Run the HTTP service."),
    "mcp": ("mcp", "Offer the search to an assistant, as an MCP server on stdin and stdout."),
    "feedback": ("feedback", "List what users thought of answers; make eval cases of it."),
    "queries": ("queries", "Show what the query log holds by principal; delete from it."),
    "drift": ("drift", "Compare the questions of the last days with those before."),
    "index": ("index", "Build, promote, check and mend generations of the index."),
    "freshness": ("freshness", "Tell owners which pages to look at."),
    "coverage": (
        "coverage",
        "Compare alerts with runbooks, and list unanswered questions.",
    ),
    "lint": ("lint", "Tell what is wrong with the documents themselves."),
    "backup": ("backup", "Back up everything that cannot be rebuilt to one file."),
    "restore": ("restore", "Put a backup back."),
    "keys": ("keys", "Create, list and revoke API keys."),
    "doctor": ("doctor", "Check configuration, models, stores and disk."),
}


@click.command(
    cls=LazyGroup,
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done with "
    "quarantined documents, 4 an eval gate failed, 5 nothing found.",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="RUNBOOK_CONFIG",
    help="The configuration file. [default: runbook.toml here]",
)
@click.version_option(version("runbook-search"), prog_name="runbook")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Search a team's runbooks and postmortems, and keep the index up to date."""
    ctx.obj = config
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """The entry point: runs a command, and turns what goes wrong into a line and an exit code."""
    # numpy's threads spin while they wait, and take the cores from the embedding model: a search
    # behind a filter takes a third longer. Its products are too small to gain by them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.excepthook = echo_traceback
    logging.lastResort = last_resort()
    logging.getLogger(PREPARING).setLevel(logging.INFO)
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.ClickException as error:
        echo_usage_error(error)
        sys.exit(exit_codes.USAGE)
    except click.Abort:
        sys.exit(exit_codes.INTERRUPTED)
    except RunbookError as error:
        echo(f"runbook: {error}", err=True)
        sys.exit(_exit_code(error))
    except BrokenPipeError:
        # The reader of a pipe has seen enough; Python must not complain while it shuts down.
        sys.stderr.close()
        sys.exit(exit_codes.FAILED)


def _exit_code(error: RunbookError) -> int:
    if isinstance(error, ConfigurationError | InvalidTag):
        return exit_codes.USAGE
    return exit_codes.GATE_FAILED if isinstance(error, GateFailed) else exit_codes.FAILED
