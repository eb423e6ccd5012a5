"""A source that is a branch of a git repository elsewhere, checked out into the state folder.

git runs without a shell, a prompt, a hook, a helper, a submodule or a configuration of its machine,
and speaks the allowed protocols alone. Credentials reach it through its environment, not through
its arguments, which others on the machine can read; nothing that it says is passed on with them.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import StoreError

_TIMEOUT_SECONDS = 600
_USER = "x-access-token"  # what GitHub and GitLab take beside a token
_IN_URL = re.compile(r"(?<=//)[^/@\s]+@")
_MOST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class GitCheckout:
    """`credentials` is a token, or `user:password`. `depth` 0 fetches the whole history, which
    tells when each page was last touched.
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
        """A repository, whatever a git that was killed has left of one."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for lock in (self.folder / ".git").rglob("*.lock"):
                lock.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.folder}: cannot be written ({error.strerror}); mend it"
            ) from error
        self._git("init", "--quiet")  # leaves one that is whole as it is

    def _git(self, *arguments: str) -> None:
        git = shutil.which("git")
        if git is None:
            raise StoreError("git is not installed, and a source is a git repository: install it")
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and arguments that the settings checked
                [git, *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StoreError(
                f"git {arguments[0]} of {self._shown()} took over {_TIMEOUT_SECONDS} s"
            ) from error
        if done.returncode:
            told = self._redacted(done.stderr.decode(errors="replace")).strip()[-_MOST_SHOWN:]
            raise StoreError(
                f"git {arguments[0]} of {self._shown()} failed: {told}. Check its url, its branch "
                "and the variable that credentials_env names"
            )

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        told = {
            "core.hooksPath": os.devnull,
            "core.fsmonitor": "false",
            "core.askPass": "",
            "credential.helper": "",
            "http.followRedirects": "false",
            "http.lowSpeedLimit": "1000",
            "http.lowSpeedTime": "60",
            "protocol.allow": "never",
            "submodule.recurse": "false",
            "advice.detachedHead": "false",
            **{f"protocol.{name}.allow": "always" for name in self.protocols},
        }
        if self.credentials is not None:
            told[f"http.{self.url}.extraHeader"] = f"Authorization: Basic {self._basic()}"
        for number, (key, value) in enumerate(told.items()):
            kept[f"GIT_CONFIG_KEY_{number}"], kept[f"GIT_CONFIG_VALUE_{number}"] = key, value
        return {
            **kept,
            "GIT_CONFIG_COUNT": str(len(told)),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            # A clone that is broken is never taken for part of a repository around it.
            "GIT_CEILING_DIRECTORIES": os.path.realpath(self.folder.parent),
            "GIT_ALLOW_PROTOCOL": ":".join(self.protocols),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "LC_ALL": "C",
        }

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
