"""Alerts of Prometheus rule files, with the lines on which they are defined.

A plain rule file (`groups:`), a `PrometheusRule` of Kubernetes (`spec.groups`), or several of them
in one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from rag.errors import ConfigurationError
from rag.reports.coverage import AlertRule

_SUFFIXES = frozenset({".yaml", ".yml"})
_LINKS = ("runbook_url", "runbook")


def alert_rules(paths: Sequence[Path]) -> list[AlertRule]:
    """Every alert of the files at `paths`; of a folder, of its YAML files that hold groups.

    Raises ConfigurationError for a file that is not there, is no YAML, or defines no group.
    """
    found: list[AlertRule] = []
    for path in paths:
        if path.is_dir():
            for file in sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES):
                found += _in_file(file) or []
        else:
            rules = _in_file(path)
            if rules is None:
                raise ConfigurationError(f"{path}: no `groups` in it; is it a rule file?")
            found += rules
    return found


def _in_file(path: Path) -> list[AlertRule] | None:
    try:
        text = path.read_text(encoding="utf-8")
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error
    groups = [found for document in documents if (found := _groups(document)) is not None]
    if not groups:
        return None
    return [rule for found in groups for rule in _alerts(found, path)]


def _groups(document: yaml.Node | None) -> yaml.Node | None:
    return _value(document, "groups") or _value(_value(document, "spec"), "groups")


def _alerts(groups: yaml.Node, path: Path) -> Iterator[AlertRule]:
    for group in _items(groups):
        for rule in _items(_value(group, "rules")):
            name = _value(rule, "alert")
            if isinstance(name, yaml.ScalarNode) and name.value:
                annotations = _value(rule, "annotations")
                links = [_value(annotations, key) for key in _LINKS]
                urls = [link.value for link in links if isinstance(link, yaml.ScalarNode)]
                line = name.start_mark.line + 1
                yield AlertRule(name.value, str(path), line, next(filter(None, urls), None))


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []
