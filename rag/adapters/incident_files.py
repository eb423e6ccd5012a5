"""Incidents as files of the state folder: one folder each, readable by its owner alone.

`incident.json` says what it is, `facts.json` what is known of it. Both are replaced whole; a lock
file keeps processes that add inputs at the same time from losing one another's.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from rag.errors import InvalidPayload, StoreError
from rag.incidents.facts import Facts
from rag.incidents.incident import Incident

MAX_FACTS_BYTES = 48 * 1024**2  # of one incident: what a view must read at once
MAX_OPENER_BYTES = 1024**3  # of all incidents that one caller opened
_FEW_BYTES = 1024**2  # facts that are not worth a sum over all incidents
_ID = re.compile(r"[0-9a-z]{1,40}(?:-[0-9a-z]{1,40}){0,12}")
_MAX_ID_CHARS = 255  # of a file name
_INCIDENT = TypeAdapter(Incident)
_FACTS = TypeAdapter(Facts)
Value = TypeVar("Value")


class IncidentFiles:
    """The incidents below one folder, which is made when the first one is opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, incident: Incident) -> None:
        """Keep a new incident. Raises StoreError."""
        try:
            (self._folder / incident.id).mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise _failure(self._folder, error) from error
        self._write(incident.id, "incident.json", _INCIDENT, incident)
        self._write(incident.id, "facts.json", _FACTS, Facts())

    def get(self, incident_id: str) -> Incident | None:
        """One incident; None where there is none. Raises StoreError."""
        if len(incident_id) > _MAX_ID_CHARS or not _ID.fullmatch(incident_id):
            return None
        return self._read(incident_id, "incident.json", _INCIDENT)

    def list(self) -> tuple[Incident, ...]:
        """Every incident, the newest first. Raises StoreError."""
        if not self._folder.is_dir():
            return ()
        found = (self.get(one.name) for one in self._folder.iterdir() if one.is_dir())
        known = [one for one in found if one is not None]
        return tuple(sorted(known, key=lambda one: one.opened_at, reverse=True))

    def facts(self, incident_id: str) -> Facts:
        """What is known of an incident. Raises StoreError."""
        return self._read(incident_id, "facts.json", _FACTS) or Facts()

    def change_facts(self, incident_id: str, change: Callable[[Facts], Facts]) -> Facts:
        """Replace the facts, while no other process does.

        Raises InvalidPayload if they are too large, StoreError.
        """
        with self._locked(incident_id):
            facts = change(self.facts(incident_id))
            raw = _FACTS.dump_json(facts)
            self._check_size(incident_id, len(raw))
            self._write_bytes(incident_id, "facts.json", raw)
            return facts

    def _check_size(self, incident_id: str, size: int) -> None:
        if size > MAX_FACTS_BYTES:
            raise InvalidPayload(
                "content",
                f"the facts of this incident would have {size / 1024**2:.0f} MiB, and "
                f"{MAX_FACTS_BYTES // 1024**2} are the most: add only the hours and services that "
                "matter, or open another incident",
            )
        incident = self.get(incident_id)
        if size <= _FEW_BYTES or incident is None:
            return
        others = (
            self._folder / one.id / "facts.json"
            for one in self.list()
            if one.opened_by == incident.opened_by and one.id != incident_id
        )
        if size + sum(one.stat().st_size for one in others if one.exists()) > MAX_OPENER_BYTES:
            raise InvalidPayload(
                "content",
                f"the incidents of this caller would have more than {MAX_OPENER_BYTES // 1024**2} "
                "MiB; an administrator can remove old ones from the state folder",
            )

    def replace(self, incident: Incident) -> None:
        """Keep the new state of an incident. Raises StoreError."""
        with self._locked(incident.id):
            self._write(incident.id, "incident.json", _INCIDENT, incident)

    @contextmanager
    def _locked(self, incident_id: str) -> Iterator[None]:
        try:
            lock = os.open(self._folder / incident_id / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _failure(self._folder, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _read(self, incident_id: str, name: str, form: TypeAdapter[Value]) -> Value | None:
        path = self._folder / incident_id / name
        try:
            return form.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failure(path, error) from error
        except ValidationError as error:
            raise StoreError(
                f"{path} is damaged: move {path.parent} away, and open the incident again"
            ) from error

    def _write(self, incident_id: str, name: str, form: TypeAdapter[Any], value: object) -> None:
        self._write_bytes(incident_id, name, form.dump_json(value))

    def _write_bytes(self, incident_id: str, name: str, raw: bytes) -> None:
        path = self._folder / incident_id / name
        made = path.with_suffix(".new")
        try:
            made.touch(mode=0o600)
            made.write_bytes(raw)
            made.replace(path)
        except OSError as error:
            raise _failure(path, error) from error


def _failure(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be written or read ({error.strerror}): mend its owner, its mount or the "
        "room on its disk"
    )


class NoteFolder:
    """The folder in which notes are kept; None switches them off."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def write(self, incident: Incident, text: str) -> str:
        """Keep a note; returns its file name, empty where notes are off. Raises StoreError."""
        if self._folder is None:
            return ""
        path = self._folder / f"{incident.id}.md"
        made = path.with_suffix(".new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made.touch(mode=0o600)
            made.write_text(text, encoding="utf-8")
            made.replace(path)
        except OSError as error:
            raise _failure(path, error) from error
        return path.name
