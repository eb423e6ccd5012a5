"""Posting a body to one configured address: signed, in limited time, with retries.

Only the configured origin is contacted: no redirect is followed, no proxy of the environment is
used, and of an answer nothing but its status and `Retry-After` is read. The address may be a secret
(Slack's are), so no error and no log line names it.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import tenacity

from rag.errors import DeliveryError

_FIRST_WAIT_SECONDS = 1.0
_MAX_WAIT_SECONDS = 60.0
_RETRIED = frozenset({408, 425, 429})  # besides those of the server's own errors


@dataclass(frozen=True, slots=True)
class Address:
    """Where to post. `secret` signs; `timeout` is for one attempt, in seconds."""

    url: str
    secret: str | None = None
    timeout: float = 10.0
    retries: int = 4


class _Retriable(DeliveryError):
    """A failure that another attempt may not meet; `after` is the receiver's Retry-After."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Delivery:
    """Posts to one address; `stop` ends its waiting, for good."""

    def __init__(self, address: Address, now: Callable[[], float] = time.time) -> None:
        self._address = address
        self._now = now
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def post(self, body: bytes) -> None:
        """Raises DeliveryError when every attempt failed, or none more would help."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Retriable),
            stop=tenacity.stop_after_attempt(self._address.retries + 1)
            | tenacity.stop_when_event_set(self._stopped),
            wait=_wait_seconds,
            sleep=tenacity.sleep_using_event(self._stopped),
            reraise=True,
        )
        attempts(self._attempt, body)

    def _attempt(self, body: bytes) -> None:
        try:
            status, after = self._status(body)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            raise _Retriable(f"the receiver was not reached: {type(error).__name__}") from error
        if status in _RETRIED or status >= 500:
            raise _Retriable(f"the receiver answered with status {status}", after)
        if not 200 <= status < 300:
            raise DeliveryError(f"the receiver refused it with status {status}")

    def _status(self, body: bytes) -> tuple[int, float | None]:
        with httpx.Client(
            timeout=self._address.timeout, follow_redirects=False, trust_env=False
        ) as client:
            # The client's own limit is for each read: a receiver that sends a byte now and then
            # would never meet it.
            watchdog = threading.Timer(2 * self._address.timeout, client.close)
            watchdog.daemon = True
            watchdog.start()
            try:
                with client.stream(
                    "POST", self._address.url, content=body, headers=self._headers(body)
                ) as answer:
                    return answer.status_code, _retry_after(answer)
            finally:
                watchdog.cancel()

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "runbook-search"}
        if self._address.secret is not None:
            timestamp = str(int(self._now()))
            headers["X-Runbook-Timestamp"] = timestamp
            headers["X-Runbook-Signature"] = signature(self._address.secret, timestamp, body)
        return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the hexadecimal HMAC-SHA256 of `v1:<timestamp>:<body>` under the secret."""
    signed = b"v1:" + timestamp.encode() + b":" + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_of_origin(url: str, origin: str) -> bool:
    """Whether an address is of exactly this scheme, host and port, and names no user."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return plain and f"{parts.scheme}://{parts.netloc}" == origin


def _wait_seconds(state: tenacity.RetryCallState) -> float:
    """What the receiver asks for, else exponential backoff with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Retriable) and error.after is not None:
        return min(error.after, _MAX_WAIT_SECONDS)
    backoff = tenacity.wait_exponential_jitter(_FIRST_WAIT_SECONDS, _MAX_WAIT_SECONDS)
    return backoff(state)


def _retry_after(answer: httpx.Response) -> float | None:
    raw = answer.headers.get("retry-after", "")
    return float(raw) if raw.isascii() and raw.isdigit() and len(raw) < 6 else None
