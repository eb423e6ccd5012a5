"""A connector's documents as files in a folder, with what the system says about each.

The manifest is written last: a file that it does not vouch for, byte for byte, is not indexed.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ingest.formats import SUFFIXES
from ingest.reading.acl_rules import EffectiveAcl, Resolve
from ingest.sources.connectors.port import Connector, RemoteDocument
from ingest.sources.walk import Problem
from rag.access.acl import parse_tag, parse_tags, readers_of_both
from rag.domain.documents import AclOrigin, content_hash
from rag.errors import InvalidTag, QuarantineError, RunbookError, StoreError

log = logging.getLogger(__name__)
MANIFEST = ".runbook-mirror.json"
_MAX_NAME_BYTES = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a system says of a document, and the hash of the bytes that it says it of."""

    revision: str
    updated_at: datetime
    acl: frozenset[str] | None
    url: str | None
    content_hash: str


class Mirror:
    """The manifest of a folder: what may be believed of its files."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    @classmethod
    def read(cls, folder: Path) -> Mirror:
        return cls(_read_manifest(folder))

    def entry(self, path: str, data: bytes) -> Entry:
        """What is known of a file. Raises QuarantineError where it is not the one vouched for."""
        found = self._entries.get(path)
        if found is None or found.content_hash != content_hash(data):
            raise QuarantineError(
                "this file of a mirror is not as its system sent it; ingest the whole source again"
            )
        return found

    def url(self, path: str) -> str | None:
        """Where a person reads the document."""
        found = self._entries.get(path)
        return found.url if found else None

    def limited(self, path: str, acl: frozenset[str] | None) -> frozenset[str] | None:
        """An ACL, never wider than the system's own; None where neither says anything."""
        found = self._entries.get(path)
        given = frozenset[str]() if found is None else found.acl
        if given is None or acl is None:
            return acl if given is None else given
        return readers_of_both(given, acl)

    def resolving(self, resolve: Resolve) -> Resolve:
        """The same, under what the system says: its word counts, and a document may narrow it."""

        def limited(path: str, own: frozenset[str] | None) -> EffectiveAcl:
            found = self._entries.get(path)
            if found is not None and found.acl is None:
                return resolve(path, own)
            acl = self.limited(path, own) or frozenset()
            return EffectiveAcl(acl, AclOrigin.SOURCE if own is None else AclOrigin.DOCUMENT)

        return limited


@dataclass(slots=True)
class _Refresh:
    """One pass over a connector's documents."""

    folder: Path
    before: Mapping[str, Entry]
    max_bytes: int
    now: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def take(self, document: RemoteDocument) -> None:
        """Write a document that is new or changed, and note what is said of it."""
        try:
            if document.path in self.now:
                raise QuarantineError("two documents of the source have this path")
            _check_path(document.path)
            self.now[document.path] = self._entry(document)
        except QuarantineError as error:
            self.problems.append(Problem(_printable(document.path), error.reason))
            self._keep(document)

    def _entry(self, document: RemoteDocument) -> Entry:
        acl = _checked(document.acl)
        held = self.before.get(document.path)
        if document.data is None:
            if held is None or held.revision != document.revision:
                raise QuarantineError("the connector sent no text for a revision not held")
            hashed = held.content_hash
        else:
            if len(document.data) > self.max_bytes:
                raise QuarantineError(f"{len(document.data)} bytes, over ingest.max_file_mib")
            hashed = content_hash(document.data)
            _write(self.folder / document.path, document.data)
        at = document.updated_at.astimezone(UTC)
        return Entry(document.revision, at, acl, document.url, hashed)

    def _keep(self, document: RemoteDocument) -> None:
        """A document that cannot be taken keeps its last version, with its readers of now."""
        held = self.before.get(document.path)
        if held is not None and document.path not in self.now:
            self.now[document.path] = replace(held, acl=_understood(document.acl))


