"""Encryption of what the web pages keep in cookies."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

# A cookie with more than a browser stores (4096 bytes with its attributes) was not made here.
_MAX_COOKIE = 4096
_ATTRIBUTE_BYTES = 200


class CookieTooLarge(Exception):
    """Browsers would not store the cookie."""


class CookieCipher:
    """Encrypts and authenticates JSON objects, and says when a cookie is too old.

    `secret` provides 32 bytes, and is called when the first cookie is read or written.
    """

    def __init__(self, secret: Callable[[], bytes], clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    def now(self) -> int:
        """Unix time in seconds."""
        return int(self._clock())

    def encrypt(self, data: Mapping[str, Any]) -> str:
        """The cookie's value. Raises CookieTooLarge."""
        text = json.dumps(data, separators=(",", ":")).encode()
        sealed = self._fernet.encrypt_at_time(text, self.now()).decode()
        if len(sealed) > _MAX_COOKIE - _ATTRIBUTE_BYTES:
            raise CookieTooLarge
        return sealed

    def decrypt(self, cookie: str | None, seconds: int) -> dict[str, Any] | None:
        """What a cookie holds; None if it is missing, altered, or older than `seconds`."""
        if cookie is None or len(cookie) > _MAX_COOKIE:
            return None
        try:
            data = json.loads(self._fernet.decrypt_at_time(cookie, seconds, self.now()))
        except (InvalidToken, ValueError):
            return None
        return data if isinstance(data, dict) else None

    @cached_property
    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._secret()))
