"""A file's bytes to a Document and its Chunks; quarantines what cannot be read as it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from ingest.chunking.chunker import Chunker
from ingest.formats import TEXT_SUFFIXES, Loaded, load_binary, load_text
from ingest.reading.acl_rules import EffectiveAcl
from ingest.reading.decode import decode
from ingest.reading.front_matter import Fields, own_acl, parse_front_matter, refuse_acl_in
from rag.domain.documents import Chunk, Document, Kind, Metadata, content_hash, document_id

_POSTMORTEM_FOLDERS = frozenset({"postmortem", "postmortems", "post-mortems", "incidents"})
_LINK_CHARACTERS = "/-._~"


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it was read: `path` is relative to its source's root."""

    source: str
    path: str
    data: bytes
    revision: str
    updated_at: datetime


def parse(
    raw: RawFile,
    resolve_acl: Callable[[str, frozenset[str] | None], EffectiveAcl],
    chunker: Chunker,
    url_template: str | None,
) -> tuple[Document, tuple[Chunk, ...]]:
    """One file, whole. Raises QuarantineError with the line where it is known."""
    fields, loaded = _read(raw)
    access = resolve_acl(raw.path, fields.acl)
    document = Document(
        source=raw.source,
        path=raw.path,
        metadata=_metadata(raw, fields, loaded.title, url_template),
        acl=access.acl,
        acl_origin=access.origin,
        revision=raw.revision,
        updated_at=raw.updated_at,
        content_hash=content_hash(raw.data),
    )
    identity = document_id(raw.source, raw.path)
    return document, chunker.chunk(identity, document.metadata.title, loaded.blocks)


def own_acl_of(raw: RawFile) -> frozenset[str] | None:
    """What a file says of its own readers, whatever else is wrong with it; None if nothing.

    Raises QuarantineError where that cannot be read.
    """
    return own_acl(decode(raw.data)) if _suffix(raw) in TEXT_SUFFIXES else None


def _suffix(raw: RawFile) -> str:
    return PurePosixPath(raw.path).suffix.lower()


def _read(raw: RawFile) -> tuple[Fields, Loaded]:
    suffix = _suffix(raw)
    if suffix not in TEXT_SUFFIXES:
        loaded = load_binary(suffix, raw.data)
        refuse_acl_in(loaded.blocks)
        return Fields(), loaded
    front = parse_front_matter(decode(raw.data))
    return front.fields, load_text(suffix, front.body, front.body_first_line)


def _metadata(
    raw: RawFile, fields: Fields, loaded_title: str | None, url_template: str | None
) -> Metadata:
    path = PurePosixPath(raw.path)
    return Metadata(
        title=fields.title or loaded_title or path.stem.replace("-", " ").replace("_", " "),
        kind=fields.kind or _kind_by_folder(path),
        service=fields.service,
        owner=fields.owner,
        severity=fields.severity,
        alerts=fields.alerts,
        tags=fields.tags,
        last_reviewed=fields.last_reviewed,
        review_every=fields.review_every,
        supersedes=fields.supersedes,
        url=fields.url or _url(url_template, raw),
    )


def _kind_by_folder(path: PurePosixPath) -> Kind:
    folders = {part.lower() for part in path.parts[:-1]}
    return Kind.POSTMORTEM if folders & _POSTMORTEM_FOLDERS else Kind.RUNBOOK


def _url(template: str | None, raw: RawFile) -> str | None:
    if template is None:
        return None
    path = quote(raw.path, safe=_LINK_CHARACTERS)
    return template.replace("{path}", path).replace("{revision}", quote(raw.revision, safe=""))