def refresh(connector: Connector, folder: Path, max_bytes: int) -> list[Problem]:
    """Make `folder` equal to what the connector offers; its owner holds the index lock.

    Documents that cannot be taken as they are come back as problems. Raises StoreError when the
    system failed: what was there stays, but for what it sent before it did.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = _read_manifest(folder)
    held = {path: entry for path, entry in before.items() if (folder / path).is_file()}
    work = _Refresh(folder, held, max_bytes)
    try:
        for document in connector.documents({path: one.revision for path, one in held.items()}):
            if PurePosixPath(document.path).suffix.lower() in SUFFIXES:
                work.take(document)
    except RunbookError:
        _write_manifest(folder, {**before, **work.now})
        raise
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror}); mend it") from error
    except MemoryError:
        raise
    except Exception as error:  # a connector is anybody's code over anybody's library
        _write_manifest(folder, {**before, **work.now})
        log.warning("a connector failed", exc_info=True)
        raise StoreError(f"the connector failed ({type(error).__name__}); see the log") from error
    _write_manifest(folder, work.now)
    for path in before.keys() - work.now.keys():
        (folder / path).unlink(missing_ok=True)
    return work.problems


def _checked(acl: object) -> frozenset[str] | None:
    """What a connector says of readers, as ACL tags. Raises QuarantineError."""
    if acl is None:
        return None
    if not isinstance(acl, (Set, list, tuple)):
        raise QuarantineError(f"the connector's acl is a {type(acl).__name__}, and no set of tags")
    try:
        return parse_tags(acl)
    except InvalidTag as error:
        raise QuarantineError(f"the connector's acl: {error}") from error


def _understood(acl: object) -> frozenset[str] | None:
    """Those of the readers that are ACL tags: what is not understood lets nobody in."""
    if acl is None:
        return None
    return frozenset(_tags_among(acl if isinstance(acl, (Set, list, tuple)) else ()))


def _tags_among(acl: Iterable[object]) -> Iterator[str]:
    for tag in acl:
        with suppress(InvalidTag):
            yield parse_tag(tag)


def _check_path(path: str) -> None:
    """Refuse whatever could leave the folder, hide in it, or not be written."""
    parts = path.split("/")
    bad = any(part in ("", ".", "..") or part.startswith(".") for part in parts)
    long = any(len(part.encode("utf-8", "replace")) > _MAX_NAME_BYTES for part in parts)
    if bad or long or _CONTROL.search(path):
        raise QuarantineError("its path is not a valid file name; rename the document")


def _printable(path: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in path)[:300] or "?"


def _write(place: Path, data: bytes) -> None:
    """Whole or not at all."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        part.write_bytes(data)
        os.replace(part, place)  # noqa: PTH105 - replaces, as Path.rename does not promise to
    except (FileExistsError, NotADirectoryError, IsADirectoryError, UnicodeEncodeError) as error:
        raise QuarantineError("another document stands where its path leads") from error


def _read_manifest(folder: Path) -> dict[str, Entry]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {path: _entry_of(entry) for path, entry in manifest["documents"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{folder / MANIFEST}: cannot be read; delete the folder, and ingest the source again"
        ) from error


def _entry_of(fields: Mapping[str, Any]) -> Entry:
    return Entry(
        revision=str(fields["revision"]),
        updated_at=datetime.fromisoformat(fields["updated_at"]),
        acl=_understood(fields["acl"]),
        url=fields["url"],
        content_hash=str(fields["content_hash"]),
    )


def _write_manifest(folder: Path, entries: Mapping[str, Entry]) -> None:
    fields_by_path = {
        path: {
            "revision": entry.revision,
            "updated_at": entry.updated_at.isoformat(),
            "acl": None if entry.acl is None else sorted(entry.acl),
            "url": entry.url,
            "content_hash": entry.content_hash,
        }
        for path, entry in sorted(entries.items())
    }
    _write(
        folder / MANIFEST, json.dumps({"documents": fields_by_path}, ensure_ascii=False).encode()
    )
