"""A file's bytes to a Document and its Chunks; quarantines what cannot be read as it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from ingest.chunking.chunker import Chunker
from ingest.formats import TEXT_SUFFIXES, Loaded, load_binary
from ingest.reading.acl_rules import Resolve
from ingest.reading.decode import decode_any
from ingest.reading.front_matter import Fields, own_acl, read_text
from ingest.reading.noise import refuse_lfs_pointer, without_noise
from ingest.reading.notes import Note
from ingest.reading.scan import Suspicious, scan
from ingest.reading.secrets import FoundSecret, clean_metadata, without_secrets
from ingest.reading.stray_acl import refuse_stray_acl
from rag.domain.documents import Chunk, Document, Kind, Metadata, content_hash, document_id

_POSTMORTEM_FOLDERS = frozenset({"postmortem", "postmortems", "post-mortems", "incidents"})
_LINK_CHARACTERS = "/-._~"
_NO_FRONT_MATTER = (
    "this `acl` does not count: files of this format have no front matter. Take it out, and say "
    "who may read the file in a .runbook-acl.yaml beside it or by the `acl` of its source"
)


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it was read: `path` is relative to its source's root."""

    source: str
    path: str
    data: bytes
    revision: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds, read without asking anything else: a pure function of its bytes and path.

    `own_acl` is what it says of its own readers; None where it says nothing. `anchors` are headings
    with the anchor that their author declared for them. `secrets` are those that were taken out.
    """

    metadata: Metadata
    own_acl: frozenset[str] | None
    chunks: tuple[Chunk, ...]
    suspicious: tuple[Suspicious, ...]
    notes: tuple[Note, ...] = ()
    anchors: tuple[tuple[str, str], ...] = ()
    secrets: tuple[FoundSecret, ...] = ()


def read_document(source: str, path: str, data: bytes, chunker: Chunker) -> Reading:
    """Decode, parse and chunk one file. Raises QuarantineError with the line where it is known."""
    fields, notes, loaded = _read(path, data)
    metadata = _metadata(path, fields, loaded.title)
    secrets: tuple[FoundSecret, ...] = ()
    if chunker.settings.redact_secrets:
        cleaned = without_secrets(loaded)
        loaded, metadata = cleaned.loaded, clean_metadata(metadata, cleaned.clean)
        secrets = tuple(FoundSecret(source, path, line, kind) for line, kind in cleaned.secrets)
    blocks = without_noise(loaded.blocks)
    chunks = chunker.chunk(document_id(source, path), metadata.title, blocks)
    suspicious = tuple(scan(source, path, data, chunks))
    return Reading(metadata, fields.acl, chunks, suspicious, notes, loaded.anchors, secrets)


def document_of(
    raw: RawFile, reading: Reading, resolve_acl: Resolve, url_template: str | None
) -> Document:
    """The Document of a file that was read. Raises QuarantineError where its ACL is not known."""
    access = resolve_acl(raw.path, reading.own_acl)
    url = reading.metadata.url or _url(url_template, raw)
    return Document(
        source=raw.source,
        path=raw.path,
        metadata=replace(reading.metadata, url=url),
        acl=access.acl,
        acl_origin=access.origin,
        revision=raw.revision,
        updated_at=raw.updated_at,
        content_hash=content_hash(raw.data),
        anchors=reading.anchors,
    )


def parse(
    raw: RawFile, resolve_acl: Resolve, chunker: Chunker, url_template: str | None
) -> tuple[Document, tuple[Chunk, ...]]:
    """One file, whole, in this process: for text that is trusted. Raises QuarantineError."""
    reading = read_document(raw.source, raw.path, raw.data, chunker)
    return document_of(raw, reading, resolve_acl, url_template), reading.chunks


def own_acl_of(raw: RawFile) -> frozenset[str] | None:
    """What a file says of its own readers, whatever else is wrong with it; None if nothing.

    Raises QuarantineError where that cannot be read.
    """
    suffix = _suffix(raw.path)
    return own_acl(decode_any(raw.data).text, suffix) if suffix in TEXT_SUFFIXES else None


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _read(path: str, data: bytes) -> tuple[Fields, tuple[Note, ...], Loaded]:
    refuse_lfs_pointer(data)
    suffix = _suffix(path)
    if suffix not in TEXT_SUFFIXES:
        loaded = load_binary(suffix, data)
        refuse_stray_acl(loaded.blocks, _NO_FRONT_MATTER, bare_code_counts=True)
        return Fields(), (), loaded
    decoded = decode_any(data)
    front, loaded = read_text(suffix, decoded.text)
    notes = front.notes
    if decoded.encoding:
        notes = (Note(1, f"read as {decoded.encoding}; save the file as UTF-8"), *notes)
    return front.fields, notes, loaded


def _metadata(path: str, fields: Fields, loaded_title: str | None) -> Metadata:
    place = PurePosixPath(path)
    return Metadata(
        title=fields.title or loaded_title or place.stem.replace("-", " ").replace("_", " "),
        kind=fields.kind or _kind_by_folder(place),
        service=fields.service,
        owner=fields.owner,
        severity=fields.severity,
        alerts=fields.alerts,
        tags=fields.tags,
        last_reviewed=fields.last_reviewed,
        review_every=fields.review_every,
        supersedes=fields.supersedes,
        url=fields.url,
    )


def _kind_by_folder(path: PurePosixPath) -> Kind:
    folders = {part.lower() for part in path.parts[:-1]}
    return Kind.POSTMORTEM if folders & _POSTMORTEM_FOLDERS else Kind.RUNBOOK


def _url(template: str | None, raw: RawFile) -> str | None:
    if template is None:
        return None
    path = quote(raw.path, safe=_LINK_CHARACTERS)
    return template.replace("{path}", path).replace("{revision}", quote(raw.revision, safe=""))
