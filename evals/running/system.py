"""The interface to the system under test, and the values it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rag.domain.access import Principal


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A hit as it is recorded; `document` is the path below the corpus.

    `probability` is the calibrated one that the document answers, None if there is none.
    """

    document: str
    chunk_id: str
    section: tuple[str, ...] = ()
    lines: tuple[int, int] = (0, 0)
    freshness: str = ""
    superseded: bool = False
    text: str = ""
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A citation of an answer, and whether the cited chunk supports the statement."""

    marker: int
    document: str
    chunk_id: str
    freshness: str
    superseded: bool
    supported: bool


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with its citations, or an abstention.

    `written` is true if the model's text was kept, false if quotes replaced it. `cited_by_model` is
    the share of statements that the model itself cited. Both are None if no model was asked.
    """

    text: str
    abstained: bool
    citations: tuple[CitedPassage, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    written: bool | None = None
    cited_by_model: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything returned for one question; `took_ms` is wall time in milliseconds.

    `context` holds the texts that the answer was generated from, in order of their markers; `logs`
    the lines that the system logged while answering.
    """

    passages: tuple[FoundPassage, ...]
    no_result: bool
    took_ms: float
    response: Response | None = None
    context: tuple[str, ...] = ()
    answer_ms: float = 0.0
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexedPage:
    """A document of the corpus as indexed, with its readers and the hash of its bytes."""

    path: str
    document_id: str
    acl: frozenset[str]
    content_hash: str
    chunk_ids: frozenset[str]


class SystemUnderTest(Protocol):
    """The system that a suite evaluates."""

    @property
    def conditions(self) -> Mapping[str, str]:
        """What the results depend on apart from the corpus: model, chunking, prompt, settings."""
        ...

    def pages(self) -> list[IndexedPage]:
        """All indexed documents, in order of their paths."""
        ...

    def ask(self, question: str, *, principal: Principal) -> Observation:
        """Search and answer."""
        ...

    def retrieve(self, question: str, *, principal: Principal) -> Observation:
        """Search, and build the context of an answer without generating it."""
        ...
