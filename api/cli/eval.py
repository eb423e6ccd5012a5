"""`runbook eval`: one group, one module a command, loaded only when it is called."""

from __future__ import annotations

import click

from api.cli.lazy_group import LazyGroup

# command -> module below api.cli, and its line in `runbook eval --help`.
COMMANDS = {
    "init": ("eval_init", "Start a suite of your own from alerts, pages and feedback."),
    "run": ("eval_run", "Run a suite, and hold it against its baseline."),
    "compare": ("eval_compare", "Say what lies between two runs."),
    "diff": ("eval_diff", "Say which questions a change of pages flips, and why."),
    "sweep": ("eval_sweep", "Compare settings in one table."),
    "lint": ("eval_lint", "Find gold that is gone, and must-pass questions that fail."),
}


@click.group("eval", cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Score what is found and answered, and gate a change on it."""
