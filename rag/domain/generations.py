"""Generations: builds of the index, each with one embedding model, chunker and settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings that a generation was built with: enough to add to it and to query it later.

    `commands` identifies the tables that its commands were classified by. With `redact_secrets`
    secrets were taken out of its documents before they were stored.
    """

    model: str
    model_tokens: int
    chunk_tokens: int
    least_tokens: int
    chunker: str
    commands: str = ""
    redact_secrets: bool = False  # as in generations that were built before it was stored

    def has_chunks_of(self, other: Recipe) -> bool:
        """Whether both cut documents into the same chunks."""
        return replace(self, model=other.model, model_tokens=other.model_tokens) == other


@dataclass(frozen=True, slots=True)
class Generation:
    """One build; `fingerprint` identifies everything that its chunks and vectors depend on.

    `recipe` is None for a generation that was built before recipes were stored.
    """

    id: int
    fingerprint: str
    model: str
    dimension: int
    recipe: Recipe | None = None


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """A generation as it is listed. `state` is building, ready, serving or retired."""

    generation: Generation
    state: str
    created_at: datetime
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class GenerationDifference:
    """How a copy of a generation differs from the original.

    `outdated` are versions of the original that the copy lacks or has in another state; `lacking`
    are those that it does not have at all. `surplus` are paths, by source, that only the copy has.
    """

    outdated: tuple[int, ...]
    lacking: tuple[int, ...]
    surplus: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Promotion:
    """One change of the serving generation. `at` is aware (UTC).

    `kind` is promote, rollback or ingest; `gate` is the gate's verdict in words. `reason` is what
    an administrator gave for promoting against that verdict. `before` is None for the first.
    """

    generation: int
    before: int | None
    at: datetime
    by: str
    kind: str
    gate: str
    reason: str | None
