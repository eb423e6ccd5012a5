"""Between the catalog's rows and the domain's values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from rag.domain.documents import (
    AclOrigin,
    Block,
    BlockKind,
    Chunk,
    Command,
    Document,
    Kind,
    LineSpan,
    Metadata,
    Risk,
)

_LISTS_KEPT = 4096
# Fields of a Block that most have none of; those at the end of a row are left out.
_BLOCK_DEFAULTS: tuple[Any, ...] = (-1, 0, 0, "", "", 0)


def to_json(values: Iterable[Any]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


@lru_cache(_LISTS_KEPT)  # many documents have the same services, tags and ACLs
def strings(raw: str) -> tuple[str, ...]:
    return tuple(json.loads(raw))


@lru_cache(_LISTS_KEPT)
def anchors_of(raw: str) -> tuple[tuple[str, str], ...]:
    return tuple((heading, anchor) for heading, anchor in json.loads(raw))


def document_columns(document: Document) -> dict[str, Any]:
    """A document as columns of `versions`, without its ACL set."""
    about = document.metadata
    return {
        "document_id": document.id,
        "source": document.source,
        "path": document.path,
        "title": about.title,
        "kind": about.kind.value,
        "service": to_json(about.service),
        "owner": about.owner,
        "severity": to_json(about.severity),
        "alerts": to_json(about.alerts),
        "tags": to_json(about.tags),
        "last_reviewed": about.last_reviewed.isoformat() if about.last_reviewed else None,
        "review_days": about.review_every.days if about.review_every else None,
        "supersedes": about.supersedes,
        "url": about.url,
        "acl_origin": document.acl_origin.value,
        "acl_narrowed": document.acl_narrowed,
        "revision": document.revision,
        "updated": int(document.updated_at.timestamp()),
        "content_hash": document.content_hash,
        "anchors": to_json(document.anchors),
    }


def document_of(row: sa.RowMapping) -> Document:
    """A document from columns of `versions` and its set's tags, joined as `acl_tags`."""
    return Document(
        source=row["source"],
        path=row["path"],
        metadata=_metadata_of(row),
        acl=frozenset(strings(row["acl_tags"])),
        acl_origin=AclOrigin(row["acl_origin"]),
        revision=row["revision"],
        updated_at=datetime.fromtimestamp(row["updated"], UTC),
        content_hash=row["content_hash"],
        acl_narrowed=row["acl_narrowed"],
        anchors=anchors_of(row["anchors"]),
    )


def _metadata_of(row: sa.RowMapping) -> Metadata:
    reviewed, days = row["last_reviewed"], row["review_days"]
    return Metadata(
        title=row["title"],
        kind=Kind(row["kind"]),
        service=strings(row["service"]),
        owner=row["owner"],
        severity=strings(row["severity"]),
        alerts=strings(row["alerts"]),
        tags=strings(row["tags"]),
        last_reviewed=date.fromisoformat(reviewed) if reviewed else None,
        review_every=timedelta(days=days) if days else None,
        supersedes=row["supersedes"],
        url=row["url"],
    )


def chunk_columns(chunk: Chunk) -> dict[str, Any]:
    """A chunk as columns of `chunks`, without its key, version and text hash."""
    return {
        "ordinal": chunk.ordinal,
        "text": chunk.text,
        "context": chunk.context,
        "section": to_json(chunk.section),
        "first_line": chunk.lines.first,
        "last_line": chunk.lines.last,
        "commands": to_json([c.line, c.text, c.risk.value, c.block] for c in chunk.commands),
        "blocks": _blocks_to_json(chunk.blocks),
    }


def chunk_of(row: sa.RowMapping | Mapping[str, Any]) -> Chunk:
    """A chunk from columns of `chunks` joined to its version."""
    return Chunk(
        document_id=row["document_id"],
        ordinal=row["ordinal"],
        text=row["text"],
        section=strings(row["section"]),
        lines=LineSpan(row["first_line"], row["last_line"]),
        context=row["context"],
        commands=tuple(
            Command(line, text, Risk(risk), *block)
            for line, text, risk, *block in json.loads(row["commands"])
        ),
        blocks=_blocks_of(row["blocks"]),
    )


def _blocks_to_json(blocks: Iterable[Block]) -> str:
    return json.dumps([_block_row(block) for block in blocks], separators=(",", ":"))


def _block_row(block: Block) -> list[Any]:
    """A block's fields in their order, without those at the end that are as by default."""
    offsets = [block.start, block.end, block.body_start, block.body_end]
    about = [block.level, block.number, block.language, block.admonition, block.indent]
    rest = [block.parent, *about]
    while rest and rest[-1] == _BLOCK_DEFAULTS[len(rest) - 1]:
        rest.pop()
    return [block.kind.value, *offsets, *rest]


@lru_cache(_LISTS_KEPT)  # the best chunks answer many questions
def _blocks_of(raw: str) -> tuple[Block, ...]:
    return tuple(Block(BlockKind(kind), *fields) for kind, *fields in json.loads(raw))
