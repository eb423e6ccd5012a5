"""Finds secrets in text and takes them out, so that none is stored, logged, shown or sent.

A secret is known by its form (`secret_forms.py`), by the words around it (`secret_names.py`) or
because it stands in a Kubernetes Secret (`secret_manifests.py`). What only looks like one, such as
a placeholder or a hash, is left alone (`placeholders.py`). Every step is linear in the text.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.guardrails.placeholders import is_mixed
from rag.guardrails.private_keys import private_keys
from rag.guardrails.secret_forms import form_spans
from rag.guardrails.secret_manifests import manifest_values
from rag.guardrails.secret_names import ANCHORS, NAMED, WITHOUT_ANCHOR

REDACTED = "[redacted]"
_Found = tuple[int, int, str]  # start, end and kind
# Values that are taken out wherever they stand; shorter ones may be part of a word. Their number
# is bounded, because each is looked for in the whole text.
_MIN_REPEATED = 8
_MAX_REPEATED = 100


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
    """Every secret in `text`, in order; of two that overlap, the one of a known form.

    A value that is known to be secret in one place is secret wherever it stands.
    """
    found: list[_Found] = []
    for secret in _matches(text):
        _insert(found, secret)
    for secret in list(_repeated(text, found)):
        _insert(found, secret)
    return list(_with_lines(text, found))


def _insert(found: list[_Found], secret: _Found) -> None:
    """Add to what was found, in the order of its places, what overlaps nothing in it."""
    start, end, _ = secret
    place = bisect(found, secret)
    follows = place == 0 or found[place - 1][1] <= start
    if follows and (place == len(found) or end <= found[place][0]):
        found.insert(place, secret)


def _repeated(text: str, found: Iterable[_Found]) -> Iterator[_Found]:
    """The other places of the values that were found, if they are no words."""
    values = {text[start:end]: kind for start, end, kind in found}
    lasting = [one for one in values if len(one) >= _MIN_REPEATED and is_mixed(one)]
    for value in lasting[:_MAX_REPEATED]:
        place = text.find(value)
        while place >= 0:
            yield place, place + len(value), values[value]
            place = text.find(value, place + len(value))


def _with_lines(text: str, found: Iterable[_Found]) -> Iterator[Secret]:
    line, counted = 1, 0
    for start, end, kind in found:
        line += text.count("\n", counted, start)
        counted = start
        yield Secret(line, kind, start, end)


def _matches(text: str) -> Iterator[_Found]:
    # Unlike that of text, `lower` of bytes changes ASCII letters alone, and so moves no character.
    lower = text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    if "private key" in lower:
        yield from ((*span, "private key") for span in private_keys(text))
    yield from form_spans(text, lower)
    for named in NAMED if any(anchor in lower for anchor in ANCHORS) else WITHOUT_ANCHOR:
        yield from ((*span, named.kind) for span in named.spans(text, lower))
    if "secret" in lower:
        yield from ((*span, "Kubernetes secret") for span in manifest_values(text))
