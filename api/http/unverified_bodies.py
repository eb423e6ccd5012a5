"""Bodies that must be read before it is known who sent them, because their signature covers them.

Anybody can send such a body, so they have a budget of their own, apart from that of authenticated
requests: so many at once from one address and in all, for so many seconds each. When it is used up,
the body that has been on its way longest, of the address for its own limit, gives its place to the
new one: an honest sender's body arrives within milliseconds of its head.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.compose.services import Services
from api.http.authentication import caller_address
from api.identity.client_address import network_of

_CLOSE = {"Connection": "close"}
_TRY_AGAIN = {**_CLOSE, "Retry-After": "1"}


class UnverifiedBodies:
    """The budget of one application. Use it from one event loop."""

    def __init__(
        self, *, total: int, per_address: int, seconds: float, dropped: Callable[[], None]
    ) -> None:
        """`dropped` is called for each body that gave its place to another."""
        self._total = total
        self._per_address = per_address
        self._seconds = seconds
        self._dropped = dropped
        # In order of arrival, each with the network that it comes from.
        self._arriving: dict[asyncio.Timeout, str] = {}

    async def read(self, request: Request, address: str | None) -> bytes:
        """The whole body, sent from `address`.

        Raises HTTPException 413 as for every body, 408 when it takes too long, 429 when its place
        was given to another, and ClientDisconnect.
        """
        network = network_of(address)
        self._make_room(network)
        timeout = asyncio.timeout(self._seconds)
        self._arriving[timeout] = network
        try:
            async with timeout:
                return await request.body()
        except TimeoutError as error:
            if timeout in self._arriving:
                raise HTTPException(408, headers=_CLOSE) from error
            raise HTTPException(429, headers=_TRY_AGAIN) from error
        finally:
            self._arriving.pop(timeout, None)

    def _make_room(self, network: str) -> None:
        same = [one for one, origin in self._arriving.items() if origin == network]
        if len(same) >= self._per_address:
            self._drop(same[0])
        elif len(self._arriving) >= self._total:
            self._drop(next(iter(self._arriving)))

    def _drop(self, timeout: asyncio.Timeout) -> None:
        del self._arriving[timeout]
        timeout.reschedule(asyncio.get_running_loop().time())
        self._dropped()


async def read_unverified_body(request: Request, services: Services) -> bytes:
    """The whole body, within the budget of the application; raises as `UnverifiedBodies.read`."""
    bodies: UnverifiedBodies = request.app.state.unverified_bodies
    return await bodies.read(request, caller_address(request, services))
