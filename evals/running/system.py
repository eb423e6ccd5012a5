"""The system under test, as a suite sees it: asked as a persona, it shows what it returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rag.domain.access import Principal


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A hit as it is recorded; `document` is the path below the corpus."""

    document: str
    chunk_id: str
    section: tuple[str, ...] = ()
    lines: tuple[int, int] = (0, 0)
    freshness: str = ""
    superseded: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A citation of an answer, and whether the passage says what the answer says there."""

    marker: int
    document: str
    chunk_id: str
    freshness: str
    superseded: bool
    supported: bool


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with its citations, or an abstention.

    `written` says whether what a model wrote stands, and pages were not quoted in its place;
    `cited_by_model` is the share of its statements to which the model itself gave markers. Both
    are None where no model was asked.
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
    """Everything that came back for one question; `took_ms` is wall time in milliseconds.

    `context` holds the text of the passages that the answer was made from, by their markers;
    `logs` each line that the system logged meanwhile.
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
    """A page of the corpus as it is indexed: who may read it, and the hash of its bytes."""

    path: str
    document_id: str
    acl: frozenset[str]
    content_hash: str
    chunk_ids: frozenset[str]


class SystemUnderTest(Protocol):
    """What is evaluated."""

    @property
    def conditions(self) -> Mapping[str, str]:
        """What the outcome depends on beside the corpus: model, chunking, prompt, settings."""
        ...

    def pages(self) -> list[IndexedPage]:
        """Every page, as an administrator knows them; in order of their paths."""
        ...

    def ask(self, question: str, *, principal: Principal) -> Observation:
        """What search and answer return."""
        ...

    def shown_to(self, question: str, *, principal: Principal) -> Observation:
        """What search returns, and the passages that an answer would be made from."""
        ...
