"""`runbook drift`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.terminal import echo, echo_json, echo_lines
from api.settings import load_settings

if TYPE_CHECKING:
    from api.compose.drift import Drift
    from evals.drift.report import Comparison, DriftReport, Window

_MAX_DAYS = 365


@click.command("drift")
@click.option(
    "--recent-days",
    type=click.IntRange(2, _MAX_DAYS),
    default=7,
    show_default=True,
    help="The last complete days (UTC).",
)
@click.option(
    "--reference-days",
    type=click.IntRange(2, _MAX_DAYS),
    default=21,
    show_default=True,
    help="The days before them.",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 100),
    default=0,
    metavar="N",
    help="Also show the N questions that differ most; they are not stored.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_obj
def command(
    config: Path | None, recent_days: int, reference_days: int, examples: int, as_json: bool
) -> None:
    """Compare the last days of the query log with those before; for a nightly job."""
    from api.compose.drift import log_is_too_short, measure_drift

    settings = load_settings(config)
    found = measure_drift(
        settings,
        now=datetime.now(UTC),
        recent_days=recent_days,
        reference_days=reference_days,
        examples=examples,
    )
    if log_is_too_short(settings, recent_days, reference_days):
        echo(
            f"the query log keeps {settings.feedback.keep_requests_days} days: set "
            f"feedback.keep_requests_days to {recent_days + reference_days} or more",
            err=True,
        )
    if as_json:
        echo_json(_to_json(found))
    else:
        echo_lines(_plain(found))


def _plain(found: Drift) -> Iterator[str]:
    report = found.report
    yield f"recent     {_window(report.recent)}"
    yield f"reference  {_window(report.reference)}"
    yield ""
    for one in report.comparisons:
        yield _line(one)
    yield ""
    yield _verdict(report)
    if found.examples:
        yield ""
        yield "Questions of the recent window that differ most:"
        yield from (f"  {shift.text}" for shift in found.examples)


def _window(window: Window) -> str:
    return f"{window.first} to {window.last}, {window.requests} requests"


def _line(one: Comparison) -> str:
    from evals.drift.report import DESCRIPTIONS

    if one.not_compared is not None:
        return f"  -      {DESCRIPTIONS[one.measure]}: not compared, {one.not_compared}"
    means = "" if one.recent is None else f", mean {one.reference:.3g} -> {one.recent:.3g}"
    verdict = "DRIFT" if one.drifted else "same "
    return (
        f"  {verdict}  {DESCRIPTIONS[one.measure]}{means}, "
        f"difference {one.difference:.3f}, p {one.p_value:.3f}"
    )


def _verdict(report: DriftReport) -> str:
    if report.drifted:
        return "drift; docs/drift.md says what to do"
    if all(one.not_compared for one in report.comparisons):
        return "nothing could be compared"
    return "no drift"


def _to_json(found: Drift) -> dict[str, Any]:
    report = found.report
    shown: dict[str, Any] = {
        "made_at": report.made_at,
        "drifted": [measure.value for measure in report.drifted],
        "alpha": report.alpha,
        "recent": _window_json(report.recent),
        "reference": _window_json(report.reference),
        "measures": [_comparison_json(one) for one in report.comparisons],
    }
    if found.examples:
        shown["examples"] = [shift.text for shift in found.examples]
    return shown


def _window_json(window: Window) -> dict[str, Any]:
    return {
        "first": window.first.isoformat(),
        "last": window.last.isoformat(),
        "requests": window.requests,
    }


def _comparison_json(one: Comparison) -> dict[str, Any]:
    shown = asdict(one)
    daily = one.daily or {}
    shown["daily"] = {day.isoformat(): value for day, value in daily.items()}
    return shown
