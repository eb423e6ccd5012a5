"""Addresses of git repositories as people have them: to clone, or from a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

from ingest.sources.selection import source_name
from rag.errors import ConfigurationError

# `git@host:group/project.git`, which is short for ssh://git@host/group/project.git.
_SCP = re.compile(r"^(?P<user>[A-Za-z0-9_]+)@(?P<host>[A-Za-z0-9.-]+):(?!//)(?P<path>[^\s]+)$")
# A folder of a branch as the web pages of GitHub, GitLab and Gitea address it.
_IN_BROWSER = re.compile(
    r"^(?P<project>/.+?)/(?:-/)?(?:tree|blob|src/branch)/(?P<branch>[^/]+)(?:/(?P<folder>.+))?$"
)
SCHEMES = frozenset({"https", "http", "ssh", "git", "file"})


@dataclass(frozen=True, slots=True)
class GitAddress:
    """`branch` is None where the address does not name one; `subfolder` may be empty."""

    url: str
    name: str
    branch: str | None = None
    subfolder: str = ""

    @property
    def protocol(self) -> str:
        return self.url.split("://")[0]


def parse_git_address(text: str) -> GitAddress | None:
    """The repository that `text` names, None where it is no address but a path.

    Raises ConfigurationError for an address that cannot be used. A branch with a `/` cannot be
    told from a folder in the address of a web page: its first part is taken for the branch.
    """
    if scp := _SCP.match(text):
        text = f"ssh://{scp['user']}@{scp['host']}/{scp['path'].lstrip('/')}"
    if "://" not in text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ConfigurationError("the address of the repository is not a URL") from error
    if parts.scheme not in SCHEMES:
        known = ", ".join(sorted(SCHEMES))
        raise ConfigurationError(f"git does not use {parts.scheme}: one of {known}")
    if parts.password or (parts.username and parts.scheme != "ssh"):
        raise ConfigurationError(
            "the address holds a user or password; leave it out, put a token into an environment "
            "variable and name that variable as `credentials_env` in runbook.toml"
        )
    return _address(parts)


def _address(parts: SplitResult) -> GitAddress:
    seen = _IN_BROWSER.match(parts.path) if parts.scheme in ("https", "http") else None
    path = (seen["project"] if seen else parts.path).rstrip("/")
    url = f"{parts.scheme}://{parts.netloc}{path}"
    name = source_name(PurePosixPath(path.removesuffix(".git")))
    if seen is None:
        return GitAddress(url, name)
    return GitAddress(url, name, seen["branch"], unquote(seen["folder"] or "").strip("/"))
