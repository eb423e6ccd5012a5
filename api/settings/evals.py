"""The section of the settings that says what evals gate, and who judges answers in them."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from api.settings.section import Section


class EvalSettings(Section):
    """A judge behind an OpenAI-compatible endpoint; without a URL there is none.

    `gate_suite` is the suite that a generation must pass before it is promoted; without one
    `verify` alone judges it. `judge_timeout` is in seconds, for one score;
    `judge_api_key` is read from the environment.
    """

    gate_suite: Path | None = None
    judge_url: str = ""
    judge_model: str = ""
    judge_api_key: SecretStr = SecretStr("")
    judge_timeout: float = Field(default=60.0, gt=0)
    judge_repeats: int = Field(default=3, ge=1, le=9)

    @model_validator(mode="after")
    def _names_its_model(self) -> Self:
        if self.judge_url and not self.judge_model:
            raise ValueError("`judge_url` needs a `judge_model`")
        return self
