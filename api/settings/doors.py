"""The sections of the doors: HTTP, MCP, Slack and webhooks."""

from __future__ import annotations

from pydantic import Field, SecretStr

from api.settings.access import ProxyAddresses
from api.settings.section import AclTags, Section
from rag.text.limits import MAX_QUESTION_CHARS

# More than a machine has cores for; each of them loads the embedding model.
MAX_WORKERS = 256


class ServerSettings(Section):
    """`max_webhook_bytes` and `max_chat_bytes` are for bodies that are large by their nature: a
    push with many commits, a long conversation, a storm of alerts (`max_alert_bytes`), the
    log of an incident (`max_incident_bytes`). None of them counts where `max_body_bytes` is more.
    `proxies` are the addresses of reverse proxies: of their requests the client's address is the
    one that X-Forwarded-For names. Those of `identity.proxy.addresses` count as well.
    After SIGTERM it is not ready and accepts requests for another `drain_seconds`, so that load
    balancers notice; answers that are being streamed end after `stop_seconds`.
    `workers` is the number of processes that answer; one answers and writes the index by itself,
    several have one more that writes.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=MAX_WORKERS)
    public_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    max_query_chars: int = Field(default=2000, ge=1, le=MAX_QUESTION_CHARS)
    max_body_bytes: int = Field(default=65536, ge=1024)
    max_webhook_bytes: int = Field(default=5 * 1024**2, ge=1024)
    max_chat_bytes: int = Field(default=1024**2, ge=1024)
    max_alert_bytes: int = Field(default=8 * 1024**2, ge=1024)
    max_incident_bytes: int = Field(default=16 * 1024**2, ge=1024)
    proxies: ProxyAddresses = ()
    drain_seconds: float = Field(default=0, ge=0, le=300)
    stop_seconds: float = Field(default=30, ge=0, le=3600)


class McpSettings(Section):
    """`allowed_origins` are the web pages, such as `https://inspector.example`, that may ask."""

    allowed_origins: tuple[str, ...] = ()


class WebSettings(Section):
    """The web pages. `session_hours` is how long after signing in a browser must sign in again."""

    enabled: bool = True
    session_hours: int = Field(default=12, ge=1, le=24 * 30)


class SlackSettings(Section):
    """On when the signing secret is set, which belongs into the environment.

    `groups` says what a team (`T…`), and a channel or a user within it (`T…/C…`, `T…/U…`), may
    read; without any of them nobody may read anything.
    """

    signing_secret: SecretStr | None = None
    groups: dict[str, AclTags] = Field(default_factory=dict)
    response_origins: tuple[str, ...] = ("https://hooks.slack.com",)
    patience_seconds: float = Field(default=2.0, gt=0, le=2.5)


class WebhookSettings(Section):
    """Each names the environment variable that holds a secret; a hook without one is off."""

    github_secret_env: str | None = None
    gitlab_token_env: str | None = None
