"""Pages of Notion, as plain text.

The credential comes from the environment alone: `NOTION_INTEGRATION_TOKEN`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from ingest.sources.connectors.port import RemoteDocument
from ingest.sources.connectors.readers import reader_class, translated

_PAGE = "https://api.notion.com/v1/pages/{}"
_TIMEOUT_SECONDS = 30
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_MAX_OF_A_TITLE = 60


class Options(BaseModel):
    """The pages and databases to read: Notion's own listing of everything ends at a hundred."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_ids: tuple[str, ...] = ()
    database_ids: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Options:
        if not self.page_ids and not self.database_ids:
            raise ValueError("give `page_ids`, `database_ids`, or both")
        return self


class NotionConnector:
    """Notion's API does not say who may read a page; its source does."""

    name = "notion"

    def __init__(self, options: Options) -> None:
        self._options = options

    def documents(self, known: Mapping[str, str]) -> Iterator[RemoteDocument]:
        """Each page once; one that was not edited since is not read again."""
        with translated(self.name):
            reader = reader_class(self.name, "notion", "NotionPageReader")()
            for page in self._pages(reader):
                yield _document(reader, page, known)

    def _pages(self, reader: Any) -> list[str]:
        listed = list(self._options.page_ids)
        for database in self._options.database_ids:
            # A query of its own each time: the reader writes its cursor into the one it is given.
            listed += reader.query_database(database, {"page_size": 100})
        return list(dict.fromkeys(listed))


def _document(reader: Any, page: str, known: Mapping[str, str]) -> RemoteDocument:
    facts = _facts(reader, page)
    title, edited = _title(facts) or "page", str(facts["last_edited_time"])
    named = _NOT_IN_A_NAME.sub("-", title.lower()).strip("-")[:_MAX_OF_A_TITLE] or "page"
    path = f"{named}-{page.replace('-', '')}.txt"
    held = known.get(path) == edited
    return RemoteDocument(
        path=path,
        revision=edited,
        updated_at=datetime.fromisoformat(edited),
        data=None if held else f"{title}\n\n{reader.read_page(page)}\n".encode(),
        url=facts.get("url"),
    )


def _facts(reader: Any, page: str) -> Mapping[str, Any]:
    import requests

    answer = requests.get(_PAGE.format(page), headers=reader.headers, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    facts: Mapping[str, Any] = answer.json()
    return facts


def _title(facts: Mapping[str, Any]) -> str:
    for value in facts.get("properties", {}).values():
        if value.get("type") == "title":
            return " ".join("".join(part["plain_text"] for part in value["title"]).split())
    return ""


def make(options: Mapping[str, object]) -> NotionConnector:
    """The connector that a source's `options` describe."""
    return NotionConnector(Options.model_validate(dict(options)))
