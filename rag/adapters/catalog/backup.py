"""Backup and restore: one file with everything of an installation that cannot be rebuilt.

    manifest.json   when and by which version it was made, the schema, and each file's sha256
    catalog.db      SQLite's online copy: the catalog at one moment, while others write to it
    state/…         other files of the state folder that no run can create again
    runbook.toml    the configuration, restored only where there is none

Vectors are not included: they are built from the catalog.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rag.adapters.catalog.database import SCHEMA_VERSION, make_folder
from rag.adapters.index_lock import IndexLock
from rag.errors import ConfigurationError, StoreError

log = logging.getLogger(__name__)
_FORMAT = 1
_CATALOG = "catalog.db"
_CONFIGURATION = "runbook.toml"  # its name in the backup, whatever file was read
_MANIFEST = "manifest.json"
# Made again by any run, or bound to one machine.
_NOT_KEPT = frozenset({"vectors", "models", "sources", "index.lock"})
_SAFE_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/")


@dataclass(frozen=True, slots=True)
class Installation:
    """The files to back up: the state folder, and the configuration, which may not exist."""

    state_folder: Path
    configuration: Path


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a backup; `files` maps each file's name to its sha256."""

    format: int
    made_at: str
    version: str
    schema: str
    files: dict[str, str]


def back_up(installation: Installation, target: Path, keep: Sequence[str] = ()) -> Manifest:
    """Write a backup; `keep` names files of the state folder to include.

    Raises ConfigurationError when `target` exists or there is nothing to back up, StoreError
    when it cannot be written.
    """
    if target.exists():
        raise ConfigurationError(f"{target} is there already; it was left as it is")
    with tempfile.TemporaryDirectory(prefix="runbook-backup-") as folder:
        gathered = _gathered(installation, Path(folder), keep)
        manifest = Manifest(
            _FORMAT,
            datetime.now(UTC).isoformat(timespec="seconds"),
            version("runbook-search"),
            _schema_of(gathered[_CATALOG]),
            {name: _sha256(place) for name, place in gathered.items()},
        )
        manifest_file = Path(folder) / _MANIFEST
        manifest_file.write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
        _write(target, {_MANIFEST: manifest_file, **gathered})
    return manifest


def restore(installation: Installation, source: Path, *, force: bool) -> Manifest:
    """Replace the state folder's contents by a backup; the caller rebuilds the vectors.

    Raises IndexBusy while a process owns the index, ConfigurationError when a catalog exists and
    `force` is not set or when the file is no backup, StoreError when the backup is damaged.
    """
    state = installation.state_folder
    if (state / _CATALOG).exists() and not force:
        raise ConfigurationError(
            f"{state / _CATALOG} is there: --force puts the backup in its place"
        )
    make_folder(state)
    with IndexLock(state), tempfile.TemporaryDirectory(prefix="restored-", dir=state) as folder:
        manifest = _unpacked(source, Path(folder))
        _keep_revocations(state / _CATALOG, Path(folder) / _CATALOG)
        for leftover in ("-wal", "-shm"):
            (state / f"{_CATALOG}{leftover}").unlink(missing_ok=True)
        shutil.rmtree(state / "vectors", ignore_errors=True)
        for name in manifest.files:
            _put(installation, Path(folder) / name, name)
    return manifest


def _keep_revocations(replaced: Path, restored: Path) -> None:
    """A key that was revoked since the backup stays revoked."""
    if not replaced.exists():
        return
    revoked = "SELECT revoked_at, id FROM api_keys WHERE revoked_at IS NOT NULL"
    try:
        with closing(sqlite3.connect(f"file:{replaced}?mode=ro", uri=True)) as opened:
            known = opened.execute(revoked).fetchall()
    except sqlite3.Error as error:
        log.warning(
            "keys that were revoked since the backup are not known, as %s cannot be read (%s): "
            "look through `runbook keys list`",
            replaced,
            error,
        )
        return
    with closing(sqlite3.connect(restored)) as opened, opened:
        opened.executemany(
            "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", known
        )


