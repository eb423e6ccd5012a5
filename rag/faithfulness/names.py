"""Checks the names in a sentence (code, identifiers, flags, namespaces) against its source.

Adjacent words of a command must be adjacent in the source too, since the source may have the same
words in another command or in another order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from rag.text.identifiers import identifiers_in
from rag.text.stop_words import STOP_WORDS

_CODE = re.compile(r"`([^`\n]+)`")
_FLAG = re.compile(r"(?<!\S)--?[A-Za-z][\w-]*(?:=[^\s,;]+)?")
_NAMESPACE = re.compile(r"\bnamespace ([a-z][\w-]+)\b")
_COMPOUND = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+")
_FRAME = "\"'`,;:.()[]{}\\"


def unsupported_names(sentence: str, source: str) -> Iterator[str]:
    """Report names that the source does not contain."""
    known = _searchable(source)
    spans = _CODE.findall(sentence)
    unmarked = _CODE.sub(lambda span: span[1], sentence)
    bare = _CODE.sub(" ", sentence)
    names = chain(
        (part for span in spans for part in _parts(span)),
        _FLAG.findall(bare),
        (name for name in identifiers_in(bare) if not _is_ordinary(name, known)),
        (name for name in _NAMESPACE.findall(unmarked) if name not in STOP_WORDS),
    )
    for name in dict.fromkeys(names):
        if not _contains_name(name.lower(), known):
            yield f"{name} is not in the cited text"


def broken_commands(sentence: str, source: str) -> Iterator[str]:
    """Report adjacent words of code that are in the source, but not adjacent there."""
    known = _searchable(source)
    together = f" {' '.join(_parts(known))} "
    pairs = (pair for span in _CODE.findall(sentence) for pair in pairwise(_parts(span)))
    for first, second in dict.fromkeys(pairs):
        one, other = first.lower(), second.lower()
        if f" {one} {other} " in together:
            continue
        if _contains_name(one, known) and _contains_name(other, known):
            yield f"{first} {second} are not adjacent in the cited text"


def _searchable(text: str) -> str:
    return f" {' '.join(text.split())} ".lower()


def _parts(text: str) -> list[str]:
    return [part for word in text.split() if (part := word.strip(_FRAME))]


def _is_ordinary(name: str, known: str) -> bool:
    """Whether a name is a compound such as `dead-letter` whose words are all in the source."""
    words = name.lower().split("-")
    return _COMPOUND.fullmatch(name) is not None and all(_contains_name(w, known) for w in words)


def _contains_name(name: str, text: str) -> bool:
    before = r"(?<![\w.])(?<!\w-)" if name[0].isalnum() else ""
    return re.search(rf"{before}{re.escape(name)}(?![\w-]|\.\w)", text) is not None
