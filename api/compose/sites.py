"""The rules by which the settings map files of a source to URLs."""

from __future__ import annotations

from dataclasses import replace

from api.settings import SourceSettings
from rag.addresses.repository import Repository, repository_at, repository_cloned_from
from rag.addresses.site_rules import Preset, SiteRules, preset_rules, template_of


def site_rules(source: SourceSettings) -> SiteRules | None:
    """How the source's files are addressed on the web; None where the settings do not say."""
    rules = source.site.rules if source.site else None
    begins = source.url or _web_address(source)
    if begins is None:  # the rules still say which links between pages are right
        return replace(rules, template="") if rules else None
    rules = rules or preset_rules(None)
    return replace(rules, template=template_of(begins, rules))


def repository_of(source: SourceSettings) -> Repository | None:
    """The repository host of the source's files; None where the settings do not show it."""
    preset = source.site.preset if source.site else None
    if source.git is not None:
        return repository_cloned_from(source.git, source.branch, source.subfolder, preset)
    return repository_at(source.url) if source.url else None


def _web_address(source: SourceSettings) -> str | None:
    """Where a host of repositories shows the files of a git source."""
    preset = source.site.preset if source.site else None
    infix = {Preset.GITHUB: "blob", Preset.GITLAB: "-/blob"}.get(preset) if preset else None
    if infix is None or source.git is None or not source.git.startswith("https://"):
        return None
    project = source.git.rstrip("/").removesuffix(".git")
    return "/".join(part for part in (project, infix, source.branch, source.subfolder) if part)
