"""The reference of every setting, rendered from the settings' models as Markdown.

`python -m api.settings.reference > docs/configuration.md` writes it; a test keeps it current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from api.settings.whole import Settings

_HEADER = """\
# Configuration reference

Every key of `runbook.toml`, with its type and default. `python -m api.settings.reference` writes
this page from the settings: change those, not this file.

An environment variable overrides a key: `RUNBOOK_`, the table and the key, joined by two
underscores, as in `RUNBOOK_SERVER__PORT=9000`. Lists and tables are given as JSON. An unknown key
is an error. [operating.md](operating.md) says when to change what.
"""
# Set by the program, not by users.
_INTERNAL = frozenset({"directory", "read_from"})

Schema = Mapping[str, Any]


def render_reference() -> str:
    """The whole page."""
    schema = Settings.model_json_schema()
    definitions = schema["$defs"]
    fields = {name: field for name, field in schema["properties"].items() if name not in _INTERNAL}
    plain = {name: field for name, field in fields.items() if not _model(field, definitions)}
    parts = [_HEADER, _table(plain, (), definitions)]
    for name, field in fields.items():
        if (model := _model(field, definitions)) is not None:
            parts += _sections(name, field, model, definitions)
    return "\n".join(parts)


def _sections(name: str, field: Schema, model: Schema, definitions: Schema) -> Iterator[str]:
    """A table of the file, then the tables within it."""
    heading = f"[[{name}]]" if field.get("type") == "array" else f"[{name}]"
    yield f"## `{heading}`\n"
    if (description := model.get("description")) is not None:
        yield f"{description}\n"
    fields: Schema = model["properties"]
    nested = {key: found for key, one in fields.items() if (found := _model(one, definitions))}
    plain = {key: one for key, one in fields.items() if key not in nested}
    if plain:
        yield _table(plain, model.get("required", ()), definitions)
    for key, found in nested.items():
        yield from _sections(f"{name}.{key}", fields[key], found, definitions)


def _table(fields: Schema, required: Any, definitions: Schema) -> str:
    rows = [
        f"| `{name}` | {_type(field, definitions)} | {_default(name, field, required)} |"
        for name, field in fields.items()
    ]
    return "\n".join(["| key | type | default |", "| --- | --- | --- |", *rows]) + "\n"


def _model(field: Schema, definitions: Schema) -> Schema | None:
    """The table that a key holds, or a list of which it holds; None for a plain value."""
    choices = [field, *field.get("anyOf", ()), field.get("items", {})]
    for choice in choices:
        if "$ref" in choice:
            found: Schema = definitions[choice["$ref"].rpartition("/")[2]]
            return found if found.get("type") == "object" else None
    return None


def _type(field: Schema, definitions: Schema) -> str:
    if "$ref" in field:
        return _type(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        named = [_type(choice, definitions) for choice in field["anyOf"]]
        return " or ".join(dict.fromkeys(name for name in named if name != "null"))
    if "enum" in field or "const" in field:
        values = field.get("enum", [field.get("const")])
        return "one of " + ", ".join(f"`{value}`" for value in values)
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    if field.get("type") == "object":
        values = field.get("additionalProperties", {})
        return f"table of {_type(values if isinstance(values, dict) else {}, definitions)}"
    return f"{field.get('format') or field.get('type', 'value')}{_bounds(field)}"


def _bounds(field: Schema) -> str:
    """The limits of a number, such as ` >= 1, <= 100`."""
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    found = [f"{sign} {field[key]:g}" for key, sign in signs.items() if key in field]
    return f" {', '.join(found)}" if found else ""


def _default(name: str, field: Schema, required: Any) -> str:
    if name in required:
        return "required"
    default = field.get("default")
    if default in (None, [], {}, ""):
        return "none"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


if __name__ == "__main__":
    print(render_reference(), end="")
