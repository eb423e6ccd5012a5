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
    """The query log: what is kept of requests, for feedback and for drift.

    Without `keep_questions` a request is kept without its question. `hash_questions` keeps a keyed
    hash in place of each question, and `sample_questions` is the share of requests whose question
    is kept. Requests older than `keep_requests_days`, and the oldest of more than `most_requests`,
    are deleted.
    """

    keep_questions: bool = True
    hash_questions: bool = False
    sample_questions: float = Field(default=1.0, ge=0, le=1)
    keep_requests_days: int = Field(default=30, ge=1)
    most_requests: int = Field(default=100_000, ge=1)
