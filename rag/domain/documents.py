"""Documents and their chunks: frozen values, standard library only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a Document is."""

    RUNBOOK = "runbook"
    POSTMORTEM = "postmortem"
    NOTE = "note"


class FreshnessStatus(StrEnum):
    """How a Document stands against its review date."""

    FRESH = "fresh"
    DUE = "due"
    STALE = "stale"
    UNKNOWN = "unknown"


class Risk(StrEnum):
    """What running a command would do to the system it is run on."""

    READ_ONLY = "read_only"
    MUTATING = "mutating"
    DESTRUCTIVE = "destructive"
    UNKNOWN = "unknown"


class AclOrigin(StrEnum):
    """Where a Document's ACL tags were read."""

    DOCUMENT = "document"
    RULE_FILE = "rule_file"
    SOURCE = "source"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class LineSpan:
    """First and last line of a passage, counted from 1, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last:
            raise ValueError(f"not a line span: {self.first}-{self.last}")


class BlockKind(StrEnum):
    """What a Block is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    CODE = "code"
    TABLE = "table"
    STEP = "step"  # one item of a numbered list, with everything nested in it
    ITEM = "item"  # one item of a bulleted list, with everything nested in it
    QUOTE = "quote"
    ADMONITION = "admonition"  # a warning, note or tip, with everything nested in it
    HTML = "html"  # raw HTML inside another markup
    OTHER = "other"  # comments, link definitions, rules and directives without a kind of their own


@dataclass(frozen=True, slots=True)
class Block:
    """A parsed part of a text, `text[start:end]`.

    `text[body_start:body_end]` is what it holds without its own markup: a heading without its
    marks, an item behind its list mark, code without fences, a table's rows below its head.
    Blocks are kept in the order of their starts, each before those that are nested in it; `parent`
    is the index of the one that it is nested in, -1 at the top. `level` is a heading's depth from
    1, `number` a step's number in its list, `language` the lower-case language of code, empty
    where it is not known. `admonition` is the lower-case kind of admonition (`warning`, `note`)
    that it is or stands in, whether or not that begins in this text. `indent` is how much of the
    white space before each line of code is not part of the code.
    """

    kind: BlockKind
    start: int
    end: int
    body_start: int
    body_end: int
    parent: int = -1
    level: int = 0
    number: int = 0
    language: str = ""
    admonition: str = ""
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command as it is in a Document, with its line.

    `block` is the index, in its chunk's blocks, of the one that holds it; -1 if not known.
    """

    line: int
    text: str
    risk: Risk
    block: int = -1


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a Document says of itself, apart from its text."""

    title: str
    kind: Kind = Kind.RUNBOOK
    service: tuple[str, ...] = ()
    owner: str | None = None
    severity: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    last_reviewed: date | None = None
    review_every: timedelta | None = None
    supersedes: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One runbook, postmortem or note, at one version.

    `path` is relative to the source's root, with `/`. `acl` holds the ACL tags of those who may
    read it; empty means administrators only; it is `acl_narrowed` while the index lets fewer read
    than the file says. `revision` is a git commit or a content hash, and `updated_at` is aware
    (UTC). `anchors` are headings with the anchor that their author declared for them.
    """

    source: str
    path: str
    metadata: Metadata
    acl: frozenset[str]
    acl_origin: AclOrigin
    revision: str
    updated_at: datetime
    content_hash: str
    acl_narrowed: bool = False
    anchors: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        return document_id(self.source, self.path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A retrievable span of a Document.

    `section` is the heading path from the outermost heading inwards. `context` is what stands
    before `text` when it is embedded: title and heading path. `blocks` hold all of `text` but blank
    lines; a chunk of a generation that was built before blocks were kept has none.
    """

    document_id: str
    ordinal: int
    text: str
    section: tuple[str, ...]
    lines: LineSpan
    context: str = ""
    commands: tuple[Command, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def id(self) -> str:
        return chunk_id(self.document_id, self.ordinal, self.text)

    @property
    def embedded_text(self) -> str:
        return f"{self.context}\n\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Freshness:
    """A Document's standing on one day. `age_days` counts from its last review, else its update."""

    status: FreshnessStatus
    updated_at: datetime
    last_reviewed: date | None
    age_days: int


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk of an active version as the catalog holds it.

    `key` is the catalog's number for this chunk of this version, and the id of its vector.
    """

    key: int
    chunk: Chunk
    document: Document


def content_hash(data: bytes) -> str:
    """The sha256 of a file's bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def document_id(source: str, path: str) -> str:
    """A Document is its source and path: 128 bits of sha256, in hex."""
    return hashlib.sha256(f"{source}\0{path}".encode()).hexdigest()[:32]


def chunk_id(document: str, ordinal: int, text: str) -> str:
    """A Chunk is its Document, ordinal and text: 128 bits of sha256, in hex."""
    return hashlib.sha256(f"{document}\0{ordinal}\0{text}".encode()).hexdigest()[:32]
