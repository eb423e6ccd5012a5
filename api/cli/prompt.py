"""`runbook prompt`: versioned prompts, and which of them is in use."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from api.cli.terminal import echo, echo_json, echo_text
from api.compose.answer_path import make_prompts
from api.settings import load_settings
from rag.answering.prompting import Prompt
from rag.errors import ConfigurationError


@click.group("prompt", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """List, show and compare prompts, and choose which is in use."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def list_prompts(config: Path | None, as_json: bool) -> None:
    """Every version of every prompt; the one in use is marked."""
    files = make_prompts(load_settings(config))
    rows = [
        {
            "name": prompt.name,
            "version": prompt.version,
            "hash": prompt.hash,
            "in_use": files.current(prompt.name) == prompt,
            "models": list(prompt.models),
            "changelog": list(prompt.changelog),
            "source": prompt.source,
        }
        for prompt in files.all()
    ]
    if as_json:
        echo_json({"prompts": rows})
        return
    for row in rows:
        mark = "*" if row["in_use"] else " "
        echo(f"{mark} {row['name']}@{row['version']}  {row['hash']}  {row['source']}")


@command.command("show")
@click.argument("wanted", metavar="NAME[@VERSION]")
@click.pass_obj
def show(config: Path | None, wanted: str) -> None:
    """The text of a prompt, by default of the version in use."""
    echo_text(_text(_found(config, wanted)))


@command.command("diff")
@click.argument("one", metavar="NAME[@VERSION]")
@click.argument("other", metavar="NAME[@VERSION]")
@click.pass_obj
def diff(config: Path | None, one: str, other: str) -> None:
    """What changed from one version to another."""
    before, after = _found(config, one), _found(config, other)
    lines = difflib.unified_diff(
        _text(before).split("\n"), _text(after).split("\n"), before.id, after.id, lineterm=""
    )
    for line in lines:
        echo(line)


@command.command("use")
@click.argument("wanted", metavar="NAME[@VERSION]")
@click.option("--previous", is_flag=True, help="Go back to what was in use before.")
@click.pass_obj
def use(config: Path | None, wanted: str, previous: bool) -> None:
    """Make answers with this version from now on; a running service follows at once."""
    files, (name, version) = make_prompts(load_settings(config)), _parsed(wanted)
    if previous == (version is not None):
        raise click.UsageError("give NAME@VERSION, or NAME with --previous")
    chosen = files.back(name) if version is None else files.use(name, version)
    echo(f"{chosen.id} ({chosen.hash}) is in use", err=True)


def _found(config: Path | None, wanted: str) -> Prompt:
    name, version = _parsed(wanted)
    return make_prompts(load_settings(config)).get(name, version)


def _parsed(wanted: str) -> tuple[str, int | None]:
    name, at, version = wanted.partition("@")
    if at and not (version.isascii() and version.isdigit()):
        raise ConfigurationError(f"{wanted}: write NAME@VERSION, as in answer@1")
    return name, int(version) if at else None


def _text(prompt: Prompt) -> str:
    return f"{prompt.system}\n--- user ---\n{prompt.user}"
