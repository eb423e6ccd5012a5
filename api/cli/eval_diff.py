"""`runbook eval diff`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from api.cli import exit_codes
from api.cli.eval_run import write_reports
from api.cli.progress import shown_progress
from api.cli.terminal import echo_json, rich_console
from api.settings import load_settings
from rag.errors import ConfigurationError


@click.command("diff")
@click.argument("suite", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--base", required=True, metavar="REV", help="The git revision to compare with.")
@click.option("--gate", is_flag=True, help="End with exit code 4 when the gate fails.")
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the reports of `eval run` here.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    suite: Path | None,
    base: str,
    gate: bool,
    report: Path | None,
    as_json: bool,
) -> None:
    """Compare the documents with those of REV: which questions flip, and why.

    Both states use one index, so that only documents that differ are embedded.
    """
    from api.compose.embedding import make_embedder
    from api.evals.evaluation import evaluate
    from evals.gate.gate import judge
    from evals.reports.json_report import report as json_report
    from evals.reports.terminal import print_report
    from evals.suite.suite import load_suite, shipped_suite

    settings = load_settings(ctx.obj)
    loaded = load_suite(suite or shipped_suite())
    embedder = make_embedder(settings)
    with shown_progress() as progress:
        with _checkout(loaded.corpus, base) as corpus:
            before = evaluate(settings, loaded, progress=progress, embedder=embedder, corpus=corpus)
        after = evaluate(settings, loaded, progress=progress, embedder=embedder)
    # Leaks of the base are not those of the change.
    verdict = judge(after, replace(before, leaks=()), loaded.rules)
    if report is not None:
        write_reports(report, after, verdict)
    if as_json:
        echo_json(json_report(after, verdict))
    else:
        print_report(after, verdict, rich_console())
    ctx.exit(exit_codes.GATE_FAILED if gate and not verdict.passed else 0)


@contextmanager
def _checkout(corpus: Path, revision: str) -> Iterator[Path]:
    """The corpus as it was at a revision, with the dates of its commits."""
    from ingest.sources.git_checkout import find_checkout
    from ingest.sources.git_command import GitFailed
    from ingest.sources.git_export import export

    with tempfile.TemporaryDirectory(prefix="runbook-eval-") as folder:
        try:
            checkout = find_checkout(corpus)
            if checkout is None:
                raise ConfigurationError(f"{corpus} is in no git checkout with a commit")
            yield export(checkout, corpus, revision, Path(folder) / "base")
        except GitFailed as error:
            raise ConfigurationError(f"git revision {revision!r}: {error}") from error
