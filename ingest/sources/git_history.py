"""Which commit last touched each file of a source, from the objects of the checkout alone.

Files on disk are never read by git: the reader of a file compares its bytes with the blob of the
commit, by their hash.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.sources.git_checkout import Checkout, ObjectReader, find_checkout, opened
from ingest.sources.git_command import GitFailed

log = logging.getLogger(__name__)
_COMMIT = re.compile(rb"\x01([0-9a-f]{40,64}) (-?\d+)")
_SHA1_LENGTH = 40


@dataclass(frozen=True, slots=True)
class FileRevision:
    """The last commit that touched a file, at a time in UTC; `blob` is the file's object id."""

    commit: str
    committed_at: datetime
    blob: str

    def has(self, data: bytes) -> bool:
        """Whether these are the bytes that were committed, but for the ends of lines."""
        if self.blob == _blob_id(data, len(self.blob)):
            return True
        if b"\r\n" not in data:  # as checked out on another system
            return False
        return self.blob == _blob_id(data.replace(b"\r\n", b"\n"), len(self.blob))


def _blob_id(data: bytes, length: int) -> str:
    header = b"blob %d\0" % len(data)
    if length == _SHA1_LENGTH:
        return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(header + data).hexdigest()


def file_revisions(root: Path, files: Collection[str] | None = None) -> Mapping[str, FileRevision]:
    """The last commit of each file below `root` that HEAD holds; of `files` alone where given.

    Paths are relative to `root`. Empty when root is in no git checkout, or it cannot be read; a
    file that is not in it has only its content hash and modification time to go by, and so has
    one whose commit is dated beyond every calendar.
    """
    found: dict[str, FileRevision] = {}
    try:
        checkout = find_checkout(root)
        if checkout is None:
            return {}
        with opened(checkout) as objects:
            prefix = checkout.prefix(root.resolve())
            blobs = {
                entry.path: entry.blob
                for entry in objects.files(checkout.head, prefix)
                if files is None or entry.path in files
            }
            found.update(_last_commits(objects, checkout, prefix, blobs))
    except (GitFailed, OSError, ValueError) as failed:
        log.warning("git revisions of %s are not known: %s", root, failed)
    return found


def last_commit(folder: Path) -> datetime | None:
    """When a commit last touched anything below `folder` (UTC).

    None if it is in no git checkout, or that cannot be read.
    """
    try:
        checkout = find_checkout(folder) if folder.is_dir() else None
        if checkout is None:
            return None
        with opened(checkout) as objects:
            prefix = checkout.prefix(folder.resolve())
            below = ("--", prefix) if prefix else ()
            seconds = objects.run("log", "-1", "--format=%ct", checkout.head, *below).strip()
    except (GitFailed, OSError) as failed:
        log.warning("the last commit of %s is not known: %s", folder, failed)
        return None
    return _time(seconds) if seconds else None


def _time(seconds: bytes) -> datetime | None:
    """Seconds since 1970 in UTC; None if a commit claims a time out of range."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _last_commits(
    objects: ObjectReader, checkout: Checkout, prefix: str, blobs: Mapping[str, str]
) -> Iterator[tuple[str, FileRevision]]:
    """Walks the history from its newest commit, and stops when every file was met."""
    wanted = set(blobs)
    if not wanted:
        return
    names = ("--name-only", "--no-renames", "--no-ext-diff", "--no-textconv")
    below = ("--", prefix) if prefix else ()
    revision: tuple[str, datetime] | None = None
    for token in objects.tokens(
        *("log", "-z", "--format=%x01%H %ct", *names, "--diff-merges=first-parent"),
        *(checkout.head, *below),
    ):
        if commit := _COMMIT.fullmatch(token):
            committed_at = _time(commit[2])
            revision = (commit[1].decode(), committed_at) if committed_at else None
            continue
        path = os.fsdecode(token.lstrip(b"\n")).removeprefix(prefix)
        if path in wanted:
            wanted.discard(path)
            if revision is not None:
                yield path, FileRevision(*revision, blobs[path])
        if not wanted:
            return
