"""Finds the files of a source, and never leaves its root."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from ingest.sources.files import FileTooLarge, read_file
from rag.errors import ConfigurationError, QuarantineError

IGNORE_FILE = ".runbookignore"
_NEVER_ENTERED = frozenset({"node_modules", "__pycache__"})
_MAX_IGNORE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Problem:
    """A file or folder that could not be looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Walk:
    """The files below a root: paths relative to it, with `/`, sorted.

    `unreadable` are folders and files of which nothing is known: what was indexed of them
    must not be taken for deleted. `others` counts the files with other suffixes, by suffix.
    """

    files: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    unreadable: frozenset[str] = frozenset()
    others: Mapping[str, int] = field(default_factory=dict)


def walk(
    root: Path,
    suffixes: frozenset[str],
    scope: str | None = None,
    excluded: frozenset[str] = frozenset(),
) -> Walk:
    """Every file below `root` with one of `suffixes` that no ignore file excludes.

    `scope` narrows it to one file or folder below root. Hidden files and folders and the folders in
    `excluded` are skipped, and folder links are not followed. A folder whose ignore file cannot be
    read or understood is unreadable: it may hide anything. Raises ConfigurationError when the root
    is no folder, so that a source that is not mounted is never taken for an empty one.
    """
    if root_identity(root) is None:
        raise ConfigurationError(f"{root}: not a folder; mend the source's path or mount it")
    walker = _Walker(root, Path(os.path.realpath(root)), suffixes, scope or "", excluded)
    walker.enter("", ())
    walker.refuse_links_to_what_was_not_walked()
    return Walk(
        tuple(sorted(walker.files)),
        tuple(walker.problems),
        frozenset(walker.unreadable),
        walker.others,
    )


def is_within(path: str, folder: str | None) -> bool:
    """Whether a path is that file, or lies in that folder; everything is in None, "" and "."."""
    return folder in (None, "", ".") or path == folder or path.startswith(f"{folder}/")


def root_identity(root: Path) -> tuple[int, int] | None:
    """Tells one folder at a path from another that takes its place; None where none is there."""
    try:
        status = root.stat()
    except (OSError, ValueError):  # a dead network mount among them
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None


_LINKED_FOLDER = "a linked folder; it was not followed"


def _relative(folder: Path, root: Path) -> str:
    found = folder.relative_to(root).as_posix()
    return "" if found == "." else found


_Ignores = tuple[tuple[str, GitIgnoreSpec], ...]


@dataclass(slots=True)
class _Walker:
    root: Path
    real_root: Path
    suffixes: frozenset[str]
    scope: str
    excluded: frozenset[str]
    files: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    others: Counter[str] = field(default_factory=Counter)
    entered: set[str] = field(default_factory=set)
    folder_links: list[tuple[str, str]] = field(default_factory=list)

    def enter(self, folder: str, ignores: _Ignores) -> None:
        pending: list[tuple[str, _Ignores]] = [(folder, ignores)]
        while pending:
            here, above = pending.pop()
            known = self._with_ignore_file(here, above)
            if known is None:
                continue
            self.entered.add(here)
            for entry in self._entries(here):
                path = f"{here}/{entry.name}" if here else entry.name
                if self._is_wanted(path, entry, known) and self._is_folder(entry, path):
                    pending.append((path, known))

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as found:
                yield from sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            if not folder:
                raise ConfigurationError(f"{self.root}: gone while it was looked through") from None
            return  # the folder vanished: so did what is in it
        except OSError as error:
            self._refuse(folder, f"the folder cannot be read ({error.strerror})")

    def _is_wanted(self, path: str, entry: os.DirEntry[str], ignores: _Ignores) -> bool:
        hidden = entry.name.startswith(".") or entry.name in _NEVER_ENTERED
        if hidden or path in self.excluded or not _overlap(path, self.scope):
            return False
        try:
            is_folder = entry.is_dir()
        except OSError:
            is_folder = False
        return not _ignored(f"{path}/" if is_folder else path, ignores)

    def _is_folder(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether to go on below; a file is noted on the way."""
        if entry.is_dir(follow_symlinks=False):
            return True
        if entry.is_symlink():
            self._note_link(entry, path)
        elif Path(path).suffix.lower() in self.suffixes:
            self._note_file(path)
        elif entry.is_file(follow_symlinks=False):
            self.others[Path(path).suffix.lower()] += 1
        return False

    def _note_link(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            target = Path(entry.path).resolve(strict=True)
        except FileNotFoundError:
            reason = "a link that leads nowhere"
        except (OSError, RuntimeError) as error:
            looped = getattr(error, "errno", errno.ELOOP) == errno.ELOOP
            reason = "a loop of links" if looped else "a link that cannot be followed"
        else:
            if target.is_dir():
                if target.is_relative_to(self.real_root):
                    self.folder_links.append((path, _relative(target, self.real_root)))
                    return
                reason = _LINKED_FOLDER
            elif Path(path).suffix.lower() not in self.suffixes:
                return
            elif target.is_relative_to(self.real_root):
                self._note_file(path)
                return
            else:
                reason = "a link that leads out of the source; it was not followed"
        self._refuse(path, reason)

    def refuse_links_to_what_was_not_walked(self) -> None:
        """A linked folder whose files are indexed where they are is passed over."""
        for path, target in self.folder_links:
            if target not in self.entered and not self.scope:
                self._refuse(path, _LINKED_FOLDER)

    def _note_file(self, path: str) -> None:
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            self._refuse(shown, "its name is not UTF-8; rename it")
        else:
            self.files.append(path)

    def _refuse(self, path: str, reason: str) -> None:
        self.problems.append(Problem(path or ".", reason))
        self.unreadable.add(path)

    def _with_ignore_file(self, folder: str, above: _Ignores) -> _Ignores | None:
        """The rules below a folder; None, and the folder refused, where they are not known."""
        path = f"{folder}/{IGNORE_FILE}" if folder else IGNORE_FILE
        if not os.path.lexists(self.root / path):
            return above
        try:
            spec = _ignore_rules(read_file(self.root, path, _MAX_IGNORE_BYTES).data)
        except FileTooLarge:
            self._refuse_below(folder, path, f"over {_MAX_IGNORE_BYTES // 1024} KiB")
        except QuarantineError as error:
            where = f"line {error.line}: " if error.line else ""
            self._refuse_below(folder, path, where + error.reason)
        else:
            return (*above, (f"{folder}/" if folder else "", spec))
        return None

    def _refuse_below(self, folder: str, ignore_file: str, reason: str) -> None:
        self.problems.append(
            Problem(ignore_file, f"{reason}; nothing new in its folder or below is indexed")
        )
        self.unreadable.add(folder)


def _ignore_rules(data: bytes) -> GitIgnoreSpec:
    """Raises QuarantineError, with the line where one is to blame."""
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        before = data.count(b"\n", 0, error.start)
        raise QuarantineError("not UTF-8; save it as UTF-8", before + 1) from error
    for number, line in enumerate(lines, 1):
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error) as error:
            raise QuarantineError("not a pattern that .gitignore knows", number) from error
    return GitIgnoreSpec.from_lines(lines)


def _ignored(path: str, ignores: _Ignores) -> bool:
    """The deepest ignore file that has an opinion decides, as git does."""
    for prefix, spec in reversed(ignores):
        opinion = spec.check_file(path[len(prefix) :]).include
        if opinion is not None:
            return opinion
    return False


def _overlap(path: str, scope: str) -> bool:
    """Whether `path` lies within the scope or on the way to it."""
    return (
        not scope or path == scope or path.startswith(f"{scope}/") or scope.startswith(f"{path}/")
    )
