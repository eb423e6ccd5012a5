"""Listening sockets that are bound before the processes that serve them are started."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from rag.errors import ServiceNotStarted

# As many as the library takes; the system may lower it (net.core.somaxconn).
_BACKLOG = 2048


def listen(host: str, port: int) -> Sequence[socket.socket]:
    """Non-blocking sockets that listen on every address of `host`. Raises ServiceNotStarted."""
    sockets: list[socket.socket] = []
    try:
        for address in _addresses(host, port):
            sockets.append(_listening_socket(*address))
    except OSError as error:
        for one in sockets:
            one.close()
        raise ServiceNotStarted(cannot_listen(host, port, error)) from error
    return sockets


def cannot_listen(host: str, port: int, error: OSError) -> str:
    """What is wrong, and what to do about it."""
    return (
        f"cannot listen on {address_text(host, port)}: {error.strerror or error}. Stop what "
        "listens there, or choose another address with --host and --port (`server` in "
        "runbook.toml)"
    )


def address_text(host: str, port: int) -> str:
    """As in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(host: str, port: int) -> Sequence[tuple[socket.AddressFamily, tuple[object, ...]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _listening_socket(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(_BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
