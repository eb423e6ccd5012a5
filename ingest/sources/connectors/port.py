"""What a source that is no folder offers: its documents, and who may read each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RemoteDocument:
    """One document as its system holds it.

    `path` is relative, with `/` and a suffix that says how to read it; it stays the same for as
    long as the document is the same one. `revision` changes with the text, `updated_at` is aware.
    `data` is the text as bytes, or None where the caller holds this revision already. `acl` holds
    the ACL tags of those whom the system lets read it, empty for nobody; None says that the system
    does not tell, and leaves it to the document and to its source's `acl`. `url` is where a person
    reads it.
    """

    path: str
    revision: str
    updated_at: datetime
    data: bytes | None
    acl: frozenset[str] | None = None
    url: str | None = None


class Connector(Protocol):
    """One system, asked with one set of credentials."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    def documents(self, known: Mapping[str, str]) -> Iterator[RemoteDocument]:
        """Every document there is, each once; `known` holds for each path the revision held.

        Raises StoreError when the system cannot be asked or answers in part: whatever is not
        yielded is taken for deleted. Raises ConfigurationError for wrong options or a package that
        is not installed.
        """
        ...
