"""How many processor cores a process of the service may use for questions."""

from __future__ import annotations

import os

from api.settings import Settings


def cores_of(settings: Settings) -> int:
    """All of the machine, or the part of one worker where several answer."""
    return max(1, (os.cpu_count() or 1) // settings.server.workers)
