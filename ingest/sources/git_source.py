"""A source that is a branch of a git repository elsewhere, checked out into the state folder.

The repository is this program's own, and its configuration is written anew before every fetch, so
that a filter or a driver that the tree's attributes name is one that does not exist.
`ingest/sources/git_command.py` runs git, which speaks the allowed protocols alone. Credentials
reach it through its environment, not through its arguments, which others on the machine can read;
what it prints is redacted.
"""

from __future__ import annotations

import base64
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ingest.sources.git_command import GitFailed, git_environment, run_git
from rag.errors import StoreError

_TIMEOUT_SECONDS = 600
_USER = "x-access-token"  # the user name that GitHub and GitLab accept with a token
_ASK_SECONDS = 20
_HEAD = re.compile(r"^ref: refs/heads/(\S+)\tHEAD$", re.MULTILINE)
_IN_URL = re.compile(r"(?<=//)[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class GitCheckout:
    """`credentials` is a token, or `user:password`. `depth` 0 fetches the whole history, which
    says when each page was last changed.
    """

    url: str
    branch: str
    folder: Path
    credentials: str | None = field(default=None, repr=False)
    depth: int = 0
    protocols: tuple[str, ...] = ("https",)

    def pull(self) -> None:
        """Make the checkout equal to the branch. Raises StoreError; it then stays as it was.

        The caller holds the index lock, so that nobody else is at work in the checkout.
        """
        self._make_ready()
        here = f"refs/remotes/source/{self.branch}"
        depth = (f"--depth={self.depth}",) if self.depth else ()
        wanted = f"+refs/heads/{self.branch}:{here}"
        quietly = ("--quiet", "--no-tags", "--no-recurse-submodules")
        self._git("fetch", *quietly, *depth, "--", self.url, wanted)
        self._git("checkout", "--quiet", "--force", "--detach", here)
        self._git("clean", "--quiet", "-ffdx")

    def _make_ready(self) -> None:
        """A repository with this program's configuration, whatever is left of an earlier one."""
        git_dir = self._git_dir
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for lock in git_dir.rglob("*.lock"):
                lock.unlink(missing_ok=True)
            for name in ("hooks", "info", "modules"):
                shutil.rmtree(git_dir / name, ignore_errors=True)
            for name in ("config", "config.worktree", "commondir", "objects/info/alternates"):
                (git_dir / name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.folder}: cannot be written ({error.strerror}); mend its permissions"
            ) from error
        self._git("init", "--quiet", "--template=")  # leaves one that is whole as it is

    @property
    def _git_dir(self) -> Path:
        return self.folder / ".git"

    def _git(self, *arguments: str) -> None:
        environment = git_environment(
            self._git_dir, protocols=self.protocols, settings=self._settings()
        )
        environment["GIT_WORK_TREE"] = str(self.folder)
        try:
            run_git(arguments, environment, self.folder, seconds=_TIMEOUT_SECONDS, limited=False)
        except GitFailed as error:
            raise StoreError(
                f"git {arguments[0]} of {self._shown()} failed: {self._redacted(str(error))}. "
                "Check its url, its branch and the variable that credentials_env names"
            ) from error

    def _settings(self) -> dict[str, str]:
        chosen = {
            "http.followRedirects": "false",
            "http.lowSpeedLimit": "1000",
            "http.lowSpeedTime": "60",
        }
        if self.credentials is not None:
            chosen[f"http.{self.url}.extraHeader"] = f"Authorization: Basic {self._basic()}"
        return chosen

    def _basic(self) -> str:
        given = self.credentials or ""
        pair = given if ":" in given else f"{_USER}:{given}"
        return base64.b64encode(pair.encode()).decode()

    def _shown(self) -> str:
        return self._redacted(self.url)

    def _redacted(self, text: str) -> str:
        for secret in (self.credentials, self._basic() if self.credentials else None):
            if secret:
                text = text.replace(secret, "***")
        return _IN_URL.sub("***@", text)


def default_branch(url: str, protocol: str) -> str | None:
    """The branch that a repository checks out by default; None where nobody says.

    Asks the repository without any credentials, for at most 20 seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = git_environment(Path(folder) / "none", protocols=[protocol])
        asked = ("ls-remote", "--symref", "--", url, "HEAD")
        try:
            said = run_git(asked, environment, Path(folder), seconds=_ASK_SECONDS, limited=False)
        except GitFailed:
            return None
    found = _HEAD.search(said.decode(errors="replace"))
    return found[1] if found else None
