"""The sections that say what is written down: logs, traces, and requests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from api.settings.section import Section


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class TelemetrySettings(Section):
    """Where spans are sent, such as `http://collector:4318`; nowhere by default."""

    otlp_endpoint: str = Field(default="", pattern=r"^(https?://\S+)?$")
    otlp_headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=5, gt=0)


class FeedbackSettings(Section):
    """What is remembered of requests, so that feedback can be joined to them."""

    keep_questions: bool = True
    keep_requests_days: int = Field(default=30, ge=1)
    most_requests: int = Field(default=100_000, ge=1)
