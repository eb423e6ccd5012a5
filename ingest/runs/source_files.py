"""The files of one source: their revisions, their ACLs, and whether they changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ingest.reading.acl_rules import AclRules, Resolve
from ingest.reading.parse import RawFile, own_acl_of
from ingest.runs.request import IngestRequest
from ingest.sources.connectors.mirror import Mirror
from ingest.sources.files import read_file
from ingest.sources.git_history import FileRevision, file_revisions
from ingest.sources.source import Source
from rag.domain.documents import AclOrigin, content_hash
from rag.domain.index import ActiveVersion


class SourceFiles:
    """Reads a source's files; `mirror` is given for one that is fetched by a connector."""

    def __init__(
        self, source: Source, mirror: Mirror | None, request: IngestRequest, max_file_bytes: int
    ) -> None:
        self._source = source
        self._mirror = mirror
        self._request = request
        self._max_file_bytes = max_file_bytes
        self._revisions: Mapping[str, FileRevision] = {}
        resolve = AclRules(source.root, source.acl).resolve
        self.resolve: Resolve = mirror.resolving(resolve) if mirror else resolve

    def read_revisions(self, paths: Iterable[str]) -> None:
        """Ask git, where there is one, which commit last touched each of these files."""
        if self._mirror is None:
            self._revisions = file_revisions(self._source.root, set(paths))

    def read(self, path: str) -> RawFile:
        """Raises FileVanished, FileUnsettled and QuarantineError."""
        read = read_file(self._source.root, path, self._max_file_bytes, self._request.settle)
        source, data = self._source.name, read.data
        if self._mirror is not None:
            entry = self._mirror.entry(path, data)
            return RawFile(source, path, data, entry.revision, entry.updated_at)
        known = self._revisions.get(path)
        if known is not None and known.has(data):
            return RawFile(source, path, data, known.commit, known.committed_at)
        return RawFile(source, path, data, content_hash(data), read.mtime)

    def url_of(self, path: str) -> str | None:
        """The address of a document, from its connector or its source's site.

        `{revision}` may still stand in it.
        """
        if self._mirror is not None and (url := self._mirror.url(path)):
            return url
        return self._source.site.url(path) if self._source.site else None

    def is_unchanged(self, raw: RawFile, served: ActiveVersion | None) -> bool:
        """Whether the served version has this content, revision and ACL; never in a full run."""
        if served is None or served.acl_narrowed or self._request.full:
            return False
        if (served.content_hash, served.revision, served.updated) != (
            content_hash(raw.data),
            raw.revision,
            int(raw.updated_at.timestamp()),
        ):
            return False
        if self._mirror is not None:
            return self.resolve(raw.path, own_acl_of(raw)).acl == served.acl
        # The same content declares the same ACL; rule files around it may have changed.
        if served.acl_origin is AclOrigin.DOCUMENT:
            return True
        return self.resolve(raw.path, None).acl == served.acl
