"""Finds secrets in text and takes them out, so that none is stored, logged, shown or sent.

A secret is known by its form (`secret_forms.py`), by the words around it (`secret_names.py`) or
because it stands in a Kubernetes Secret (`secret_manifests.py`). What only looks like one, such as
a placeholder or a hash, is left alone (`placeholders.py`). Every step is linear in the text.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from rag.guardrails.private_keys import private_keys
from rag.guardrails.secret_forms import FORMS
from rag.guardrails.secret_manifests import manifest_values
from rag.guardrails.secret_names import NAMED

REDACTED = "[redacted]"
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Secret:
    """The position and kind of a secret, never its value. `line` counts from 1.

    `start` and `end` are its offsets in the text that was searched.
    """

    line: int
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redaction:
    """A text without its secrets, with as many lines as before, and what was taken out."""

    text: str
    secrets: tuple[Secret, ...]


def redact(text: str) -> Redaction:
    """`text` with `[redacted]` in place of each secret; every line keeps its number.

    A secret over several lines, such as a private key, is found only if all of it is in `text`.
    """
    secrets = find_secrets(text)
    parts: list[str] = []
    done = 0
    for secret in secrets:
        parts += [text[done : secret.start], replacement(text[secret.start : secret.end])]
        done = secret.end
    return Redaction("".join([*parts, text[done:]]), tuple(secrets))


def redacted(text: str) -> str:
    """The text of `redact`."""
    return redact(text).text


def replacement(secret: str) -> str:
    """What takes the place of a secret: one mark, and the line breaks that it had."""
    return REDACTED + "\n" * secret.count("\n")


def find_secrets(text: str) -> list[Secret]:
    """Every secret in `text`, in order; of two that overlap, the one of a known form."""
    found: list[tuple[int, int, str]] = []  # in the order of their places; none overlap
    for start, end, kind in _matches(text):
        place = bisect(found, (start, end, kind))
        follows = place == 0 or found[place - 1][1] <= start
        if follows and (place == len(found) or end <= found[place][0]):
            found.insert(place, (start, end, kind))
    return list(_with_lines(text, found))


def _with_lines(text: str, found: Iterable[tuple[int, int, str]]) -> Iterator[Secret]:
    line, counted = 1, 0
    for start, end, kind in found:
        line += text.count("\n", counted, start)
        counted = start
        yield Secret(line, kind, start, end)


def _matches(text: str) -> Iterator[tuple[int, int, str]]:
    lower = text.translate(_LOWER)  # unlike `lower()`, it moves no character
    if "private key" in lower:
        yield from ((*span, "private key") for span in private_keys(text))
    for form in FORMS:
        yield from ((*span, form.kind) for span in form.spans(text, lower))
    for named in NAMED:
        yield from ((*span, named.kind) for span in named.spans(text, lower))
    if "secret" in lower:
        yield from ((*span, "Kubernetes secret") for span in manifest_values(text))
