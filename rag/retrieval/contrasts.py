"""Chunks about the contrary of what is asked rank lower: `scale down`, or version 1.29 for 1.28.

Vectors hardly tell opposites apart. What a chunk is about is read in the title and the path of its
document and in its headings; what it mentions does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.retrieval.exact_phrases import version_ranges
from rag.retrieval.hits import RankedChunk
from rag.text.searchable import words

# Enough to exchange two neighbours, not enough to bring up what is about something else.
_CONTRARY = 0.8
_PAIRS = (
    "enable disable|enabling disabling|start stop|add remove|attach detach|mount unmount|"
    "upgrade downgrade|increase decrease|expand shrink|grow shrink|cordon uncordon|lock unlock|"
    "promote demote|suspend resume|pause resume|pause unpause|join leave|import export|"
    "encrypt decrypt|login logout|install uninstall|register deregister|rollback rollforward|"
    "failover failback|taint untaint|open close|allow deny|backup restore|create delete|"
    "provision deprovision|activate deactivate|silence unsilence|drain undrain|freeze unfreeze"
)
_PARTICLES = (("up", "down"), ("back", "forward"), ("in", "out"), ("on", "off"))
# Verbs that a particle turns to its contrary; `set up` and `back up` have no such pair.
_VERB_LIST = "scale scaling scaled roll rolling rolled spin ramp bring switch turn log"
_VERBS = frozenset(_VERB_LIST.split())
_ENDINGS = ("", "s", "d", "ed", "ing", "r")
_VERSION = re.compile(r"(?<![\w.])v?(\d{1,4}(?:\.\d{1,4}){1,2})(?![\w]|\.\d)")


def without_contrary(question: str, chunks: Sequence[RankedChunk]) -> list[RankedChunk]:
    """The chunks, with those that are about the contrary of the question ranked lower."""
    asked = _Asked(question)
    if not (asked.contraries or asked.versions):
        return list(chunks)
    ranked = [_demoted(one) if asked.is_contrary(_about(one)) else one for one in chunks]
    return sorted(ranked, key=lambda one: -one.score)


@dataclass(frozen=True, slots=True)
class _Contrary:
    """A word or two of the question, and what their contrary is called."""

    asked: str
    contrary: str


class _Asked:
    """What a question says one way, and that can be said the contrary way."""

    def __init__(self, question: str) -> None:
        said = _joined(words(question))
        self.contraries = tuple(one for one in _contraries(said) if not _says(said, one.contrary))
        self.versions = tuple(_VERSION.findall(question))
        self.ranges = version_ranges(question)

    def is_contrary(self, about: str) -> bool:
        said = _joined(words(about))
        if any(_says(said, one.contrary) and not _says(said, one.asked) for one in self.contraries):
            return True
        return bool(self.versions) and self._is_of_another_version(about)

    def _is_of_another_version(self, about: str) -> bool:
        text = about.replace("_", " ").replace("/", " ").replace("-", " ")
        versions = _VERSION.findall(text)
        if not versions:
            return False
        if self.ranges and (ranges := version_ranges(text)):
            return not any(_are_same(one, other) for one in self.ranges for other in ranges)
        return not any(_is_same(one, other) for one in self.versions for other in versions)


def _about(one: RankedChunk) -> str:
    document, chunk = one.item.document, one.item.chunk
    return "\n".join((document.metadata.title, document.path, *chunk.section))


def _demoted(one: RankedChunk) -> RankedChunk:
    why = one.explanation
    explained = replace(
        why, prior=why.prior * _CONTRARY, document_score=why.document_score * _CONTRARY
    )
    return replace(one, score=one.score * _CONTRARY, explanation=explained)


def _contraries(said: str) -> Iterator[_Contrary]:
    for pair in _PAIRS.split("|"):
        first, second = pair.split()
        for one, other in ((first, second), (second, first)):
            if _says(said, one):
                yield _Contrary(one, other)
    for first, second in _PARTICLES:
        for one, other in ((first, second), (second, first)):
            for verb in _VERBS:
                if f" {verb} {one} " in said:
                    yield from (_Contrary(f"{name} {one}", f"{name} {other}") for name in _VERBS)


def _joined(tokens: Sequence[str]) -> str:
    return f" {' '.join(tokens)} "


def _says(said: str, word: str) -> bool:
    """Whether a text holds a word in some inflection, or two words as they are."""
    if " " in word:
        return f" {word} " in said
    return any(f" {word}{ending} " in said for ending in _ENDINGS)


def _are_same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return _is_same(one[0], other[0]) and _is_same(one[1], other[1])


def _is_same(one: str, other: str) -> bool:
    """Whether two versions agree as far as both go: 1.28 and 1.28.3 do."""
    return all(a == b for a, b in zip(one.split("."), other.split("."), strict=False))
