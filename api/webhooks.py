"""What a forge says of a push, and whether it is the forge that says it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.settings import SourceSettings

_SCHEME = re.compile(r"^[a-z+]+://")
_URLS = ("clone_url", "ssh_url", "git_url", "html_url", "git_http_url", "git_ssh_url", "web_url")


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The secrets of GitHub's and GitLab's hooks; a hook without one is off."""

    github: str | None = field(default=None, repr=False)
    gitlab: str | None = field(default=None, repr=False)


def signed(secret: str, body: bytes, signature: str) -> bool:
    """Whether GitHub's X-Hub-Signature-256 is that of the body; takes the same time either way."""
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={made}".encode(), signature.encode())


def same(secret: str, token: str) -> bool:
    """Whether GitLab's X-Gitlab-Token is the secret; takes the same time either way."""
    return hmac.compare_digest(secret.encode(), token.encode())


def pushed_sources(payload: Any, sources: Sequence[SourceSettings]) -> list[str]:
    """The names of the git sources whose branch was pushed to."""
    if not isinstance(payload, Mapping):
        return []
    branch = payload.get("ref")
    repositories = [payload.get(name) for name in ("repository", "project")]
    urls = {
        _plain(url)
        for about in repositories
        if isinstance(about, Mapping)
        for url in (about.get(name) for name in _URLS)
        if isinstance(url, str)
    }
    return [
        source.name
        for source in sources
        if source.git and branch == f"refs/heads/{source.branch}" and _plain(source.git) in urls
    ]


def _plain(url: str) -> str:
    """Host and path alone, so that one repository's addresses are one."""
    bare = _SCHEME.sub("", url).rpartition("@")[2].rstrip("/").removesuffix(".git")
    host, separator, path = bare.replace(":", "/", 1).partition("/")
    return f"{host.lower()}{separator}{path.lstrip('/')}"
