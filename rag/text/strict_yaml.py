"""YAML from strangers: no aliases, no tags, no depth, and the line of every key.

PyYAML's nodes are read, not its values, so that `no`, `on` and dates stay the text they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from rag.errors import QuarantineError

MAX_BYTES = 64 * 1024
_MAX_DEPTH = 20
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

Value = str | None | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping, with its line in the file and its value."""

    key: str
    line: int
    value: Value


def read_mapping(text: str, first_line: int, what: str) -> list[Entry]:
    """The entries of a YAML mapping in their order; an empty text has none.

    Scalars come back as text, null as None. Raises QuarantineError with the line for anything
    that is not a small plain mapping with text keys, each given once.
    """
    if len(text.encode()) > MAX_BYTES:
        raise QuarantineError(f"{what} is larger than {MAX_BYTES // 1024} KiB", first_line)
    try:
        _refuse_tricks(text, first_line, what)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = first_line + getattr(error.problem_mark, "line", 0)
        raise QuarantineError(f"{what} is not valid YAML: {error.problem}", line) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # an escape of no character
        raise QuarantineError(f"{what} is not valid YAML: {error}", first_line) from error
    if root is None or (isinstance(root, yaml.ScalarNode) and root.value in _NULLS):
        return []
    if not isinstance(root, yaml.MappingNode):
        raise QuarantineError(f"{what} must consist of `key: value` lines", first_line)
    return _entries(root, first_line, what)


def _refuse_tricks(text: str, first_line: int, what: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise QuarantineError(f"{what}: anchors and aliases are not supported", line)
        tag = getattr(event, "tag", None)
        if tag:  # only what carries a tag of its own has one here
            raise QuarantineError(f"{what}: the tag {tag[:40]!r} is not supported", line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise QuarantineError(f"{what} is nested too deeply", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _entries(node: yaml.MappingNode, first_line: int, what: str) -> list[Entry]:
    entries: list[Entry] = []
    seen: set[str] = set()
    for key, value in node.value:
        line = first_line + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise QuarantineError(f"{what}: a key must be text", line)
        if key.value in seen:
            raise QuarantineError(f"{what}: {key.value!r} is given twice", line)
        seen.add(key.value)
        entries.append(Entry(key.value, line, _value(value, first_line, what)))
    return entries


def _value(node: yaml.Node, first_line: int, what: str) -> Value:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, first_line, what) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {entry.key: entry.value for entry in _entries(node, first_line, what)}
    plain = node.style is None if isinstance(node, yaml.ScalarNode) else False
    text = str(node.value)
    return None if plain and text in _NULLS else text
