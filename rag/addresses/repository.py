"""Addresses of a file at the host of its repository: to edit it, its history, and a commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from rag.addresses.site_rules import Preset

_LINK_CHARACTERS = "/!$&'()*+,;=:@-._~"
_SHOWN_FILE = re.compile(r"(https?://[^/]+/.+?)(/-)?/blob/(.+?)/?")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a host shows the files of a source.

    `project` is the address of the repository, with GitLab's `/-`; `below` is the branch, and the
    folder of the source in it.
    """

    project: str
    below: str

    def edit_url(self, path: str) -> str:
        """Where a file is edited, by its path below the source."""
        return f"{self.project}/edit/{self._file(path)}"

    def history_url(self, path: str) -> str:
        """The commits that changed a file."""
        return f"{self.project}/commits/{self._file(path)}"

    def commit_url(self, revision: str) -> str | None:
        """A commit; None for a revision that is the hash of a file's content."""
        return f"{self.project}/commit/{revision}" if _COMMIT.fullmatch(revision) else None

    def _file(self, path: str) -> str:
        return f"{self.below}/{quote(path, safe=_LINK_CHARACTERS)}"


def repository_at(url: str) -> Repository | None:
    """The repository whose files are shown at `url`, as GitHub and GitLab do, else None."""
    found = _SHOWN_FILE.fullmatch(url)
    if found is None or "{" in url:
        return None
    project, infix, below = found.groups()
    return Repository(f"{project}{infix or ''}", below)


def repository_cloned_from(
    address: str, branch: str, folder: str, preset: Preset | None
) -> Repository | None:
    """The repository behind a git address, if its host is known; the preset may say what it is."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https", "ssh") or not host:
        return None
    infix = _infix_of(host, preset)
    if infix is None:
        return None
    path = parts.path.rstrip("/").removesuffix(".git")
    scheme = "http" if parts.scheme == "http" else "https"
    port = f":{parts.port}" if parts.port and parts.scheme != "ssh" else ""
    return Repository(
        f"{scheme}://{host}{port}{path}{infix}", "/".join(filter(None, (branch, folder)))
    )


def _infix_of(host: str, preset: Preset | None) -> str | None:
    """What GitLab puts before the parts of a repository, "" for GitHub; None if unknown."""
    if preset is Preset.GITHUB or host == "github.com":
        return ""
    if preset is Preset.GITLAB or host == "gitlab.com" or host.startswith("gitlab."):
        return "/-"
    return None
