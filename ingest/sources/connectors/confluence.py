"""Pages of Confluence, with their restrictions as ACL tags.

Credentials come from the environment alone: `CONFLUENCE_API_TOKEN`, or `CONFLUENCE_USERNAME` with
`CONFLUENCE_PASSWORD` (which is an API token in the cloud).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import reduce
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest.sources.connectors.port import RemoteDocument
from ingest.sources.connectors.readers import reader_class, translated
from rag.access.acl import parse_tags
from rag.errors import InvalidTag

_EXPAND = (
    "version,ancestors,restrictions.read.restrictions.group,restrictions.read.restrictions.user"
)
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_MAX_OF_A_TITLE = 60


class Options(BaseModel):
    """What to read: a space, or a query in Confluence's own language.

    `groups` and `users` map to an ACL tag a group (by name) or a user (by account id or
    name); a restriction to any other lets nobody in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str
    space: str | None = Field(default=None, pattern=r"^~?[A-Za-z0-9._-]+$")
    cql: str | None = None
    cloud: bool = True
    groups: Mapping[str, str] = Field(default_factory=dict)
    users: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_choice(self) -> Options:
        if (self.space is None) == (self.cql is None):
            raise ValueError("give one of `space` and `cql`")
        try:
            parse_tags([*self.groups.values(), *self.users.values()])
        except InvalidTag as error:
            raise ValueError(str(error)) from error
        return self


class ConfluenceConnector:
    """A page without restrictions of its own or above it is left to its source's `acl`."""

    name = "confluence"

    def __init__(self, options: Options) -> None:
        self._options = options

    def documents(self, known: Mapping[str, str]) -> Iterator[RemoteDocument]:
        """Current pages, as Markdown. The reader fetches all of them each time, `known` or not."""
        del known
        with translated(self.name):
            reader = self._reader()
            facts = _Facts(reader.confluence, self._options)
            for page in self._pages(reader):
                remote = facts.of(page.metadata["page_id"])
                title = str(page.metadata["title"])
                yield RemoteDocument(
                    path=f"{_named(title)}-{page.metadata['page_id']}.md",
                    revision=str(remote["version"]["number"]),
                    updated_at=datetime.fromisoformat(remote["version"]["when"]),
                    data=f"# {' '.join(title.split())}\n\n{page.text}\n".encode(),
                    acl=facts.readers(remote),
                    url=page.metadata.get("url"),
                )

    def _pages(self, reader: Any) -> Any:
        # The reader's own listing of a space cannot be asked for all of it; a query can.
        cql = self._options.cql or f'space = "{self._options.space}" and type = page'
        return reader.load_data(cql=cql, max_num_results=None)

    def _reader(self) -> Any:
        made = reader_class(self.name, "confluence", "ConfluenceReader")
        return made(base_url=self._options.base_url, cloud=self._options.cloud)


class _Facts:
    """Versions and restrictions of pages; each page is asked about once."""

    def __init__(self, client: Any, options: Options) -> None:
        self._client = client
        self._options = options
        self._cache: dict[str, Mapping[str, Any]] = {}

    def of(self, page: str) -> Mapping[str, Any]:
        if page not in self._cache:
            self._cache[page] = self._client.get_page_by_id(page_id=page, expand=_EXPAND)
        return self._cache[page]

    def readers(self, page: Mapping[str, Any]) -> frozenset[str] | None:
        """Whom a page and every page above it let in; None where none of them restricts."""
        above = [self.of(str(ancestor["id"])) for ancestor in page["ancestors"]]
        limits = [limit for one in (page, *above) if (limit := self._own(one)) is not None]
        return reduce(frozenset.intersection, limits) if limits else None

    def _own(self, page: Mapping[str, Any]) -> frozenset[str] | None:
        restrictions = page["restrictions"]["read"]["restrictions"]
        groups, users = restrictions["group"]["results"], restrictions["user"]["results"]
        if not groups and not users:
            return None
        tags = [self._options.groups.get(group["name"]) for group in groups]
        tags += [self._options.users.get(name) for user in users for name in _names(user)]
        return frozenset(tag for tag in tags if tag)


def _names(user: Mapping[str, Any]) -> list[str]:
    return [str(user[key]) for key in ("accountId", "username") if user.get(key)]


def _named(title: str) -> str:
    return _NOT_IN_A_NAME.sub("-", title.lower()).strip("-")[:_MAX_OF_A_TITLE] or "page"


def make(options: Mapping[str, object]) -> ConfluenceConnector:
    """The connector that a source's `options` describe."""
    return ConfluenceConnector(Options.model_validate(dict(options)))
