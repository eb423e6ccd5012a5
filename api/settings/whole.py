"""All of the settings, as one value."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from api.settings.access import (
    AuditSettings,
    IdentitySettings,
    LimitSettings,
    ProxyAddresses,
)
from api.settings.ask import AskSettings, PromptSettings
from api.settings.doors import (
    McpSettings,
    ServerSettings,
    SlackSettings,
    WebhookSettings,
    WebSettings,
)
from api.settings.evals import EvalSettings
from api.settings.incidents import IncidentSettings
from api.settings.index import (
    ChunkingSettings,
    CommandSettings,
    EmbeddingSettings,
    IngestSettings,
    ReviewSettings,
    SourceSettings,
    VectorSettings,
)
from api.settings.notifications import NotificationSettings
from api.settings.records import FeedbackSettings, LogSettings, TelemetrySettings
from api.settings.search import RerankSettings, SearchSection
from api.settings.secret_files import Environment


class Settings(BaseSettings):
    """Everything that can be set.

    `directory` is where the configuration file stands, and `read_from` is that file, if there is
    one. `groups` says which groups each group includes.
    """

    model_config = SettingsConfigDict(
        env_prefix="RUNBOOK_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    directory: Path = Field(default_factory=Path.cwd, exclude=True)
    read_from: Path | None = Field(default=None, exclude=True)
    state: Path = Path(".runbook")
    sources: tuple[SourceSettings, ...] = ()
    embedding: EmbeddingSettings = EmbeddingSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    commands: CommandSettings = CommandSettings()
    ingest: IngestSettings = IngestSettings()
    vectors: VectorSettings = VectorSettings()
    search: SearchSection = SearchSection()
    rerank: RerankSettings = RerankSettings()
    ask: AskSettings = AskSettings()
    evals: EvalSettings = EvalSettings()
    incidents: IncidentSettings = IncidentSettings()
    notifications: tuple[NotificationSettings, ...] = ()
    prompts: PromptSettings = PromptSettings()
    review: ReviewSettings = ReviewSettings()
    server: ServerSettings = ServerSettings()
    mcp: McpSettings = McpSettings()
    slack: SlackSettings = SlackSettings()
    web: WebSettings = WebSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    feedback: FeedbackSettings = FeedbackSettings()
    log: LogSettings = LogSettings()
    identity: IdentitySettings = IdentitySettings()
    webhooks: WebhookSettings = WebhookSettings()
    limits: LimitSettings = LimitSettings()
    audit: AuditSettings = AuditSettings()
    groups: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _public_url_is_known(self) -> Settings:
        oidc = self.identity.oidc
        if oidc is not None and oidc.sign_in is not None and not self.server.public_url:
            raise ValueError(
                "identity.oidc.sign_in needs server.public_url, the address of this service: the "
                "issuer sends browsers back to it"
            )
        return self

    @property
    def state_folder(self) -> Path:
        return self.directory / self.state

    @property
    def evals_folder(self) -> Path:
        """Where evals keep their indexes and their history."""
        return self.state_folder / "evals"

    @property
    def drift_folder(self) -> Path:
        """The folder of the reports of drift."""
        return self.state_folder / "drift"

    @property
    def trusted_proxies(self) -> ProxyAddresses:
        """The proxies whose X-Forwarded-For header is believed."""
        proxy = self.identity.proxy
        return self.server.proxies + (proxy.addresses if proxy else ())

    @property
    def named_variables(self) -> frozenset[str]:
        """The environment variables in which these settings look for secrets."""
        webhooks = (self.webhooks.github_secret_env, self.webhooks.gitlab_token_env)
        sources = (source.credentials_env for source in self.sources)
        addresses = (one.url_env for one in self.notifications)
        keys = (one.secret_env for one in self.notifications)
        return frozenset(name for name in (*webhooks, *sources, *addresses, *keys) if name)

    def source_root(self, source: SourceSettings) -> Path:
        """Where its files stand; those of a connector are mirrored into the state folder."""
        if source.git is not None:
            return self.git_folder(source) / source.subfolder
        if source.path is None:
            return self.state_folder / "mirrors" / source.name
        return self.directory / source.path

    def git_folder(self, source: SourceSettings) -> Path:
        """Where a git source is checked out."""
        return self.state_folder / "sources" / source.name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library names the arguments
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands over the file, which arrives as init values."""
        return Environment(settings_cls), init_settings
