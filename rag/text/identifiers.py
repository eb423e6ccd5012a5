"""Identifiers in text: alert names, metrics, error codes, flags and resource names."""

from __future__ import annotations

import re
from collections.abc import Container

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# A run of letters and digits, joined by the marks that names are joined by.
_NAME = re.compile(r"[A-Za-z0-9]+(?:[_.:-]+[A-Za-z0-9]+)*")
_CAMEL = re.compile(r"[a-z0-9][A-Z]|[A-Z][A-Z][a-z]")
_ENDS_A_SENTENCE = ".!?:|"
_JOINT = re.compile(r"[_.:-]+")
_ERROR_CODE = re.compile(r"[A-Za-z]{2,8}-[0-9]{3,6}")
_NUMBERED = re.compile(r"[A-Za-z]+(?:-[A-Za-z0-9]+)*-[0-9]+")


def parts(identifier: str) -> list[str]:
    """`KubePodCrashLooping` as `kube`, `pod`, `crash`, `looping`; single letters are dropped."""
    return [part.lower() for part in _PART.findall(identifier) if len(part) > 1]


def spelled_out(*texts: str) -> str:
    """The parts of each identifier of several parts in the texts, each identifier once."""
    words = dict.fromkeys(word for text in texts for word in _WORD.findall(text))
    return " ".join(" ".join(found) for found in map(parts, words) if len(found) > 1)


def identifiers_in(text: str) -> list[str]:
    """Names in `text` that no sentence would hold by chance, in order, each once.

    CamelCase of several parts, and what is joined by `_`, `.`, `:` or `-`. A flag is found
    without its leading dashes.
    """
    found = (match.group() for match in _NAME.finditer(text))
    return list(dict.fromkeys(name for name in found if _is_identifier(name)))


def codes_in(text: str) -> list[str]:
    """Identifiers in `text` that say nothing in parts: `PGW-504` and names in CamelCase."""
    return [
        name
        for name in identifiers_in(text)
        if _NUMBERED.fullmatch(name) or not _JOINT.search(name)
    ]


def is_error_code(identifier: str) -> bool:
    """Whether it looks like `ORD-3402`: `worker-3` is no code."""
    return bool(_ERROR_CODE.fullmatch(identifier))


def without(text: str, names: Container[str]) -> str:
    """The text with a blank in the place of each of the names."""
    return _NAME.sub(lambda found: " " if found.group() in names else found.group(), text)


def names_in(text: str) -> list[str]:
    """What `text` calls by name, in order, each once: `MongoDB`, `GDPR`, `GFT-500`, `Loki`.

    Any word with a capital that is not only there because a sentence begins.
    """
    found = (match for match in _NAME.finditer(text) if len(match.group()) > 1)
    return list(dict.fromkeys(match.group() for match in found if _is_name(text, match)))


def phrases(identifier: str) -> list[str]:
    """The word sequences by which an index of words finds an identifier: whole and in parts.

    Parts are those of CamelCase alone, and none may be lost: `worker-3` is not about workers.
    """
    joined = " ".join(_JOINT.split(identifier.lower()))
    apart = parts(identifier)
    if len(apart) < 2 or "".join(apart) != identifier.lower():
        return [joined]
    return [joined, " ".join(apart)]


def _is_name(text: str, word: re.Match[str]) -> bool:
    counted = word.group()[1:] if _begins_sentence(text, word.start()) else word.group()
    return any(char.isupper() for char in counted)


def _begins_sentence(text: str, start: int) -> bool:
    """Whether nothing but white space stands between `start` and the end of a sentence."""
    before = start
    while before and text[before - 1].isspace():
        before -= 1
    return before == 0 or text[before - 1] in _ENDS_A_SENTENCE


def _is_identifier(name: str) -> bool:
    if not any(char.isalpha() for char in name):
        return False
    return bool(_JOINT.search(name)) or (bool(_CAMEL.search(name)) and len(parts(name)) > 1)
