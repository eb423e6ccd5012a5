"""The sections that say what is indexed, and with what."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from api.settings.section import AclTags, Section
from rag.addresses.anchors import AnchorStyle
from rag.addresses.site_rules import PLACEHOLDERS, Preset, Replacement, SiteRules, preset_rules
from rag.text.suggestions import did_you_mean

DEFAULT_MODEL = "minilm-ops-1"  # rag/adapters/embedding/deltas
_IN_BRACES = re.compile(r"\{([^{}]*)\}")
# Without a user or password: these come from the environment.
_GIT_URL = r"^(https?|ssh|git|file)://[^@\s-][^@\s]*$|^ssh://[A-Za-z0-9_]+@[^@:\s-][^@\s]*$"


def _preset_alone(raw: object) -> object:
    return {"preset": raw} if isinstance(raw, str) else raw


class SiteSettings(Section):
    """How a site maps the files of a source to URLs, where it differs from its `preset`.

    `replace` are pairs of a regular expression and its replacement, applied in order to the path of
    a file without its suffix. `index_pages` are names, without suffix, of files that the site
    serves as their folder.
    """

    preset: Preset | None = None
    lower_case: bool | None = None
    index_pages: tuple[str, ...] | None = None
    anchors: AnchorStyle | None = None
    replace: tuple[tuple[str, str], ...] = ()

    @property
    def rules(self) -> SiteRules:
        """The rules of the preset with these changes; the template is without the site's address.

        Raises ValueError when a regular expression or its replacement is not valid.
        """
        rules = preset_rules(self.preset)
        if self.lower_case is not None:
            rules = replace(rules, lower_case=self.lower_case)
        if self.index_pages is not None:
            names = frozenset(name.casefold() for name in self.index_pages)
            rules = replace(rules, index_pages=names)
        if self.anchors is not None:
            rules = replace(rules, anchors=self.anchors)
        own = tuple(map(_replacement, self.replace))
        return replace(rules, replacements=(*rules.replacements, *own))

    @model_validator(mode="after")
    def _can_be_applied(self) -> SiteSettings:
        self.rules.page("a/b.md")
        return self


def _replacement(pair: tuple[str, str]) -> Replacement:
    try:
        pattern = re.compile(pair[0])
        re.compile(f"{pair[0]}|").sub(pair[1], "")  # always matches, so the replacement is read
    except re.error as error:
        raise ValueError(f"replace: {pair[0]!r} with {pair[1]!r}: {error}") from error
    return pattern, pair[1]


class SourceSettings(Section):
    """A root of files. Without `acl`, only documents that say who may read them are readable.

    In place of `path`, `git` names a repository of which `branch` is checked out into the state
    folder and fetched by every whole run, with the credentials that the environment variable
    `credentials_env` holds; `connector` names a system that is mirrored, and `options` what of it.

    `url` is where the files' pages begin on the web, or a template with placeholders, and `site`
    says how the site maps files to pages: a preset, or a table of SiteSettings.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    path: Path | None = None
    acl: AclTags | None = None
    url: str | None = None
    site: Annotated[SiteSettings | None, BeforeValidator(_preset_alone)] = None
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
        unknown = [name for name in _IN_BRACES.findall(self.url or "") if name not in PLACEHOLDERS]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            meant = did_you_mean(unknown[0], PLACEHOLDERS)
            raise ValueError(f"`url` has an unknown {{{unknown[0]}}}{meant or f': use {known}'}")
        if self.options and self.connector is None:
            raise ValueError("`options` belong to a `connector`")
        return self


class EmbeddingSettings(Section):
    """`model` is one that ships (`minilm-ops-1`, `all-MiniLM-L6-v2`), a hub id or a local path."""

    model: str = DEFAULT_MODEL
    max_tokens: int = Field(default=512, ge=16)
    allow_download: bool = False


class ChunkingSettings(Section):
    """Token budgets, by the embedding model's own tokenizer."""

    max_tokens: int = Field(default=256, ge=64)
    min_tokens: int = Field(default=64, ge=0)


class IngestSettings(Section):
    """`watch` keeps a service's index up to date; `reconcile_seconds` is how often a watcher
    compares everything.

    `read_seconds` and `read_memory_mib` limit what reading one file may cost: processor time, and
    the memory of the process that reads it. `redact_secrets` takes secrets out of documents before
    anything of them is stored.
    """

    max_file_mib: int = Field(default=10, ge=1)
    read_seconds: float = Field(default=5.0, gt=0)
    read_memory_mib: int = Field(default=300, ge=128)
    git_protocols: tuple[Literal["https", "http", "ssh", "git", "file"], ...] = ("https",)
    redact_secrets: bool = True
    watch: bool = False
    reconcile_seconds: int = Field(default=300, ge=1)


class CommandSettings(Section):
    """`tables` is the team's own file of programs, in addition to the shipped one."""

    tables: Path | None = None


class VectorSettings(Section):
    """Where vectors live: in the state folder, or on a `chroma run` server."""

    mode: Literal["embedded", "http"] = "embedded"
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=1, le=65535)


class ReviewSettings(Section):
    """Values that lint accepts; an empty list disables its check.

    `services` maps each service that there is to its folder in a git checkout, or to "".
    """

    owners: tuple[str, ...] = ()
    acl_tags: AclTags = frozenset()
    services: dict[str, str] = Field(default_factory=dict)
