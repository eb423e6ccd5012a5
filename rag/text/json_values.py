"""Values of JSON that a caller sent, checked before they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.errors import InvalidPayload


def json_object(raw: object, field: str) -> Mapping[str, Any]:
    """A value that must be an object. Raises InvalidPayload, naming `field` or the whole body."""
    if not isinstance(raw, dict):
        raise InvalidPayload(field or "body", "must be a JSON object")
    return raw
