"""What a link between pages leads to, by the rules of the site that renders them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit

from ingest.formats import TEXT_SUFFIXES
from rag.addresses.site_rules import SiteRules

_PAGE_SUFFIXES = frozenset({".html", ".htm"})
# The page of a folder, by site generator.
_INDEX_NAMES = ("index", "_index", "README", "readme")


@dataclass(slots=True)
class SitePages:
    """The pages below `root`. Without rules, what any known generator or wiki resolves is right."""

    root: Path
    pages: tuple[str, ...]
    site: SiteRules | None = None
    _by_address: dict[str, str] | None = field(default=None)

    def find(self, page: str, target: str) -> Path | None:
        """The file or folder that a link on `page` leads to; None where there is none.

        `target` is the decoded path of the link, without query and fragment; empty for the page
        itself.
        """
        if not target:
            return self.root / page
        for path in self._paths(page, target):
            if (place := self._file(path)) is not None:
                return place
        return self._addressed(page, target)

    @property
    def _is_rendered(self) -> bool:
        return self.site is None or self.site.rendered

    def _paths(self, page: str, target: str) -> Iterator[str]:
        """The paths below the root that a link may mean, the most literal first."""
        folder = str(PurePosixPath(page).parent)
        if not target.startswith("/"):
            yield f"{folder}/{target}"
            if self._is_rendered:  # `a.md` is served as `a/`
                yield f"{PurePosixPath(page).with_suffix('')}/{target}"
            return
        path = target.lstrip("/")
        yield path
        prefix = self._prefix()
        if self._is_rendered and (path == prefix or path.startswith(f"{prefix}/")):
            yield path.removeprefix(prefix).lstrip("/")

    def _prefix(self) -> str:
        """The folder of the site under which the root's pages are served."""
        template = self.site.template if self.site else ""
        base = urlsplit(template.split("{")[0]).path.strip("/")
        return base or self.root.resolve().name

    def _file(self, path: str) -> Path | None:
        """The file or folder at a path; on a rendered site, of the page that it names."""
        place = self.root / path
        if place.exists():
            return place
        if not self._is_rendered:
            return None
        bare = normpath(path)
        if PurePosixPath(bare).suffix.lower() in _PAGE_SUFFIXES:
            bare = str(PurePosixPath(bare).with_suffix(""))
        names = [f"{bare}{suffix}" for suffix in sorted(TEXT_SUFFIXES)]
        names += [f"{bare}/{name}.md" for name in _INDEX_NAMES]
        return next((self.root / name for name in names if (self.root / name).is_file()), None)

    def _addressed(self, page: str, target: str) -> Path | None:
        """The page whose address by the configured rules the link leads to."""
        own = self.site.url(page, "") if self.site else None
        if not own:
            return None
        here = urlsplit(own).path
        folder = here if here.endswith("/") else here.rpartition("/")[0]
        joined = target if target.startswith("/") else f"{folder}/{target}"
        found = self._addresses().get(normpath(joined).lstrip("/"))
        return None if found is None else self.root / found

    def _addresses(self) -> dict[str, str]:
        if self._by_address is None:
            urls = ((path, self.site.url(path, "") if self.site else None) for path in self.pages)
            self._by_address = {
                normpath(unquote(urlsplit(url).path)).lstrip("/"): path for path, url in urls if url
            }
        return self._by_address
