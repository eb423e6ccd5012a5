"""Who may read a document: its own ACL, the nearest rule file's, its source's, else nobody."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingest.reading.decode import decode
from rag.access.acl import parse_tags
from rag.domain.documents import AclOrigin
from rag.errors import InvalidTag, QuarantineError
from rag.text.strict_yaml import MAX_BYTES, read_mapping

RULE_FILE = ".runbook-acl.yaml"
_MISSPELT = (".runbook-acl.yml", ".runbook-acl", ".runbook_acl.yaml", ".runbookacl.yaml")


@dataclass(frozen=True, slots=True)
class EffectiveAcl:
    """The tags of those who may read a document, and where they were read."""

    acl: frozenset[str]
    origin: AclOrigin


# A document's path and what it says of its own readers, to what counts.
Resolve = Callable[[str, frozenset[str] | None], EffectiveAcl]


class AclRules:
    """The rule files of one source; each is read once, so one object serves one run."""

    def __init__(self, root: Path, source_acl: frozenset[str] | None) -> None:
        self._root = root
        self._source_acl = source_acl
        self._read: dict[PurePosixPath, frozenset[str] | QuarantineError | None] = {}
        self._of_folder: dict[str, EffectiveAcl] = {}
        self._sizes: dict[PurePosixPath, int] = {}
        self._sizes_above: dict[str, int] = {}

    def resolve(self, path: str, own: frozenset[str] | None) -> EffectiveAcl:
        """The ACL of a document that says `own` of itself.

        Raises QuarantineError when the nearest rule file cannot be read or understood: a wider
        one further up must not take its place.
        """
        if own is not None:
            return EffectiveAcl(own, AclOrigin.DOCUMENT)
        folder = path.rpartition("/")[0]
        if folder not in self._of_folder:
            self._of_folder[folder] = self._resolve_folder(PurePosixPath(path).parents)
        return self._of_folder[folder]

    def _resolve_folder(self, folders: Iterable[PurePosixPath]) -> EffectiveAcl:
        for folder in folders:
            rule = self._rule(folder)
            if rule is not None:
                return EffectiveAcl(rule, AclOrigin.RULE_FILE)
        if self._source_acl is not None:
            return EffectiveAcl(self._source_acl, AclOrigin.SOURCE)
        return EffectiveAcl(frozenset(), AclOrigin.NOBODY)

    def size_above(self, path: str) -> int:
        """Bytes of the rule files that may have to be read for a document, read or not."""
        folder = path.rpartition("/")[0]
        if folder not in self._sizes_above:
            sizes = (self._size(above) for above in PurePosixPath(path).parents)
            self._sizes_above[folder] = sum(sizes)
        return self._sizes_above[folder]

    def _size(self, folder: PurePosixPath) -> int:
        if folder not in self._sizes:
            try:
                self._sizes[folder] = (self._root / folder / RULE_FILE).lstat().st_size
            except OSError:
                self._sizes[folder] = 0
        return self._sizes[folder]

    def _rule(self, folder: PurePosixPath) -> frozenset[str] | None:
        if folder not in self._read:
            try:
                self._read[folder] = _read_rule(self._root / folder, str(folder / RULE_FILE))
            except QuarantineError as error:
                self._read[folder] = error
        known = self._read[folder]
        if isinstance(known, QuarantineError):
            raise QuarantineError(known.reason, known.line) from known
        return known


def _read_rule(folder: Path, shown: str) -> frozenset[str] | None:
    for wrong in _MISSPELT:
        if os.path.lexists(folder / wrong):
            raise QuarantineError(f"{shown}: rename {wrong} beside it to {RULE_FILE}")
    try:
        data = _read_small_file(folder / RULE_FILE)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise QuarantineError(f"{shown}: cannot be read ({error.strerror})") from error
    try:
        return _parse_rule(decode(data))
    except QuarantineError as error:
        where = f"{shown}:{error.line}" if error.line else shown
        raise QuarantineError(f"{where}: {error.reason}") from error


def _read_small_file(path: Path) -> bytes:
    # A link could lead to another source's rules, and a pipe would block: neither is opened.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)  # a file made of a folder's descriptor fails, and leaves it open
        raise OSError(0, "not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _parse_rule(text: str) -> frozenset[str]:
    entries = read_mapping(text, 1, "rule file")
    if [entry.key for entry in entries] != ["acl"]:
        line = next((entry.line for entry in entries if entry.key != "acl"), 1)
        raise QuarantineError("expected `acl: [tag, …]` and nothing else", line)
    value = entries[0].value
    if isinstance(value, dict):
        raise QuarantineError("acl: expected a list of ACL tags", entries[0].line)
    tags = value if isinstance(value, list) else [] if value is None else [value]
    try:
        return parse_tags(tags)
    except InvalidTag as error:
        raise QuarantineError(f"acl: {error}", entries[0].line) from error
