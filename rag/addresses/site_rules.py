"""How a site maps the files of a source to URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import quote

from rag.addresses.anchors import AnchorStyle, anchor_of

PLACEHOLDERS = ("path", "path_without_suffix", "slug", "revision")
_PLACEHOLDER = re.compile(r"\{(\w+)\}(/?)")
_LINK_CHARACTERS = "/!$&'()*+,;=:@-._~"
_NOT_IN_A_SLUG = re.compile(r"[^\w]+")
# Docusaurus leaves out what only sorts files: `01-intro.md` is `intro`; a date is kept.
_NUMBER_PREFIX = (re.compile(r"(^|/)\d+\s*[-_.]+\s*(?=[^\W\d])"), r"\1")
# `disks/disks.md` is the page of the folder `disks`, for Docusaurus.
_NAMED_AS_FOLDER = (re.compile(r"(^|/)([^/]+)/\2$"), r"\1\2")
_SPACES = (re.compile(r"\s+"), "-")

Replacement = tuple[re.Pattern[str], str]


class Preset(StrEnum):
    """A site generator or a host of repositories whose rules are known."""

    MKDOCS = "mkdocs"
    HUGO = "hugo"
    DOCUSAURUS = "docusaurus"
    GITHUB = "github"
    GITLAB = "gitlab"
    BACKSTAGE = "backstage"


@dataclass(frozen=True, slots=True)
class SiteRules:
    """`template` is the URL of a file, with placeholders.

    `index_pages` are names, in lower case and without suffix, of files that a site serves as their
    folder. `replacements` are applied to the path without its suffix, in order. A site that is not
    `rendered` serves files under their own names.
    """

    template: str = ""
    rendered: bool = True
    lower_case: bool = False
    index_pages: frozenset[str] = frozenset({"index", "readme", "_index"})
    replacements: tuple[Replacement, ...] = ()
    anchors: AnchorStyle = AnchorStyle.GITHUB

    def url(self, path: str, revision: str | None = None) -> str | None:
        """The URL of a file, by its path below the source; None where the site has no address.

        Without a revision, `{revision}` is left as it is.
        """
        if not self.template:
            return None
        page = self.page(path)
        values = {
            "path": quote(path, safe=_LINK_CHARACTERS),
            "path_without_suffix": quote(page, safe=_LINK_CHARACTERS),
            "slug": quote(_slug(page), safe="/"),
            "revision": None if revision is None else quote(revision, safe=""),
        }
        return _PLACEHOLDER.sub(lambda found: _filled(found, values), self.template)

    def page(self, path: str) -> str:
        """A file's path as the site names its page, without suffix; empty for the start page."""
        file = PurePosixPath(path)
        page = file.parent if file.stem.casefold() in self.index_pages else file.with_suffix("")
        name = "" if page == PurePosixPath(".") else str(page)
        for pattern, replacement in self.replacements:
            name = pattern.sub(replacement, name)
        return name.lower() if self.lower_case else name

    def section_url(
        self, url: str | None, path: str, revision: str, section: Sequence[str], declared: str = ""
    ) -> str | None:
        """The URL of a section of a page, by the headings above it.

        `declared` is the anchor that an author has given its heading, if any. A `url` that is not
        by these rules is returned as it is: how it makes anchors is unknown.
        """
        if not url or not section or url != self.url(path, revision):
            return url
        anchor = declared or anchor_of(section[-1], self.anchors)
        return f"{url}#{quote(anchor)}" if anchor else url


_RULES: Mapping[Preset, SiteRules] = {
    Preset.MKDOCS: SiteRules(
        "{path_without_suffix}/",
        index_pages=frozenset({"index", "readme"}),
        anchors=AnchorStyle.MKDOCS,
    ),
    Preset.BACKSTAGE: SiteRules(
        "{path_without_suffix}/",
        index_pages=frozenset({"index", "readme"}),
        anchors=AnchorStyle.MKDOCS,
    ),
    Preset.HUGO: SiteRules(
        "{path_without_suffix}/",
        lower_case=True,
        index_pages=frozenset({"index", "_index"}),
        replacements=(_SPACES,),
    ),
    Preset.DOCUSAURUS: SiteRules(
        "{path_without_suffix}",
        index_pages=frozenset({"index", "readme"}),
        replacements=(_NUMBER_PREFIX, _NAMED_AS_FOLDER),
    ),
    Preset.GITHUB: SiteRules("{path}", rendered=False, index_pages=frozenset()),
    Preset.GITLAB: SiteRules(
        "{path}", rendered=False, index_pages=frozenset(), anchors=AnchorStyle.GITLAB
    ),
}


def preset_rules(preset: Preset | None) -> SiteRules:
    """The rules of a preset; its template is what follows the address where the site begins."""
    return _RULES[preset] if preset else SiteRules("{path}", index_pages=frozenset())


def template_of(url: str, rules: SiteRules) -> str:
    """The template for a site at `url`, which is one itself if it has a placeholder."""
    return url if "{" in url else f"{url.rstrip('/')}/{rules.template}"


def _filled(found: re.Match[str], values: Mapping[str, str | None]) -> str:
    value = values.get(found[1])
    if value is None:
        return found[0]
    return f"{value}{found[2]}" if value else ""  # the start page needs no slash of its own


def _slug(page: str) -> str:
    steps = (_NOT_IN_A_SLUG.sub("-", step).strip("-").lower() for step in page.split("/"))
    return "/".join(steps)
