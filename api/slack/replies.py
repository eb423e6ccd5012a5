"""Posting a late answer to the address that Slack gave for it, and to no other place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from rag.errors import DeliveryError, PermissionDenied

_TIMEOUT_SECONDS = 10


class ReplySender:
    """Posts to `response_url`s of the allowed origins; it follows no redirect and no proxy."""

    def __init__(self, origins: frozenset[str]) -> None:
        self._origins = origins

    def send(self, url: str, message: Mapping[str, object]) -> None:
        """Raises PermissionDenied for another place, DeliveryError when it cannot be reached."""
        host, path, secure = self._target(url)
        connect = HTTPSConnection if secure else HTTPConnection
        connection = connect(host, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(
                "POST", path, json.dumps(message), {"Content-Type": "application/json"}
            )
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise DeliveryError("an answer could not be posted to Slack") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise DeliveryError(f"Slack refused an answer with status {status}")

    def allows(self, url: str) -> bool:
        """Whether `url` leads to an allowed origin."""
        try:
            self._target(url)
        except PermissionDenied:
            return False
        return True

    def _target(self, url: str) -> tuple[str, str, bool]:
        refused = PermissionDenied("the response_url is not Slack's")
        if not url.isascii() or not url.isprintable() or " " in url:
            raise refused
        try:
            parts = urlsplit(url)
        except ValueError:
            raise refused from None
        # Scheme and host are compared exactly, so that a user, a port or other case is refused.
        if f"{parts.scheme}://{parts.netloc}" not in self._origins:
            raise refused
        path = parts.path or "/"
        return (
            parts.netloc,
            f"{path}?{parts.query}" if parts.query else path,
            parts.scheme == "https",
        )
