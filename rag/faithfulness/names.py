"""What a sentence names: code, identifiers, flags, namespaces; and which of it a source lacks.

Words of a command must stand side by side in the source as well: all of them may be there, of
another command or in another order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from rag.retrieval.relevance import STOP_WORDS
from rag.text.identifiers import identifiers_in

_CODE = re.compile(r"`([^`\n]+)`")
_FLAG = re.compile(r"(?<!\S)--?[A-Za-z][\w-]*(?:=[^\s,;]+)?")
_NAMESPACE = re.compile(r"\bnamespace ([a-z][\w-]+)\b")
_COMPOUND = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+")
_FRAME = "\"'`,;:.()[]{}\\"


def unsupported_names(sentence: str, source: str) -> Iterator[str]:
    """Names that the source does not hold."""
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
        if not _stands_in(name.lower(), known):
            yield f"{name} is not in what it cites"


def broken_commands(sentence: str, source: str) -> Iterator[str]:
    """Neighbours within code that are both in the source, and no neighbours there."""
    known = _searchable(source)
    together = f" {' '.join(_parts(known))} "
    pairs = (pair for span in _CODE.findall(sentence) for pair in pairwise(_parts(span)))
    for first, second in dict.fromkeys(pairs):
        one, other = first.lower(), second.lower()
        if f" {one} {other} " in together:
            continue
        if _stands_in(one, known) and _stands_in(other, known):
            yield f"{first} {second} does not stand together in what it cites"


def _searchable(text: str) -> str:
    return f" {' '.join(text.split())} ".lower()


def _parts(text: str) -> list[str]:
    return [part for word in text.split() if (part := word.strip(_FRAME))]


def _is_ordinary(name: str, known: str) -> bool:
    """A compound such as `dead-letter`, whose words the source has, is no name."""
    words = name.lower().split("-")
    return _COMPOUND.fullmatch(name) is not None and all(_stands_in(w, known) for w in words)


def _stands_in(name: str, text: str) -> bool:
    before = r"(?<![\w.])(?<!\w-)" if name[0].isalnum() else ""
    return re.search(rf"{before}{re.escape(name)}(?![\w-]|\.\w)", text) is not None
