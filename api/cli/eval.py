"""`runbook eval`: one group, one module a command, loaded only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

# command -> module below api.cli, and its line in `runbook eval --help`.
COMMANDS = {
    "init": ("eval_init", "Start a suite of your own from alerts, pages and feedback."),
    "run": ("eval_run", "Run a suite, and hold it against its baseline."),
    "compare": ("eval_compare", "Say what lies between two runs."),
    "diff": ("eval_diff", "Say which questions a change of pages flips, and why."),
    "sweep": ("eval_sweep", "Compare settings in one table."),
    "lint": ("eval_lint", "Find gold pages and passages that are gone."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"api.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group("eval", cls=_LazyGroup)
def command() -> None:
    """Score what is found and answered, and gate a change on it."""
