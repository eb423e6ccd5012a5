"""A git checkout that changes all the time, in every way that a team changes its runbooks.

Each section of a page carries the page's stamp: its version, and who may read that version. So an
answer shows by itself whether it holds two versions of one page, or one that is not for its reader.
"""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

WORDS = ("broker", "proxy", "cache", "ledger", "replica", "queue", "gateway", "shard")
READERS = (("public",), ("team:a",), ("team:b",), ("team:a", "team:b"))
_SECTIONS = 4
_WORDS_IN_A_SECTION = 90
_STAMP = re.compile(r"stamp(\d+)x readers ([a-z:,]+);")
_SWITCHED = 12


@dataclass(frozen=True, slots=True)
class Page:
    """One page at one version."""

    version: int
    readers: tuple[str, ...]
    word: str

    @property
    def token(self) -> str:
        """A word that stands in this version alone."""
        return f"stamp{self.version}x"

    def text(self) -> str:
        rng = random.Random(self.version)
        stamp = f"{self.token} readers {','.join(self.readers)};"
        sections = "\n".join(
            f"## Part {part}\n\n{stamp} Restart the {self.word}. "
            f"{' '.join(rng.choices(WORDS, k=_WORDS_IN_A_SECTION))}.\n"
            for part in range(_SECTIONS)
        )
        return f"---\nacl: [{', '.join(self.readers)}]\n---\n# About the {self.word}\n\n{sections}"


def stamps_in(text: str) -> set[tuple[str, frozenset[str]]]:
    """The versions that a text is of, each with its readers."""
    return {(found[1], frozenset(found[2].split(","))) for found in _STAMP.finditer(text)}


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit did; `appears` and `vanishes` are tokens that a search then finds or not."""

    kind: str
    appears: str | None = None
    vanishes: str | None = None


@dataclass
class ChangingCheckout:
    """The checkout in `root`, and what stands in it by path."""

    root: Path
    rng: random.Random
    pages: dict[str, Page] = field(default_factory=dict)
    _branch: str = "main"
    _other: dict[str, Page] = field(default_factory=dict)
    _version: int = 0

    def begin(self, count: int) -> None:
        """The first commit, of `count` pages in a few folders, and another branch."""
        self.root.mkdir(parents=True)
        self._git("init", "-q", "-b", "main")
        self._git("config", "user.email", "soak@example.com")
        self._git("config", "user.name", "Soak")
        for number in range(count):
            self._put(f"folder-{number % 5}/page-{number:03}.md", self._new())
        self._commit("first")
        self._git("branch", "other")
        self._other = dict(self.pages)

    def change(self) -> Change:
        """One commit of some kind, or a switch of the branch."""
        kinds = {
            self._edit: 10,
            self._add: 3,
            self._delete: 3,
            self._move: 3,
            self._readers: 4,
            self._rules: 1,
            self._switch: 1,
        }
        [act] = self.rng.choices(list(kinds), weights=list(kinds.values()))
        return act()

    def _edit(self) -> Change:
        path = self._any()
        old = self.pages[path]
        new = self._new(readers=old.readers)
        self._put(path, new)
        self._commit(f"edit {path}")
        return Change("edit", appears=new.token, vanishes=old.token)

    def _add(self) -> Change:
        new = self._new()
        self._put(f"folder-{self.rng.randrange(5)}/added-{new.version}.md", new)
        self._commit("add")
        return Change("add", appears=new.token)

    def _delete(self) -> Change:
        if len(self.pages) < 20:
            return self._add()
        path = self._any()
        old = self.pages.pop(path)
        (self.root / path).unlink()
        self._commit(f"delete {path}")
        return Change("delete", vanishes=old.token)

    def _move(self) -> Change:
        path = self._any()
        page = self.pages.pop(path)
        moved = f"moved-{self.rng.randrange(5)}/{self._next()}.md"
        (self.root / moved).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).rename(self.root / moved)
        self.pages[moved] = page
        self._commit(f"move {path}")
        return Change("move")

    def _readers(self) -> Change:
        path = self._any()
        new = replace(self._new(), word=self.pages[path].word)
        old = self.pages[path]
        self._put(path, new)
        self._commit(f"readers of {path}")
        return Change("readers", appears=new.token, vanishes=old.token)

    def _rules(self) -> Change:
        # For a page that says nothing itself, which its stamp then says too.
        readers = self.rng.choice(READERS)
        folder = self.root / "ruled"
        folder.mkdir(exist_ok=True)
        (folder / ".runbook-acl.yaml").write_text(f"acl: [{', '.join(readers)}]\n", "utf-8")
        (folder / "page.md").write_text("# Ruled\n\nBy its folder alone.\n", "utf-8")
        self._commit("rules")
        return Change("rules")

    def _switch(self) -> Change:
        target = "other" if self._branch == "main" else "main"
        self._git("checkout", "-q", target)
        self._branch = target
        self.pages, self._other = self._other, self.pages
        for path in self.rng.sample(sorted(self.pages), _SWITCHED):
            self._put(path, self._new(readers=self.pages[path].readers))
        self._commit("after a switch")
        return Change("switch")

    def _any(self) -> str:
        return self.rng.choice(sorted(self.pages))

    def _new(self, readers: tuple[str, ...] | None = None) -> Page:
        return Page(self._next(), readers or self.rng.choice(READERS), self.rng.choice(WORDS))

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _put(self, path: str, page: Page) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page.text(), encoding="utf-8")
        self.pages[path] = page

    def _commit(self, message: str) -> None:
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", message)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True)  # noqa: S603, S607 - our own arguments
