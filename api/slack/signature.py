"""Whether a request was signed by Slack, just now, and is seen for the first time.

The scheme is Slack's `v0`: HMAC-SHA256 of `v0:<timestamp>:<raw body>` under the signing secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable

from api.used_ids import UsedIds
from rag.errors import AuthenticationError

# Older requests are refused, as Slack advises; younger ones are remembered, and refused once seen.
MAX_AGE_SECONDS = 300
# Its timestamp may be as far ahead: so long a request could be sent again.
REPLAY_SECONDS = 2 * MAX_AGE_SECONDS
_MAX_REMEMBERED = 100_000
_MAX_DIGITS = 12
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class SignatureCheck:
    """Checks requests against one secret; safe to share between threads.

    `used` keeps the signatures that other processes of the service have seen as well.
    """

    def __init__(self, secret: str, now: Callable[[], float], used: UsedIds | None = None) -> None:
        self._secret = secret.encode()
        self._now = now
        self._used = used
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def check_headers(self, timestamp: str, signature: str) -> None:
        """Refuse what cannot be Slack's before its body is read; raises AuthenticationError."""
        if not _SIGNATURE.fullmatch(signature):
            raise AuthenticationError("the signature is not of Slack's form")
        self._check_age(timestamp)

    def check(self, timestamp: str, signature: str, body: bytes) -> None:
        """Returns when the request is Slack's own and new; raises AuthenticationError."""
        expected = signature_of(self._secret, timestamp, body)
        # Compared as bytes: a header may hold what is not ASCII.
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise AuthenticationError("the signature is not Slack's")
        self._refuse_replay(expected, self._check_age(timestamp))

    def _check_age(self, timestamp: str) -> float:
        """The time now, unless that of the request is too far from it."""
        now = self._now()
        if abs(now - _seconds(timestamp)) > MAX_AGE_SECONDS:
            raise AuthenticationError("the request was signed too long ago")
        return now

    def _refuse_replay(self, signature: str, now: float) -> None:
        with self._lock:
            self._forget(now)
            if signature in self._seen:
                raise AuthenticationError("the request was seen before")
            if len(self._seen) >= _MAX_REMEMBERED:
                raise AuthenticationError("too many requests to remember them all")
            self._seen[signature] = now + REPLAY_SECONDS
        if self._used is not None and not self._used.use(signature):
            raise AuthenticationError("the request was seen before")

    def _forget(self, now: float) -> None:
        """Drop what has grown too old to be sent again; the oldest were put in first."""
        while self._seen and next(iter(self._seen.values())) < now:
            del self._seen[next(iter(self._seen))]


def signature_of(secret: bytes, timestamp: str, body: bytes) -> str:
    """The `X-Slack-Signature` of a request."""
    signed = b"v0:" + timestamp.encode("utf-8", "replace") + b":" + body
    return "v0=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()


def _seconds(timestamp: str) -> int:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MAX_DIGITS):
        raise AuthenticationError("the timestamp is not a number of seconds")
    return int(timestamp)
