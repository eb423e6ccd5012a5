"""Settings, read in one place: runbook.toml, then RUNBOOK_ environment variables over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from api.access_settings import AuditSettings, IdentitySettings, LimitSettings
from api.ask_settings import AskSettings, PromptSettings
from api.eval_settings import EvalSettings
from api.section import AclTags
from api.section import Section as _Section
from rag.errors import ConfigurationError
from rag.fusion import LANES
from rag.groups import GroupHierarchy

CONFIG_NAME = "runbook.toml"
PACKAGED_MODEL = "all-MiniLM-L6-v2"
# Settings that are read from the environment alone.
_KEYS = (("ask", "api_key"), ("evals", "judge_api_key"))


# Without a user or password: these come from the environment.
_GIT_URL = r"^(https?|ssh|git|file)://[^@\s-][^@\s]*$|^ssh://[A-Za-z0-9_]+@[^@:\s-][^@\s]*$"


class SourceSettings(_Section):
    """A root of files. Without `acl`, only documents that say who may read them are readable.

    In place of `path`, `git` names a repository of which `branch` is checked out into the state
    folder and fetched by every whole run, with the credentials that the environment variable
    `credentials_env` holds; `connector` names a system that is mirrored, and `options` what of it.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    path: Path | None = None
    acl: AclTags | None = None
    url: str | None = None
    git: str | None = Field(default=None, pattern=_GIT_URL)
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}$")
    subfolder: str = Field(default="", pattern=r"^([A-Za-z0-9_][^/\\]*(/[A-Za-z0-9_][^/\\]*)*)?$")
    credentials_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    depth: int = Field(default=0, ge=0)
    connector: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_place(self) -> SourceSettings:
        given = [place for place in (self.path, self.git, self.connector) if place is not None]
        if len(given) != 1:
            raise ValueError("give a `path`, a `git` repository or a `connector`: one of them")
        if self.options and self.connector is None:
            raise ValueError("`options` belong to a `connector`")
        return self


class EmbeddingSettings(_Section):
    """`model` is the packaged one by default, else a hub id or a local path."""

    model: str = PACKAGED_MODEL
    max_tokens: int = Field(default=512, ge=16)
    allow_download: bool = False


class ChunkingSettings(_Section):
    """Token budgets, by the embedding model's own tokenizer."""

    max_tokens: int = Field(default=256, ge=64)
    min_tokens: int = Field(default=64, ge=0)


class IngestSettings(_Section):
    """`watch` keeps a service's index up to date; `reconcile_seconds` is how often a watcher
    compares everything."""

    max_file_mib: int = Field(default=10, ge=1)
    git_protocols: tuple[Literal["https", "http", "ssh", "git", "file"], ...] = ("https",)
    watch: bool = False
    reconcile_seconds: int = Field(default=300, ge=1)


class VectorSettings(_Section):
    """Where vectors live: in the state folder, or on a `chroma run` server."""

    mode: Literal["embedded", "http"] = "embedded"
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=1, le=65535)


class SearchSection(_Section):
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
    def _are_of_lanes(cls, weights: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(weights.keys() - LANES.keys()):
            raise ValueError(f"there is no {unknown[0]!r}, but {', '.join(LANES)}")
        return weights


class RerankSettings(_Section):
    """A cross-encoder, by hub id or folder; without one the fused order stands."""

    model: str = ""
    max_tokens: int = Field(default=512, ge=16)
    passages: int = Field(default=20, ge=1, le=100)
    allow_download: bool = False


class ReviewSettings(_Section):
    """What docs owners are told against; what is empty is not checked.

    `services` maps each service that there is to its folder in a git checkout, or to "".
    """

    owners: tuple[str, ...] = ()
    acl_tags: AclTags = frozenset()
    services: dict[str, str] = Field(default_factory=dict)


class ServerSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    max_query_chars: int = Field(default=2000, ge=1)
    max_body_bytes: int = Field(default=65536, ge=1024)


class McpSettings(_Section):
    """`allowed_origins` are the web pages, such as `https://inspector.example`, that may ask."""

    allowed_origins: tuple[str, ...] = ()


class SlackSettings(_Section):
    """On when the signing secret is set, which belongs into the environment.

    `groups` says what a team (`T…`), and a channel or a user within it (`T…/C…`, `T…/U…`), may
    read; without any of them nobody may read anything.
    """

    signing_secret: SecretStr | None = None
    groups: dict[str, AclTags] = Field(default_factory=dict)
    response_origins: tuple[str, ...] = ("https://hooks.slack.com",)
    patience_seconds: float = Field(default=2.0, gt=0, le=2.5)


class TelemetrySettings(_Section):
    """Where spans are sent, such as `http://collector:4318`; nowhere by default."""

    otlp_endpoint: str = Field(default="", pattern=r"^(https?://\S+)?$")
    otlp_headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=5, gt=0)


