"""The metrics and labels that a PromQL expression reads: enough of its grammar for our own ones.

promtool checks the syntax of the same expressions where it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[1]
MONITORING = ROOT / "deploy" / "monitoring"
ALERT_RULES = ROOT / "deploy" / "alerts.yml"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
_SELECTOR = re.compile(r"\b(runbook_\w+)\s*(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Query:
    """An expression, and the labels that its legend shows."""

    where: str
    expression: str
    legend: str = ""

    @property
    def metrics(self) -> set[str]:
        return {found[1] for found in _SELECTOR.finditer(self.expression)}

    @property
    def grouped_labels(self) -> set[str]:
        """Labels of groupings and of the legend, which one of the metrics must have."""
        groupings = _GROUPING.findall(self.expression)
        named = {label.strip() for labels in groupings for label in labels.split(",")}
        return (named | set(_LEGEND_LABEL.findall(self.legend))) - {""}

    def matchers(self) -> Iterator[tuple[str, str, str, str]]:
        """Metric, label, operator and value of each label matcher."""
        for metric, matchers in _SELECTOR.findall(self.expression):
            for label, operator, value in _MATCHER.findall(matchers):
                yield metric, label, operator, value


@dataclass(frozen=True)
class Exposed:
    """What `/metrics` shows: the values of each label of each series, and the types of families."""

    labels: Mapping[str, Mapping[str, set[str]]]
    types: Mapping[str, str]

    def faults(self, query: Query) -> list[str]:
        """Metrics, labels and values of the query that do not exist."""
        unknown = query.metrics - set(self.labels)
        if unknown:
            return [f"{query.where}: no metric {name}" for name in sorted(unknown)]
        known: set[str] = set().union(*(self.labels[name] for name in query.metrics))
        found = [f"{query.where}: no label {name}" for name in query.grouped_labels - known]
        for metric, label, operator, value in query.matchers():
            values = self.labels[metric].get(label)
            if values is None:
                found.append(f"{query.where}: {metric} has no label {label}")
            elif operator == "=" and value not in values:
                found.append(f"{query.where}: {metric} has no {label}={value}: {sorted(values)}")
        return found


def exposed_by(*texts: str) -> Exposed:
    """What these answers of `/metrics` show together."""
    labels: dict[str, dict[str, set[str]]] = {}
    types: dict[str, str] = {}
    for family in (family for text in texts for family in text_string_to_metric_families(text)):
        for sample in family.samples:
            types[sample.name] = family.type
            known = labels.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                known.setdefault(label, set()).add(value)
    return Exposed(labels, types)


def panels_of(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something; rows are headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def dashboard_queries(name: str, dashboard: Mapping[str, Any]) -> Iterator[Query]:
    for panel in panels_of(dashboard):
        for target in panel["targets"]:
            yield Query(f"{name}: {panel['title']}", target["expr"], target["legendFormat"])


def alert_rules() -> list[dict[str, Any]]:
    content = yaml.safe_load(ALERT_RULES.read_text(encoding="utf-8"))
    return [rule for group in content["groups"] for rule in group["rules"]]


def alert_queries(rules: Iterable[Mapping[str, Any]]) -> Iterator[Query]:
    for rule in rules:
        yield Query(rule["alert"], rule["expr"])
