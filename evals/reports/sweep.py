"""A sweep as a table at a terminal, as Markdown, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.metrics.statistics import signed
from evals.reports.json_report import latency
from evals.reports.templating import render
from evals.running.sweep import Row

# What a person decides by; JSON has every score.
_SHOWN = (
    "pass_rate",
    "recall@5",
    "ndcg@10",
    "answered",
    "abstention_recall",
    "citation_correctness",
    "cited_by_model",
)


def print_sweep(rows: Sequence[Row], console: Console) -> None:
    """One line a cell; what is outside noise is coloured."""
    table = Table(box=None, pad_edge=False)
    table.add_column("settings", no_wrap=True)
    for metric in _metrics(rows):
        table.add_column(metric, justify="right")
    table.add_column("half within", justify="right")
    for row in rows:
        shown = [_coloured(row, metric) for metric in _metrics(rows)]
        table.add_row(escape(row.cell.name), *shown, _half(row))
    console.print(table)


def markdown(rows: Sequence[Row]) -> str:
    """The same, for a pull request."""
    metrics = _metrics(rows)
    cells = [(row.cell.name, [*(_cell(row, one) for one in metrics), _half(row)]) for row in rows]
    return render("sweep.md.jinja", metrics=metrics, rows=cells)


def report(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Everything, in JSON."""
    return [
        {
            "settings": dict(row.cell.choice),
            "means": dict(row.means),
            "differences": {name: asdict(found) for name, found in row.differences.items()},
            "latency": latency(row.cell.run),
            "conditions": dict(row.cell.run.conditions),
        }
        for row in rows
    ]


def _metrics(rows: Sequence[Row]) -> list[str]:
    return [name for name in _SHOWN if any(name in row.means for row in rows)]


def _cell(row: Row, metric: str) -> str:
    if metric not in row.means:
        return "-"
    mean = f"{row.means[metric]:.4f}"
    found = row.differences.get(metric)
    if found is None:
        return mean
    return f"{mean} ({signed(found.low, 3)} to {signed(found.high, 3)})"


def _coloured(row: Row, metric: str) -> str:
    found, cell_text = row.differences.get(metric), _cell(row, metric)
    if found is None or found.low <= 0 <= found.high:
        return cell_text
    return f"[green]{cell_text}[/]" if found.low > 0 else f"[red]{cell_text}[/]"


def _half(row: Row) -> str:
    return f"{latency(row.cell.run)['p50_ms']:.0f} ms"
