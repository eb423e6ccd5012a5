"""Secrets that the service makes for itself and keeps in the state folder."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

_SECRET_BYTES = 32


def secret_of(path: Path) -> bytes:
    """The 32 random bytes in this file, which is created on first use, readable by its owner only.

    Processes that create it at the same time all read the same secret.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        created = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        created.touch(mode=0o600)
        created.write_bytes(secrets.token_bytes(_SECRET_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(created)  # complete or absent; the first process wins
        created.unlink()
    return path.read_bytes()
