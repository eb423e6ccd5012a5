"""What was asked last at this command line, for `runbook ask --follow`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

_FILE = "last_questions.json"
_MAX_KEPT = 4


def read_last_questions(state_folder: Path) -> list[str]:
    """The questions of the conversation so far, the first one first; empty if there is none."""
    try:
        kept = json.loads((state_folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in kept if isinstance(one, str)] if isinstance(kept, list) else []


def keep_questions(state_folder: Path, questions: Sequence[str]) -> None:
    """Keep these questions, readable for this user alone; on a full disk nothing is kept."""
    text = json.dumps(questions[-_MAX_KEPT:], ensure_ascii=True)
    partial = state_folder / f"{_FILE}.{os.getpid()}"
    with contextlib.suppress(OSError):
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        partial.replace(state_folder / _FILE)
