"""Cache of an issuer's public keys (JWKS), refreshed when keys rotate.

PyJWT's own client fetches at every request while the issuer is down, and blocks all threads
meanwhile. This cache limits the rate of requests whatever tokens claim.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

import jwt

from rag.errors import AuthenticationError

log = logging.getLogger(__name__)


class JwksCache:
    """Keys by id. `fetch` requests them and may raise jwt.PyJWTError or ValueError.

    Keys are valid for `lifetime` seconds, and for `grace` more while the issuer is unreachable;
    requests are at least `pause` seconds apart.
    """

    def __init__(
        self,
        fetch: Callable[[], jwt.PyJWKSet],
        lifetime: float,
        grace: float,
        pause: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._lifetime = lifetime
        self._grace = grace
        self._pause = pause
        self._clock = clock
        self._fetching = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = float("-inf")
        self._attempted = float("-inf")

    def key(self, key_id: str) -> jwt.PyJWK:
        """The signing key with this id. Raises AuthenticationError if the issuer has none."""
        if self._age() > self._lifetime:
            self._refresh(wait=self._age() > self._lifetime + self._grace)
        if key_id not in self._usable():
            self._refresh(wait=True)
        try:
            return self._usable()[key_id]
        except KeyError as error:
            raise AuthenticationError("the token is signed with an unknown key") from error

    def _usable(self) -> Mapping[str, jwt.PyJWK]:
        return self._keys if self._age() <= self._lifetime + self._grace else {}

    def _age(self) -> float:
        return self._clock() - self._fetched

    def _refresh(self, *, wait: bool) -> None:
        # A caller whose cached keys are still usable does not wait for another thread's request.
        if not self._fetching.acquire(blocking=wait):
            return
        try:
            if self._clock() - self._attempted >= self._pause:
                self._fetch_keys()
        finally:
            self._fetching.release()

    def _fetch_keys(self) -> None:
        self._attempted = self._clock()
        try:
            found = self._fetch()
        except (jwt.PyJWTError, ValueError, OSError) as error:
            log.error("the issuer's keys cannot be fetched", exc_info=error)
            return
        self._keys = {
            key.key_id: key
            for key in found.keys
            if key.key_id and key.public_key_use in ("sig", None) and key.key_type != "oct"
        }
        self._fetched = self._clock()


def fetching(url: str, timeout: float) -> Callable[[], jwt.PyJWKSet]:
    """A function that requests `url`, without redirects, with a timeout in seconds."""
    client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=timeout)
    return lambda: jwt.PyJWKSet.from_dict(client.fetch_data())
