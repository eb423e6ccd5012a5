"""The sections of the settings that say how questions are answered."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from api.settings.section import Section as _Section
from rag.domain.answers import Unsupported


class AskSettings(_Section):
    """How answers are made; without a provider they quote the pages and no model is asked.

    Times are in seconds: `timeout` between two pieces of an answer, `deadline` for all of it.
    `api_key` is read from the environment alone.
    """

    provider: Literal["none", "openai", "ollama", "local"] = "none"
    model: str = ""
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    timeout: float = Field(default=30.0, gt=0)
    deadline: float = Field(default=90.0, gt=0)
    retries: int = Field(default=2, ge=0, le=10)
    temperature: float = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=1024, ge=16)
    context_tokens: int = Field(default=3000, ge=500)
    unsupported: Unsupported = Unsupported.MARK

    @model_validator(mode="after")
    def _names_its_model(self) -> Self:
        if self.provider in ("openai", "ollama") and not (self.model and self.base_url):
            raise ValueError(f"provider {self.provider!r} needs `model` and `base_url`")
        return self


class PromptSettings(_Section):
    """`folder` holds a team's own prompts, which stand over those that ship."""

    folder: Path | None = None
