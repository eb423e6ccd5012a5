"""What the files of a source take away from readers, committed before they are indexed.

A run begins here, and so does every change that a watcher sees. Nothing is parsed beyond front
matter, nothing is embedded, and the catalog is the only store that is written:

1. rule files and the ACL of the source, small rule files first: no document is read
2. documents whose text differs from what is served: their front matter is read, smallest first

An ACL is only ever narrowed here. A document gets new readers together with its new version.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Protocol

from ingest.formats import TEXT_SUFFIXES
from ingest.reading.acl_rules import AclRules, Resolve
from ingest.reading.parse import RawFile, own_acl_of
from ingest.sources.connectors.mirror import Mirror
from ingest.sources.files import read_start
from ingest.sources.source import Source
from ingest.sources.walk import root_identity
from rag.domain.documents import AclOrigin, content_hash
from rag.errors import QuarantineError
from rag.indexing.access_changes import AccessWriter
from rag.text.strict_yaml import MAX_BYTES

# Front matter, its delimiters, and the lines behind it in which an `acl` would be refused.
_START_BYTES = MAX_BYTES + 16 * 1024
_COMMIT_SECONDS = 0.1
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_DATE = datetime.fromtimestamp(0, UTC)


class ServedDocument(Protocol):
    """What is known of a document that the index serves."""

    @property
    def path(self) -> str: ...

    @property
    def acl(self) -> frozenset[str]: ...

    @property
    def acl_origin(self) -> AclOrigin: ...

    @property
    def content_hash(self) -> str: ...


def narrow_access(
    writer: AccessWriter,
    source: Source,
    served: Iterable[ServedDocument],
    mirror: Mirror | None = None,
) -> set[str]:
    """Take from the ACLs of served documents what their files no longer allow.

    Returns the paths of the documents that fewer may read now. A file that cannot be read or
    understood limits its document by the rule files around it, unless the document named its own
    readers: these are then the last that are known. Raises StoreError.
    """
    documents = list(served)
    root = root_identity(source.root)
    if root is None:
        return set(writer.narrow(source.name, _limits_of_absent(source, documents)))
    limits = AclLimits(source, mirror)
    commits = _Commits(writer, source, root)
    for document in sorted(documents, key=limits.size_around):
        commits.add(document, limits.around(document))
    commits.flush()
    for document in _changed(source, documents):
        commits.add(document, limits.of_changed(document))
    commits.flush()
    return commits.narrowed


@dataclass(slots=True)
class _Commits:
    """Limits that are committed every tenth of a second, so that none waits for a slow file."""

    writer: AccessWriter
    source: Source
    root: tuple[int, int]
    narrowed: set[str] = field(default_factory=set)
    _pending: dict[str, frozenset[str]] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def add(self, document: ServedDocument, limit: frozenset[str] | None) -> None:
        if limit is not None and limit != document.acl:
            self._pending[document.path] = limit
        if time.monotonic() - self._since > _COMMIT_SECONDS:
            self.flush()

    def flush(self) -> None:
        # Rule files that went away together with the whole folder do not count as deleted.
        if root_identity(self.source.root) == self.root:
            self.narrowed.update(self.writer.narrow(self.source.name, self._pending))
        self._pending = {}
        self._since = time.monotonic()


class AclLimits:
    """Whom the files of a source allow now; every rule file is read once."""

    def __init__(self, source: Source, mirror: Mirror | None = None) -> None:
        self._source = source
        self._mirror = mirror
        self._rules = AclRules(source.root, source.acl)
        resolve = self._rules.resolve
        self._resolve: Resolve = resolve if mirror is None else mirror.resolving(resolve)

    def size_around(self, document: ServedDocument) -> int:
        """Bytes of the rule files by which the document's limit is found."""
        return self._rules.size_above(document.path)

    def around(self, document: ServedDocument) -> frozenset[str] | None:
        """The limit by everything but the document's own text; None where nothing limits it."""
        limit = None
        if document.acl_origin is not AclOrigin.DOCUMENT:
            limit = self._resolved(document.path, None)
        return limit if self._mirror is None else self._mirror.limited(document.path, limit)

    def of_changed(self, document: ServedDocument) -> frozenset[str] | None:
        """The limit by what the document's text says now; None if that is unknown."""
        try:
            own = _own_acl(self._source, document.path)
        except QuarantineError:
            return None
        limit = self._resolved(document.path, own)
        return limit if self._mirror is None else self._mirror.limited(document.path, limit)

    def _resolved(self, path: str, own: frozenset[str] | None) -> frozenset[str] | None:
        try:
            return self._resolve(path, own).acl
        except QuarantineError:
            return None


def _limits_of_absent(
    source: Source, documents: Iterable[ServedDocument]
) -> Mapping[str, frozenset[str]]:
    """Of a source whose folder is not there, only its own ACL is known.

    A connector's documents have the ACL that their system gave them.
    """
    if source.connector is not None:
        return {}
    allowed = frozenset() if source.acl is None else source.acl
    return {
        document.path: allowed
        for document in documents
        if document.acl_origin is AclOrigin.SOURCE and document.acl != allowed
    }


@dataclass(frozen=True, slots=True)
class _Sized:
    size: int
    document: ServedDocument


def _changed(source: Source, documents: Iterable[ServedDocument]) -> list[ServedDocument]:
    """The text documents whose files may differ from what is served, smallest files first."""
    found: list[_Sized] = []
    for document in documents:
        if PurePosixPath(document.path).suffix.lower() not in TEXT_SUFFIXES:
            continue
        try:
            start = read_start(source.root, document.path, _START_BYTES)
        except QuarantineError:
            continue
        # The hash covers the whole file, so a larger one counts as changed.
        if len(start) == _START_BYTES or content_hash(start) != document.content_hash:
            found.append(_Sized(len(start), document))
    return [one.document for one in sorted(found, key=lambda one: one.size)]


def _own_acl(source: Source, path: str) -> frozenset[str] | None:
    """What the start of a file says of its readers. Raises QuarantineError."""
    start = read_start(source.root, path, _START_BYTES)
    if len(start) == _START_BYTES:
        start = _without_partial_character(start)
    return own_acl_of(RawFile(source.name, path, start, "", _NO_DATE))


def _without_partial_character(start: bytes) -> bytes:
    encoding = "utf-16" if start.startswith(_UTF16_MARKS) else "utf-8"
    try:
        return codecs.getincrementaldecoder(encoding)().decode(start).encode()
    except UnicodeDecodeError:
        return start  # decoding it as a document says what is wrong
