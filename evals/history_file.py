"""A file of records, one JSON line each, of which the newest is the last."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

_Record = TypeVar("_Record")
HISTORY_FILE = "history.jsonl"
# A line has at most about 5,000 bytes, so this many bytes contain the last line.
_TAIL_BYTES = 65536


def replace_file(path: Path, text: str) -> None:
    """Replace a file as a whole, so that a reader sees all of it. Raises OSError.

    Its owner alone may read it, and its folder where that has to be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text.encode())
    partial.replace(path)


@dataclass(frozen=True, slots=True)
class HistoryFile(Generic[_Record]):
    """Reads the records of a folder; a missing file has none, and invalid lines are skipped."""

    folder: Path
    record: TypeAdapter[_Record]

    @property
    def path(self) -> Path:
        return self.folder / HISTORY_FILE

    def lines(self) -> list[str]:
        """As they stand in the file, oldest first."""
        try:
            return self.path.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def records(self) -> list[_Record]:
        """Oldest first."""
        return list(self._read(self.lines()))

    def last(self) -> _Record | None:
        """The newest; the beginning of a long file is not read."""
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - _TAIL_BYTES))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return None
        return next(self._read(lines[::-1]), None)

    def _read(self, lines: Sequence[str]) -> Iterator[_Record]:
        for line in lines:
            try:
                yield self.record.validate_json(line)
            except ValidationError:
                continue  # skip a line that a crash truncated
