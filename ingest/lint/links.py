"""Links of a page that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ingest.lint.findings import Finding, Level, Rule
from ingest.lint.page import MARKDOWN, Page, PageContents, read_pages
from ingest.lint.site_pages import SitePages

# Lines of a file, as hosts of repositories address them, and tags of Hugo, Jekyll and Jinja.
_LINES = re.compile(r"L\d+(?:C\d+)?(?:-L?\d+(?:C\d+)?)?")
_TEMPLATE_TAG = re.compile(r"\{\{|\{%")

DEAD_LINK = Rule(
    "dead-link",
    Level.ERROR,
    "A relative link leads to no file and to no page of the site.",
    "Correct the path; it is relative to the page, or to the source's root with a leading /. If "
    "the site has rules of its own, set `site` on the source.",
)
DEAD_ANCHOR = Rule(
    "dead-anchor",
    Level.WARNING,
    "A link names a heading that its page does not have.",
    "Correct the part after #: the heading in lower case, with hyphens for spaces.",
)
DEAD_SUPERSEDES = Rule(
    "dead-supersedes",
    Level.WARNING,
    "`supersedes` names a page that is not there.",
    "Correct the path, from the source's root or from the page's folder, or take the key out.",
)


@dataclass(slots=True)
class LinkTargets:
    """What links may lead to; reads each page that an anchor asks about once."""

    contents: PageContents
    sites: Mapping[Path, SitePages]
    _anchors: dict[Path, frozenset[str] | None] = field(default_factory=dict)

    def anchors(self, root: Path, place: Path) -> frozenset[str] | None:
        """The anchors of a Markdown page; None where they cannot be known."""
        if place not in self._anchors:
            self._anchors[place] = _read_anchors(self.contents, root, place)
        return self._anchors[place]


def dead_links(page: Page, targets: LinkTargets) -> Iterator[Finding]:
    """Relative links and images of a Markdown page; the web is never asked."""
    for link in page.markup.links:
        parts = urlsplit(link.target)
        if parts.scheme or parts.netloc:
            continue
        path = unquote(parts.path)
        if _TEMPLATE_TAG.search(path):
            continue  # what it leads to is known only when the site is built
        place = targets.sites[page.root].find(page.path, path)
        if place is None:
            message = f"the link to {parts.path} leads to no file"
            yield page.finding(DEAD_LINK, link.line, message)
        elif parts.fragment:
            anchor = unquote(parts.fragment)
            if _LINES.fullmatch(anchor):
                continue
            known = targets.anchors(page.root, place)
            if known is not None and anchor not in known and anchor.lower() not in known:
                message = f"{parts.path or 'this page'} has no heading for #{anchor}"
                yield page.finding(DEAD_ANCHOR, link.line, message)


def dead_supersedes(page: Page) -> Iterator[Finding]:
    """`supersedes` in the front matter."""
    paths = [path for path in page.superseded if not path.startswith("..")]
    if page.superseded and not any((page.root / path).is_file() for path in paths):
        message = f"supersedes: there is no {page.fields.supersedes}"
        yield page.finding(DEAD_SUPERSEDES, page.line_of("supersedes"), message)


def _read_anchors(contents: PageContents, root: Path, place: Path) -> frozenset[str] | None:
    resolved, above = place.resolve(), root.resolve()
    inside = resolved.is_relative_to(above) and resolved.suffix.lower() in MARKDOWN
    if not inside or not resolved.is_file():
        return None
    [page] = read_pages(contents, above, [resolved.relative_to(above).as_posix()])
    return None if page.broken else page.markup.anchors
