"""The tables that say who is notified of groups of alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.settings.section import AclTags, Section

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class NotificationSettings(Section):
    """One receiver of summaries of alert groups (docs/alerts.md). Without any nothing is sent.

    `url_env` names the environment variable that holds the address; it must begin with `origin`.
    `acl` are the tags that its readers hold: a summary names only documents that they may read.
    `senders` are the callers whose alerts are summarised, as the audit log names them (`key:ID`).
    `secret_env` names the variable that holds the key of the signature. Alerts are collected for
    `wait_seconds` before a summary is sent.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    kind: Literal["slack", "json"] = "slack"
    url_env: VariableName
    origin: str = Field(
        default="https://hooks.slack.com", pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$"
    )
    acl: AclTags = Field(min_length=1)
    senders: tuple[str, ...] = Field(min_length=1)
    secret_env: VariableName | None = None
    wait_seconds: float = Field(default=10, ge=0, le=600)
    timeout_seconds: float = Field(default=10, gt=0, le=60)
    retries: int = Field(default=6, ge=0, le=10)
    max_per_hour: int = Field(default=60, ge=1)