def _gathered(installation: Installation, folder: Path, keep: Sequence[str]) -> dict[str, Path]:
    state, copy = installation.state_folder, folder / _CATALOG
    if not (state / _CATALOG).exists():
        raise ConfigurationError(f"{state} holds no index: there is nothing to back up")
    try:
        with (
            closing(sqlite3.connect(f"file:{state / _CATALOG}?mode=ro", uri=True)) as served,
            closing(sqlite3.connect(copy)) as written,
        ):
            served.backup(written)
            written.execute("PRAGMA journal_mode=DELETE")
            worth_it = _holds_anything(written)
    except sqlite3.Error as error:
        raise StoreError(f"{state / _CATALOG} cannot be copied: {error}") from error
    if not worth_it:
        raise ConfigurationError(
            f"{state} holds no index and no keys: there is nothing to back up; run "
            "`runbook ingest` first, or go to the folder of your runbook.toml"
        )
    found = {_CATALOG: copy}
    for name in keep:
        if name not in _NOT_KEPT and (state / name).is_file():
            found[f"state/{name}"] = state / name
    if installation.configuration.is_file():
        found[_CONFIGURATION] = installation.configuration
    return found


def _holds_anything(catalog: sqlite3.Connection) -> bool:
    """Whether there is an index that serves, or a key: any command that looks makes a catalog."""
    held = (
        "SELECT EXISTS (SELECT 1 FROM generations WHERE state = 'serving')"
        " OR EXISTS (SELECT 1 FROM api_keys)"
    )
    return bool(catalog.execute(held).fetchone()[0])


def _write(target: Path, files: dict[str, Path]) -> None:
    # It holds the text of every document: nobody else on the machine may read it.
    partial = target.with_name(f"{target.name}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            for name, place in files.items():
                archive.add(place, name, recursive=False)
        partial.rename(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"{target} cannot be written: {error.strerror}") from error


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:") as archive:
            yield archive
    except (OSError, tarfile.TarError) as error:
        raise ConfigurationError(f"{source} is no backup of this program: {error}") from error


def _unpacked(source: Path, folder: Path) -> Manifest:
    with _opened(source) as archive:
        manifest = _manifest(source, archive)
        for name, expected in manifest.files.items():
            _unpack(archive, source, name, folder / name)
            if _sha256(folder / name) != expected:
                raise StoreError(f"{source}: {name} is damaged; use another backup")
    return manifest


def _manifest(source: Path, archive: tarfile.TarFile) -> Manifest:
    try:
        file = archive.extractfile(_MANIFEST)
        fields: dict[str, Any] = json.loads(file.read()) if file else {}
        manifest = Manifest(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{source} is no backup of this program") from error
    if manifest.format != _FORMAT or manifest.schema > SCHEMA_VERSION:
        raise ConfigurationError(
            f"{source} was made by version {manifest.version}, which is newer (schema "
            f"{manifest.schema}, and this one knows {SCHEMA_VERSION}): install that version"
        )
    return manifest


def _unpack(archive: tarfile.TarFile, source: Path, name: str, place: Path) -> None:
    if not set(name) <= _SAFE_NAME or ".." in name or name.startswith("/"):
        raise ConfigurationError(f"{source} is no backup of this program")
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise StoreError(f"{source}: {name} is missing; use another backup")
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as written:
        shutil.copyfileobj(file, written)
    place.chmod(0o600)


def _put(installation: Installation, made: Path, name: str) -> None:
    if name == _CONFIGURATION:
        target = installation.configuration
        if target.exists():
            return
    else:
        target = installation.state_folder / name.removeprefix("state/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(made, target)


def _schema_of(catalog: Path) -> str:
    with closing(sqlite3.connect(catalog)) as opened:
        return str(opened.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _sha256(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
