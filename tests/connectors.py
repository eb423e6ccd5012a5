"""Systems that connectors read, kept in memory: the port's own fake, and readers that behave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ingest.sources.connectors.port import RemoteDocument
from rag.errors import StoreError

THEN = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass(slots=True)
class MemoryWiki:
    """A system of pages in a dictionary: path to text and readers; it can be told to fail."""

    pages: dict[str, tuple[str, frozenset[str] | None]] = field(default_factory=dict)
    fails_after: int | None = None
    sent: list[str] = field(default_factory=list)
    name: str = "wiki"

    def documents(self, known: Mapping[str, str]) -> Iterator[RemoteDocument]:
        for number, (path, (text, acl)) in enumerate(self.pages.items()):
            if number == self.fails_after:
                raise StoreError("wiki could not be read (Timeout)")
            revision = hashlib.sha256(text.encode()).hexdigest()
            held = known.get(path) == revision
            if not held:
                self.sent.append(path)
            data = None if held else text.encode()
            yield RemoteDocument(path, revision, THEN, data, acl, f"https://wiki.example/{path}")


def from_file(options: Mapping[str, object]) -> MemoryWiki:
    """A connector of one's own, as `connector = "tests.connectors:from_file"` names it."""
    parsed = json.loads(Path(str(options["file"])).read_text(encoding="utf-8"))
    return MemoryWiki({path: (text, _tags(acl)) for path, text, acl in parsed})


def _tags(acl: list[str] | None) -> frozenset[str] | None:
    return None if acl is None else frozenset(acl)


def failing(options: Mapping[str, object]) -> MemoryWiki:
    """The same system on a day when it does not answer."""
    made = from_file(options)
    made.pages = {"never-sent.md": ("", None)}
    made.fails_after = 0
    return made


class ConfluenceReader:
    """What the adapter needs of the reader of that name, over pages that a test sets."""

    pages: Mapping[str, Mapping[str, Any]] = {}

    def __init__(self, base_url: str, cloud: bool) -> None:
        self.base_url = base_url
        self.confluence = SimpleNamespace(get_page_by_id=self._page)

    def load_data(self, **asked: object) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                text=page["text"],
                metadata={
                    "page_id": identity,
                    "title": page["title"],
                    "url": f"{self.base_url}/{identity}",
                },
            )
            for identity, page in self.pages.items()
            if page.get("listed", True)
        ]

    def _page(self, page_id: str, expand: str) -> Mapping[str, Any]:
        page = self.pages[page_id]
        named = {kind: {"results": page.get(kind, [])} for kind in ("group", "user")}
        return {
            "version": {"number": page["version"], "when": "2026-05-01T10:00:00.000Z"},
            "ancestors": [{"id": above} for above in page.get("above", [])],
            "restrictions": {"read": {"restrictions": named}},
        }


class S3Reader:
    """What the adapter needs of the reader of that name, over a bucket that a test sets."""

    bucket_files: Mapping[str, bytes] = {}
    fetched: list[str] = []  # noqa: RUF012 - set by each test

    def __init__(self, bucket: str, prefix: str, **_: object) -> None:
        self._start = f"{bucket}/{prefix}"

    def list_resources(self) -> list[str]:
        found = [key for key in self.bucket_files if key.startswith(self._start)]
        if not found:
            raise ValueError("No files found")
        return found

    def get_resource_info(self, resource: str) -> Mapping[str, Any]:
        digest = hashlib.md5(self.bucket_files[resource], usedforsecurity=False).hexdigest()
        return {"last_modified_date": "2026-05-01T10:00:00Z", "content_hash": f'"{digest}"'}

    def read_file_content(self, resource: str) -> bytes:
        self.fetched.append(resource)
        return self.bucket_files[resource]
