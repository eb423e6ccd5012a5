"""What a child read, as bytes; the parent accepts it only if every value has its type."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Value = TypeVar("Value")


def encode(value: object) -> bytes:
    """A value of frozen dataclasses as JSON. Raises UnicodeEncodeError for half a character."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def decode_as(kind: type[Value], data: bytes) -> Value:
    """The value again. Raises ValueError where it is not exactly a `kind`."""
    adapter = _ADAPTERS.get(kind) or _ADAPTERS.setdefault(kind, _adapter(kind))
    made: Value = adapter.validate_json(data, strict=True)
    return made


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # the child that encodes has no need of it

    return TypeAdapter(kind)


def _plain(value: Any) -> object:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    convert = _CONVERTED.get(type(value))
    if convert is None:
        raise TypeError(f"no JSON is made of {type(value).__name__}")
    return convert(value)


_CONVERTED: dict[type, Callable[[Any], object]] = {
    frozenset: sorted,
    date: date.isoformat,
    timedelta: lambda period: f"PT{period.total_seconds():.0f}S",  # as ISO 8601 writes it
}
