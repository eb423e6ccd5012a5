"""Values of JSON that a caller sent, checked before they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rag.errors import InvalidPayload


def json_object(raw: object, field: str) -> Mapping[str, Any]:
    """A value that must be an object. Raises InvalidPayload, naming `field` or the whole body."""
    if not isinstance(raw, dict):
        raise InvalidPayload(field or "body", "must be a JSON object")
    return raw


def parse_json(text: str) -> Any:
    """The value of a JSON text, without halves of surrogate pairs, which no store takes.

    Raises ValueError, and RecursionError for a text that is nested too deeply.
    """
    value = json.loads(text)
    if "\\ud" not in text and "\\uD" not in text:
        return value
    whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return json.loads(whole)
