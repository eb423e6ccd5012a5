"""What a request came to: the status of its answer, or that its client went away before the end."""

from __future__ import annotations

from starlette.types import Message, Receive, Send

# No status of HTTP: nobody was there to answer. The number is nginx's.
CLIENT_CLOSED_REQUEST = 499


class Outcome:
    """Watches the messages of one request; hand on `receive` and `send` in place of its own."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._status = 500  # an application that answers nothing has failed
        self._complete = False
        self.disconnected = False

    @property
    def status(self) -> int:
        """The status of the answer, CLIENT_CLOSED_REQUEST when its client did not wait for it."""
        return CLIENT_CLOSED_REQUEST if self.disconnected else self._status

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._complete:
            self.disconnected = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif not message.get("more_body", False):
            self._complete = True
        await self._send(message)
