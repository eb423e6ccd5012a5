"""Changes of who may read a document: committed to the catalog alone.

Neither step here needs the vector store or a model, so both work while one of these fails, and
neither makes a document readable by anybody who could not read it before. What a vector store still
holds is checked against the catalog by every search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.domain.documents import document_id
from rag.ports import ChangeObserver

_DELETE_BATCH = 500  # SQLite takes a limited number of parameters in one statement


@dataclass(frozen=True, slots=True)
class NarrowedAcl:
    """A document whose ACL tags went from `before` to `after`."""

    document_id: str
    path: str
    before: frozenset[str]
    after: frozenset[str]


class AccessCatalog(Protocol):
    """The catalog's side of an access change, for one generation."""

    def narrow(self, source: str, limits: Mapping[str, frozenset[str]]) -> list[NarrowedAcl]:
        """Reduce the ACL of each served document, by path, to its intersection with a limit.

        One transaction. Returns the documents whose ACL changed.
        """
        ...

    def served_acls(self, document_ids: Sequence[str]) -> dict[str, frozenset[str]]: ...

    def deactivate(self, source: str, paths: Sequence[str]) -> None: ...


class AccessWriter:
    """Removes readers from documents, and documents from what is served."""

    def __init__(self, catalog: AccessCatalog, changes: ChangeObserver) -> None:
        self._catalog = catalog
        self._changes = changes

    def narrow(self, source: str, limits: Mapping[str, frozenset[str]]) -> list[str]:
        """Limit who may read these documents; returns the paths whose ACL changed.

        Raises StoreError when the catalog cannot be written.
        """
        narrowed = self._catalog.narrow(source, limits) if limits else []
        for one in narrowed:
            self._changes.document_changed(source, one.document_id, one.before, one.after)
        return [one.path for one in narrowed]

    def withdraw(self, source: str, paths: Sequence[str]) -> None:
        """Stop serving these documents. Their vectors remain until the next sweep."""
        for start in range(0, len(paths), _DELETE_BATCH):
            gone = paths[start : start + _DELETE_BATCH]
            before = self._catalog.served_acls([document_id(source, path) for path in gone])
            self._catalog.deactivate(source, gone)
            for document, acl in before.items():
                self._changes.document_changed(source, document, acl, None)
