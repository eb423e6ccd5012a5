"""HTTP/1.1 parsing that refuses every request whose end two parsers could see at different places.

h11 accepts a body that has both a Content-Length and a Transfer-Encoding, header lines that go on
in the next line (obs-fold) and lines that end with a bare LF, as RFC 9112 permits. A proxy in front
that reads any of them differently lets one caller put the start of a second request into the body
of the first (request smuggling), so they are refused here. h11 itself refuses conflicting lengths,
other transfer codings than `chunked`, bare CR, NUL, spaces before a colon and malformed chunks.
"""

from __future__ import annotations

import re

import h11

_HEAD_END = b"\r\n\r\n"
_LENIENT_LINE = re.compile(rb"(?<!\r)\n|\n[ \t]")
_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})


class StrictConnection(h11.Connection):
    """An h11 connection that raises h11.RemoteProtocolError for ambiguous requests too."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event of the connection. Raises h11.RemoteProtocolError."""
        if self.their_state is h11.IDLE:
            _refuse_lenient_lines(self.trailing_data[0])
        event = super().next_event()
        if isinstance(event, h11.Request):
            _refuse_ambiguous_length(event)
        return event


def _refuse_lenient_lines(received: bytes) -> None:
    # A head that ends with anything but CR LF CR LF has a bare LF before that.
    if _LENIENT_LINE.search(received.partition(_HEAD_END)[0] + b"\r\n"):
        raise h11.RemoteProtocolError("header lines must end with CR LF and be one line each")


def _refuse_ambiguous_length(request: h11.Request) -> None:
    named = {name for name, _ in request.headers} & _LENGTHS
    if len(named) > 1:
        raise h11.RemoteProtocolError("Content-Length and Transfer-Encoding exclude each other")
    if b"transfer-encoding" in named and request.http_version < b"1.1":
        raise h11.RemoteProtocolError("HTTP/1.0 has no Transfer-Encoding")
