"""Versioned prompts: a front matter, and the text that a model is given before the context.

---
name: answer
version: 2
models: [any instruction-tuned model]
changelog:
  - "2: commands are quoted in fenced blocks"
---
system text
--- user ---
text with {question}, {context} and {conversation}
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rag.errors import ConfigurationError, QuarantineError
from rag.text.strict_yaml import Value, read_mapping

_OPENS, _CLOSES, _USER = "---\n", "\n---\n", "\n--- user ---\n"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_PLACE = re.compile(r"\{(question|context|conversation)\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt. `hash` is of its whole file: 64 bits of sha256, in hex."""

    name: str
    version: int
    models: tuple[str, ...]
    changelog: tuple[str, ...]
    system: str
    user: str
    hash: str
    source: str

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    def filled(self, **values: str) -> str:
        """The user's part with each `{place}` filled once: what is filled in is not read again."""
        return _PLACE.sub(lambda found: values.get(found[1], ""), self.user)


class PromptBook(Protocol):
    """Where the prompt in use is looked up, at every answer."""

    def current(self, name: str) -> Prompt:
        """The version in use. Raises ConfigurationError when there is none of that name."""
        ...


def parse_prompt(text: str, source: str) -> Prompt:
    """A prompt from its file's text. Raises ConfigurationError, naming `source`."""
    text = text.replace("\r\n", "\n")
    front, closes, rest = text.removeprefix(_OPENS).partition(_CLOSES)
    system, begins_user, user = rest.partition(_USER)
    if not (text.startswith(_OPENS) and closes and begins_user):
        raise ConfigurationError(
            f"{source}: not a prompt: it begins with front matter between lines of `---`, then "
            "the system text, a line `--- user ---`, and the user's text"
        )
    fields = _fields(front, source)
    if "{context}" not in user or "{question}" not in user:
        raise ConfigurationError(
            f"{source}: the text behind `--- user ---` needs {{context}} and {{question}}"
        )
    return Prompt(
        name=_name(fields, source),
        version=_version(fields, source),
        models=_listed(fields, "models", source),
        changelog=_listed(fields, "changelog", source),
        system=system.strip(),
        user=user.strip(),
        hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        source=source,
    )


def _fields(front: str, source: str) -> Mapping[str, Value]:
    try:
        entries = read_mapping(front, 2, "the front matter of a prompt")
    except QuarantineError as error:
        where = source if error.line is None else f"{source}:{error.line}"
        raise ConfigurationError(f"{where}: {error}") from error
    return {entry.key: entry.value for entry in entries}


def _listed(fields: Mapping[str, Value], key: str, source: str) -> tuple[str, ...]:
    """A text, or a list of them."""
    value = fields.get(key) or []
    entries = value if isinstance(value, list) else [value]
    texts = tuple(entry for entry in entries if isinstance(entry, str))
    if len(texts) != len(entries):
        raise ConfigurationError(f"{source}: `{key}` must be a list of texts: put each in quotes")
    return texts


def _name(fields: Mapping[str, Value], source: str) -> str:
    name = fields.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(f"{source}: `name` must be lower-case letters, digits and -")
    return name


def _version(fields: Mapping[str, Value], source: str) -> int:
    version = fields.get("version")
    if not isinstance(version, str) or not version.isdigit() or int(version) < 1:
        raise ConfigurationError(f"{source}: `version` must be a whole number from 1")
    return int(version)
