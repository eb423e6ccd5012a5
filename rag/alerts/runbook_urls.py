"""What the URL of a runbook says about the document that it leads to.

Sites render files under other addresses than repositories: without suffix, in lower case, with
`/index`, or behind `#/`. Both sides are therefore compared by their path components.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

# A URL with one of these names a file; any other is the address of a rendered page.
SOURCE_SUFFIXES = frozenset(
    {".adoc", ".ipynb", ".markdown", ".md", ".rst", ".txt", ".docx", ".pdf"}
)
_PAGE_SUFFIXES = SOURCE_SUFFIXES | {".asciidoc", ".htm", ".html"}
# The file that a site serves for its folder.
_INDEX_NAMES = frozenset({"index", "readme", "_index"})


def bare(url: str) -> str:
    """The address without the fragment. What follows a `?` may be all that names the page."""
    return url.split("#")[0].rstrip("/")


def path_in(url: str) -> str:
    """Its path as files are named, such as `/team/runbooks/blob/main/disk full.md`."""
    try:
        return unquote(urlsplit(url).path).rstrip("/")
    except ValueError:  # an annotation may hold anything
        return ""


def compact(text: str) -> str:
    """Letters and digits alone, in lower case: equal for `DiskFull`, `disk-full`, `disk_full`."""
    return "".join(char for char in text.casefold() if char.isalnum())


def page_components(path: str) -> tuple[str, ...]:
    """The compact components of a path as a site would serve it: no suffix, no `index`."""
    steps = [step for step in PurePosixPath(path).parts if step not in ("/", ".", "..")]
    if steps:
        steps[-1] = _without_suffix(steps[-1])
        if steps[-1].casefold() in _INDEX_NAMES:
            steps.pop()
    return tuple(map(compact, steps))


@dataclass(frozen=True, slots=True)
class RunbookUrl:
    """A URL in parts: `path` as files are named, and the `anchor` of a section, else empty."""

    bare: str
    path: str
    anchor: str

    @property
    def names_a_file(self) -> bool:
        """Whether it is the address of a file in a repository, not of a rendered page."""
        return PurePosixPath(self.path).suffix.lower() in SOURCE_SUFFIXES


def parse_runbook_url(url: str) -> RunbookUrl:
    """The parts of `url`; a client-side route (`#/path?id=anchor`) counts as its path."""
    address, _, fragment = url.strip().partition("#")
    route = fragment.removeprefix("!")
    if route.startswith("/"):
        route, _, query = route.partition("?")
        anchor = parse_qs(query).get("id", [""])[0]
        return RunbookUrl(url.strip().rstrip("/"), unquote(route).rstrip("/"), anchor)
    return RunbookUrl(bare(url.strip()), path_in(address), unquote(fragment.split("?")[0]))


def _without_suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in _PAGE_SUFFIXES else name
