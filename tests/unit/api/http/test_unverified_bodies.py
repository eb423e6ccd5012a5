"""The budget of bodies whose sender is not known yet. No test waits for real time to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from api.http.unverified_bodies import UnverifiedBodies

NEVER = 3600.0


class Sender:
    """A client that sends its body when it is told to."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.request = Request({"type": "http", "headers": []}, self.messages.get)

    def finish(self, body: bytes) -> None:
        self.messages.put_nowait({"type": "http.request", "body": body, "more_body": False})


class Arrivals:
    """Bodies on their way within one budget."""

    def __init__(self, **budget: Any) -> None:
        self.dropped = 0
        self._bodies = UnverifiedBodies(**budget, dropped=self._count)

    def _count(self) -> None:
        self.dropped += 1

    async def begin(self, address: str) -> tuple[Sender, asyncio.Task[bytes]]:
        sender = Sender()
        task = asyncio.create_task(self._bodies.read(sender.request, address))
        await asyncio.sleep(0)  # the task runs until it waits for the body
        return sender, task


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


async def status_of(task: asyncio.Task[bytes]) -> int:
    with pytest.raises(HTTPException) as caught:
        await task
    assert caught.value.headers is not None
    assert caught.value.headers["Connection"] == "close"
    return caught.value.status_code


def test_a_new_body_takes_the_place_of_the_longest_wait_of_its_address() -> None:
    async def scenario() -> None:
        arrivals = Arrivals(total=10, per_address=2, seconds=NEVER)
        other = await arrivals.begin("192.0.2.9")
        first, second, third = [await arrivals.begin("192.0.2.1") for _ in range(3)]
        assert await status_of(first[1]) == 429
        for sender, task in (other, second, third):
            sender.finish(b"signed")
            assert await task == b"signed"
        assert arrivals.dropped == 1

    run(scenario())


def test_a_new_body_takes_the_place_of_the_longest_wait_of_all() -> None:
    async def scenario() -> None:
        arrivals = Arrivals(total=3, per_address=2, seconds=NEVER)
        held = [await arrivals.begin(f"192.0.2.{number}") for number in range(4)]
        assert await status_of(held[0][1]) == 429
        assert not any(task.done() for _, task in held[1:])
        for sender, task in held[1:]:
            sender.finish(b"")
            assert await task == b""

    run(scenario())


def test_addresses_of_one_ipv6_network_share_their_places() -> None:
    async def scenario() -> None:
        arrivals = Arrivals(total=10, per_address=1, seconds=NEVER)
        first = await arrivals.begin("2001:db8::1")
        sender, task = await arrivals.begin("2001:db8::2")
        assert await status_of(first[1]) == 429
        sender.finish(b"x")
        assert await task == b"x"

    run(scenario())


def test_a_place_is_given_back_however_the_reading_ends() -> None:
    async def scenario() -> None:
        arrivals = Arrivals(total=1, per_address=1, seconds=NEVER)
        for ending in ("finish", "disconnect", "cancel"):
            sender, task = await arrivals.begin("192.0.2.1")
            if ending == "finish":
                sender.finish(b"x")
            elif ending == "disconnect":
                sender.messages.put_nowait({"type": "http.disconnect"})
            else:
                task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() or task.result() == b"x"
        assert arrivals.dropped == 0

    run(scenario())


def test_a_body_that_takes_too_long_is_given_up() -> None:
    async def scenario() -> None:
        arrivals = Arrivals(total=1, per_address=1, seconds=0.001)
        _, task = await arrivals.begin("192.0.2.1")
        assert await status_of(task) == 408
        assert arrivals.dropped == 0

    run(scenario())
