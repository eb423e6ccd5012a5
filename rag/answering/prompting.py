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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.errors import ConfigurationError

_OPENS, _CLOSES, _USER = "---\n", "\n---\n", "\n--- user ---\n"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_FIELD = re.compile(r"(?P<key>[a-z_]+):\s*(?P<value>.*)")
_ENTRY = re.compile(r"\s+-\s+(?P<value>.*)")
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
        models=tuple(_listed(fields.get("models", ()))),
        changelog=tuple(_listed(fields.get("changelog", ()))),
        system=system.strip(),
        user=user.strip(),
        hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        source=source,
    )


def _fields(front: str, source: str) -> Mapping[str, str | list[str]]:
    """The few lines of YAML that a prompt's front matter consists of: texts and lists of texts."""
    fields: dict[str, str | list[str]] = {}
    key = ""
    for number, line in enumerate(front.split("\n"), start=2):
        entry, field = _ENTRY.fullmatch(line), _FIELD.fullmatch(line)
        listed = fields.get(key)
        if entry and isinstance(listed, list):
            listed.append(_unquoted(entry["value"]))
        elif field:
            key, value = field["key"], field["value"].strip()
            fields[key] = _value(value)
        elif line.strip():
            raise ConfigurationError(f"{source}:{number}: expected `key: value` or `  - entry`")
    return fields


def _value(value: str) -> str | list[str]:
    if not value:
        return []
    if value.startswith("[") and value.endswith("]"):
        return [_unquoted(one) for one in value[1:-1].split(",") if one.strip()]
    return _unquoted(value)


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _name(fields: Mapping[str, str | list[str]], source: str) -> str:
    name = fields.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(f"{source}: `name` must be lower-case letters, digits and -")
    return name


def _version(fields: Mapping[str, str | list[str]], source: str) -> int:
    version = fields.get("version")
    if not isinstance(version, str) or not version.isdigit() or int(version) < 1:
        raise ConfigurationError(f"{source}: `version` must be a whole number from 1")
    return int(version)
