"""Identifiers in text: what engineers write in CamelCase, snake_case or with digits."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def parts(identifier: str) -> list[str]:
    """`KubePodCrashLooping` as `kube`, `pod`, `crash`, `looping`; single letters are dropped."""
    return [part.lower() for part in _PART.findall(identifier) if len(part) > 1]


def spelled_out(text: str) -> str:
    """The parts of each identifier of several parts in `text`, each identifier once."""
    words = dict.fromkeys(_WORD.findall(text))
    return " ".join(" ".join(found) for found in map(parts, words) if len(found) > 1)
