"""A request counts against the limit of the service while it is worked on, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message, Scope

from api.http.load_limit import LoadLimit
from api.http.problems import exception_handlers
from api.http.request_scope import RequestScope

NEVER = 3600.0
END: Message = {"type": "http.request", "body": b"", "more_body": False}


class Service:
    """An application that reads a body, then works until it is let go."""

    def __init__(self, in_flight: int) -> None:
        self.working = 0
        self.go = asyncio.Event()
        self.app = Starlette(
            routes=[Route("/work", self._work, methods=["POST"])],
            middleware=[Middleware(RequestScope), Middleware(LoadLimit, in_flight, NEVER)],
            exception_handlers=exception_handlers(),
        )

    async def _work(self, request: Request) -> JSONResponse:
        await request.body()
        self.working += 1
        await self.go.wait()
        return JSONResponse({})

    async def begin(self, *messages: Message) -> Call:
        call = Call()
        for message in messages:
            call.sent.put_nowait(message)
        call.task = asyncio.create_task(self.app(call.scope, call.sent.get, call.send))
        await settled()
        return call


class Call:
    """One request, message by message; `reading` says whether its client takes the answer."""

    task: asyncio.Task[None]

    def __init__(self) -> None:
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        self.status = 0
        self.scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/work",
            "headers": [],
            "query_string": b"",
        }

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        self.status = message.get("status", self.status)


async def settled() -> None:
    """Every task has run as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


def test_bodies_on_their_way_take_no_place() -> None:
    async def scenario() -> None:
        service = Service(in_flight=1)
        slow = [await service.begin() for _ in range(5)]
        quick = await service.begin(END)
        assert service.working == 1
        refused = await service.begin(END)
        assert refused.status == 503
        service.go.set()
        await quick.task
        for call in slow:
            call.sent.put_nowait(END)
            await call.task
        assert [call.status for call in (quick, *slow)] == [200] * 6

    run(scenario())


def test_a_body_that_comes_when_every_place_is_taken_is_refused() -> None:
    async def scenario() -> None:
        service = Service(in_flight=1)
        slow = await service.begin()
        working = await service.begin(END)
        slow.sent.put_nowait(END)
        await slow.task
        assert (slow.status, service.working) == (503, 1)
        service.go.set()
        await working.task
        after = await service.begin(END)
        await after.task
        assert after.status == 200

    run(scenario())


def test_answers_that_nobody_reads_take_no_place() -> None:
    async def scenario() -> None:
        service = Service(in_flight=1)
        service.go.set()
        stalled = []
        for _ in range(3):
            call = await service.begin()
            call.reading.clear()
            call.sent.put_nowait(END)
            await settled()
            stalled.append(call)
        quick = await service.begin(END)
        assert (quick.status, service.working) == (200, 4)
        for call in stalled:
            call.reading.set()
            await call.task
            assert call.status == 200

    run(scenario())
