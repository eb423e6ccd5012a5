"""The sections that say how pages are found and ranked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from api.settings.section import Section
from rag.retrieval.fusion import SIGNALS


class SearchSection(Section):
    """`synonyms` is a team's own file of synonyms, in place of the one that ships.

    `weights` says how much some retrievers count in the fused ranking, in place of what ships.
    """

    candidates: int = Field(default=100, ge=10, le=1000)
    synonyms: Path | None = None
    review_every_days: int = Field(default=180, ge=1)
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @property
    def review_every(self) -> timedelta:
        """How often a page is to be reviewed that does not say so itself."""
        return timedelta(days=self.review_every_days)

    @field_validator("weights")
    @classmethod
    def _check_signal_names(cls, weights: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(weights.keys() - SIGNALS.keys()):
            raise ValueError(f"there is no {unknown[0]!r}, but {', '.join(SIGNALS)}")
        return weights


class RerankSettings(Section):
    """A cross-encoder, by hub id or folder; without one the fused order stands."""

    model: str = ""
    max_tokens: int = Field(default=512, ge=16)
    passages: int = Field(default=20, ge=1, le=100)
    allow_download: bool = False
