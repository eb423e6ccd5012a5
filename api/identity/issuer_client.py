"""Requests to an OpenID Connect issuer: its published addresses, and codes for tokens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from api.settings.access import fetchable
from rag.errors import AuthenticationError

_WELL_KNOWN = "/.well-known/openid-configuration"
_LIFETIME_SECONDS = 3600
_PAUSE_SECONDS = 10  # after a failure, before the issuer is asked again
# Discovery documents and token responses take a few kilobytes; a token at most 16.
_MAX_RESPONSE = 256 * 1024
_REFUSED = "the issuer did not accept the code"


class IssuerUnavailable(AuthenticationError):
    """The issuer cannot be reached, or does not publish what a sign-in needs."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where browsers are sent to sign in, and where a code is exchanged for tokens."""

    authorization: str
    token: str


class IssuerClient:
    """Requests without redirects, each with a timeout in seconds.

    The issuer's addresses are kept for an hour.
    """

    def __init__(
        self,
        issuer: str,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._timeout = timeout
        self._clock = clock
        self._endpoints: Endpoints | None = None
        self._fetched = float("-inf")
        self._failed = float("-inf")
        self._fetching = threading.Lock()

    def endpoints(self) -> Endpoints:
        """The published addresses. Raises IssuerUnavailable."""
        with self._fetching:
            if self._endpoints is None or self._clock() - self._fetched > _LIFETIME_SECONDS:
                self._endpoints = self._refreshed()
            return self._endpoints

    def exchange(self, fields: Mapping[str, str], auth: tuple[str, str] | None) -> str:
        """The ID token for a code. Raises AuthenticationError, IssuerUnavailable among them."""
        endpoint = self.endpoints().token
        status, found = self._requested("POST", endpoint, data=dict(fields), auth=auth)
        token = found.get("id_token")
        if status != httpx.codes.OK or not isinstance(token, str):
            raise AuthenticationError(f"{_REFUSED}: status {status}")
        return token

    @cached_property
    def _http(self) -> httpx.Client:
        return httpx.Client(timeout=self._timeout, follow_redirects=False)

    def _refreshed(self) -> Endpoints:
        if self._clock() - self._failed < _PAUSE_SECONDS:
            raise IssuerUnavailable("the issuer could not be reached a moment ago")
        try:
            found = self._discovered()
        except IssuerUnavailable:
            self._failed = self._clock()
            raise
        self._fetched = self._clock()
        return found

    def _discovered(self) -> Endpoints:
        url = self._issuer.rstrip("/") + _WELL_KNOWN
        status, found = self._requested("GET", url)
        if status != httpx.codes.OK or found.get("issuer") != self._issuer:
            raise IssuerUnavailable(f"{url} does not describe the issuer {self._issuer}")
        methods = found.get("code_challenge_methods_supported", ["S256"])
        if not isinstance(methods, list) or "S256" not in methods:
            raise IssuerUnavailable(f"{url}: the issuer does not support PKCE with S256")
        return Endpoints(
            _address(found, "authorization_endpoint"), _address(found, "token_endpoint")
        )

    def _requested(self, method: str, url: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        """The status and JSON object of a response, {} for a body that is none."""
        try:
            with (
                self._http.stream(
                    method, url, headers={"Accept": "application/json"}, **more
                ) as got,
            ):
                body = b""
                for part in got.iter_bytes():
                    body += part
                    if len(body) > _MAX_RESPONSE:
                        raise IssuerUnavailable(f"{url} answered with more than it may")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise IssuerUnavailable(f"{url} cannot be reached") from error
        return got.status_code, _json_object(body)


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _address(found: Mapping[str, Any], name: str) -> str:
    try:
        return fetchable(str(found[name]))
    except (KeyError, ValueError) as error:
        raise IssuerUnavailable(f"the issuer publishes no {name} that uses https") from error
