"""`runbook lint`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import click

from api.cli import exit_codes
from api.cli.terminal import Styled, echo, echo_json, echo_lines
from api.settings import Settings, load_settings
from ingest.lint.findings import Finding, Level
from ingest.lint.rules import RULES
from ingest.lint.sarif import sarif

_COLOUR = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "cyan"}


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "sarif", "json"]),
    default="plain",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--fail-on",
    type=click.Choice([*(level.value for level in Level), "never"]),
    default=Level.ERROR.value,
    show_default=True,
    help="The lowest level that makes the exit code 1.",
)
@click.option("--embeddings", is_flag=True, help="Compare pages by meaning as well.")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules and end.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    form: str,
    as_json: bool,
    fail_on: str,
    embeddings: bool,
    list_rules: bool,
) -> None:
    """Tell what is wrong with the documents at PATH, or in every configured source."""
    if list_rules:
        _print_rules()
        return
    findings = _lint(load_settings(ctx.obj), paths, embeddings=embeddings)
    _print(findings, "json" if as_json else form)
    min_severity = None if fail_on == "never" else Level(fail_on)
    failed = min_severity is not None and any(
        found.rule.level.reaches(min_severity) for found in findings
    )
    ctx.exit(exit_codes.FAILED if failed else 0)


def _lint(settings: Settings, paths: Sequence[Path], *, embeddings: bool) -> list[Finding]:
    from api.compose import embedding, readers
    from api.compose.commands import configured_classifier
    from api.compose.sources import configured_sources
    from ingest.isolation.pages import IsolatedPages
    from ingest.lint.metadata import KnownNames
    from ingest.lint.run import lint
    from ingest.lint.targets import lint_targets

    classifier = configured_classifier(settings)
    known = KnownNames(frozenset(settings.review.owners), settings.review.acl_tags)
    # Documents behind a connector are corrected in the system that holds them.
    files = [source for source in configured_sources(settings) if source.connector is None]
    targets = lint_targets(paths, files)
    embedder = embedding.make_embedder(settings) if embeddings else None
    with closing(readers.make_readers(settings, lambda _: None, start=True)) as pool:
        return lint(targets, known, embedder, IsolatedPages(pool), classifier)


def _print(findings: Sequence[Finding], form: str) -> None:
    if form == "sarif":
        log = sarif(findings, version("runbook-search"), _shown)
        echo_json(log)
    elif form == "json":
        echo_json({"findings": [_to_json(found) for found in findings]})
    else:
        _print_plain(findings)


def _print_plain(findings: Sequence[Finding]) -> None:
    for found in findings:
        level = Styled(found.rule.level.value, _COLOUR[found.rule.level])
        where = f"{_shown(found.place)}:{found.line}"
        echo(f"{where}: ", level, f" {found.rule.id}: {found.message}")
    counts = Counter(found.rule.level for found in findings)
    counted = ", ".join(f"{counts[level]} {level.value}s" for level in Level)
    echo(f"{counted}; `runbook lint --rules` says what to do about each", err=True)


def _print_rules() -> None:
    for rule in RULES.values():
        echo_lines([f"{rule.id} ({rule.level.value})", f"  {rule.summary}", f"  {rule.mend}"])


def _to_json(found: Finding) -> dict[str, object]:
    return {
        "rule": found.rule.id,
        "level": found.rule.level.value,
        "path": _shown(found.place),
        "line": found.line,
        "message": found.message,
        "mend": found.rule.mend,
    }


def _shown(place: Path) -> str:
    """A path as one would write it here: relative where it can be."""
    absolute, here = place.resolve(), Path.cwd().resolve()
    inside = absolute.is_relative_to(here)
    return absolute.relative_to(here).as_posix() if inside else absolute.as_posix()
