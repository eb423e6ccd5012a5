"""Prompts as files: those that ship, those of a configured folder, and which is in use.

The choice is one small JSON file in the state folder, replaced whole, so that a running service
sees the old one or the new. It keeps what was in use before, for rollback.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from rag.answering.prompting import Prompt, parse_prompt
from rag.errors import ConfigurationError, StoreError

_MAX_REMEMBERED = 20


class PromptFiles:
    """The prompts of one installation. A file of the folder stands over a shipped one."""

    def __init__(self, state_folder: Path, folder: Path | None = None) -> None:
        self._choice = state_folder / "prompts.json"
        self._folder = folder
        self._prompts: dict[tuple[str, int], Prompt] | None = None

    def all(self) -> list[Prompt]:
        """Every version of every prompt, by name and version."""
        return [self._known()[key] for key in sorted(self._known())]

    def get(self, name: str, version: int | None = None) -> Prompt:
        """One version, by default the one in use. Raises ConfigurationError."""
        if version is None:
            return self.current(name)
        if (name, version) not in self._known():
            raise ConfigurationError(
                f"there is no prompt {name}@{version}; `runbook prompt list` shows what there is"
            )
        return self._known()[name, version]

    def current(self, name: str) -> Prompt:
        """The version in use: the one chosen last, else the newest."""
        versions = sorted(version for known, version in self._known() if known == name)
        if not versions:
            raise ConfigurationError(
                f"there is no prompt {name}; `runbook prompt list` shows what there is"
            )
        chosen = self._chosen().get(name, [])
        usable = [version for version in chosen[-1:] if version in versions]
        return self._known()[name, usable[0] if usable else versions[-1]]

    def use(self, name: str, version: int) -> Prompt:
        """Answers are made with this version from now on."""
        wanted = self.get(name, version)
        before = self.current(name)
        chosen = self._chosen()
        history = chosen.get(name) or [before.version]
        self._choose({**chosen, name: [*history, version][-_MAX_REMEMBERED:]})
        return wanted

    def back(self, name: str) -> Prompt:
        """The version that was in use before is in use again. Raises ConfigurationError."""
        chosen = self._chosen()
        history = chosen.get(name, [])
        if len(history) < 2:
            raise ConfigurationError(f"{name}: no other version was in use before")
        self._choose({**chosen, name: history[:-1]})
        return self.current(name)

    def follow(self, other: PromptFiles | None) -> None:
        """What another installation has chosen is chosen here as well; without one, nothing is."""
        self._choose({} if other is None else other._chosen())

    def _known(self) -> dict[tuple[str, int], Prompt]:
        if self._prompts is None:
            found: dict[tuple[str, int], Prompt] = {}
            for texts in (_shipped(), _in_folder(self._folder)):
                found.update(_parsed(texts))
            self._prompts = found
        return self._prompts

    def _chosen(self) -> dict[str, list[int]]:
        try:
            raw = json.loads(self._choice.read_text(encoding="utf-8"))
            return {str(name): [int(one) for one in history] for name, history in raw.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self._choice}: cannot be read: {error}; delete it to use the newest prompts"
            ) from error

    def _choose(self, chosen: dict[str, list[int]]) -> None:
        new_file = self._choice.with_suffix(f".{os.getpid()}.new")
        try:
            self._choice.parent.mkdir(parents=True, exist_ok=True)
            new_file.write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")
            new_file.replace(self._choice)
        except OSError as error:
            raise StoreError(f"{self._choice}: cannot be written: {error}") from error


def _shipped() -> Iterator[tuple[str, str]]:
    for file in resources.files("rag.answering").joinpath("prompts").iterdir():
        if file.name.endswith(".md"):
            yield file.name, file.read_text(encoding="utf-8")


def _in_folder(folder: Path | None) -> Iterator[tuple[str, str]]:
    if folder is None:
        return
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: not a folder; mend prompts.folder")
    for path in sorted(folder.glob("*.md")):
        try:
            yield str(path), path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from error


def _parsed(texts: Iterator[tuple[str, str]]) -> dict[tuple[str, int], Prompt]:
    found: dict[tuple[str, int], Prompt] = {}
    for source, text in texts:
        prompt = parse_prompt(text, source)
        key = prompt.name, prompt.version
        if key in found:
            raise ConfigurationError(f"{source}: {prompt.id} is in {found[key].source} as well")
        found[key] = prompt
    return found