class FeedbackSettings(_Section):
    """What is remembered of requests, so that feedback can be joined to them."""

    keep_questions: bool = True
    keep_requests_days: int = Field(default=30, ge=1)
    most_requests: int = Field(default=100_000, ge=1)


class WebhookSettings(_Section):
    """Each names the environment variable that holds a secret; a hook without one is off."""

    github_secret_env: str | None = None
    gitlab_token_env: str | None = None


class LogSettings(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


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
    ingest: IngestSettings = IngestSettings()
    vectors: VectorSettings = VectorSettings()
    search: SearchSection = SearchSection()
    rerank: RerankSettings = RerankSettings()
    ask: AskSettings = AskSettings()
    evals: EvalSettings = EvalSettings()
    prompts: PromptSettings = PromptSettings()
    review: ReviewSettings = ReviewSettings()
    server: ServerSettings = ServerSettings()
    mcp: McpSettings = McpSettings()
    slack: SlackSettings = SlackSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    feedback: FeedbackSettings = FeedbackSettings()
    log: LogSettings = LogSettings()
    identity: IdentitySettings = IdentitySettings()
    webhooks: WebhookSettings = WebhookSettings()
    limits: LimitSettings = LimitSettings()
    audit: AuditSettings = AuditSettings()
    groups: dict[str, list[str]] = {}

    @property
    def state_folder(self) -> Path:
        return self.directory / self.state

    @property
    def evals_folder(self) -> Path:
        """Where evals keep their indexes and their history."""
        return self.state_folder / "evals"

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
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library names the arguments
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands over the file, which arrives as init values."""
        return env_settings, init_settings


def load_settings(config: Path | None = None) -> Settings:
    """Settings from `config`, else from runbook.toml here if there is one, else the defaults.

    Raises ConfigurationError, naming the file and the key.
    """
    path = config or Path.cwd() / CONFIG_NAME
    values: dict[str, Any] = {}
    if config is not None or path.exists():
        values = {**_read_toml(path), "read_from": path.resolve()}
        _refuse_keys(path, values)
    try:
        settings = Settings(**{**values, "directory": path.resolve().parent})
    except ValidationError as error:
        raise ConfigurationError(_explain(path, error)) from error
    _check_names(path, settings)
    _check_groups(path, settings)
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); `runbook init` writes one"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error


def _explain(path: Path, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{path}: {where}: {first['msg']}"


def _refuse_keys(path: Path, values: Mapping[str, Any]) -> None:
    for section, name in _KEYS:
        told = values.get(section)
        if isinstance(told, dict) and name in told:
            variable = f"RUNBOOK_{section}__{name}".upper()
            raise ConfigurationError(
                f"{path}: {section}.{name}: a key does not belong in a file; take it out, and "
                f"set {variable} in the environment"
            )


def _check_names(path: Path, settings: Settings) -> None:
    names = [source.name for source in settings.sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"{path}: sources: the name {twice[0]!r} is given twice")


def _check_groups(path: Path, settings: Settings) -> None:
    try:
        GroupHierarchy(settings.groups)
        GroupHierarchy({group: [] for group in settings.identity.rights})
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
