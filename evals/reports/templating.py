"""The templates of reports: HTML escapes what is filled in, Markdown has filters for it."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from evals.metrics.statistics import signed
from evals.reports.terminal import rank
from evals.running.system import FoundPassage


def render(template: str, **values: Any) -> str:
    """A template of `evals/reports/templates`, filled in."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("evals.reports"),
        autoescape=select_autoescape(enabled_extensions=("html.jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(rank=rank, signed=signed, escaped=escaped, remark=_remark)
    return environment


def escaped(text: str) -> str:
    """Text for a cell of a Markdown table, without markup of its own."""
    flat = " ".join(text.split())
    for mark in "\\|`*_<>[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat


def _remark(found: FoundPassage) -> str:
    """What a reader should know of a hit: that it is due, stale or superseded."""
    age = found.freshness if found.freshness in ("due", "stale") else ""
    return ", ".join(filter(None, (age, "superseded" if found.superseded else "")))
