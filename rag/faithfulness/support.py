"""Checks whether a sentence is supported by the chunks that it cites, without a judging model.

    score = similarity to the nearest unit * FAULT for each kind of fault

Faults are found by structure, against the nearest units of the cited chunks: names, numbers and
units, words of commands, negations and opposites, exchanged values and steps, replaced words in a
near copy, exceptions and limits. Similarity is capped at the level of a paraphrase: a near copy
with one word replaced is more similar, but not better supported. The result is deterministic given
the embedding model, and is the faithfulness metric of the evals. Its accuracy is measured on pairs
that were not used to develop it (docs/evals.md).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.domain.documents import BlockKind
from rag.faithfulness.names import broken_commands, unsupported_names
from rag.faithfulness.polarity import contradictions, negates, wider_claims
from rag.faithfulness.quantities import other_bounds, unsupported_quantities
from rag.faithfulness.word_order import (
    exchanged_partners,
    exchanged_sides,
    exchanged_words,
    other_order,
)
from rag.ports import Embedder, Vector
from rag.text.blocks import BlockText
from rag.text.limits import MAX_STATEMENT_CHARS
from rag.text.sentences import sentences
from rag.text.wording import plain, telling_roots, unmarked

MIN_SUPPORT = 0.5
FAULT = 0.35
# Faithful paraphrases score above _ALIKE, sentences of unrelated documents below _UNLIKE.
_UNLIKE, _ALIKE = 0.45, 0.55
_COVER_WEIGHT = 0.4
_NEGATED_OTHERWISE = 0.1
_MAX_NEAREST = 6
_UNITS_COMPARED = 3
_MIN_COVER = 0.15
_SAME_MEANING = 0.55


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, row or line of a chunk; `cover` is its share of the checked sentence's words."""

    passage: int
    text: str
    cover: float


@dataclass(frozen=True, slots=True)
class Support:
    """The result of a check: `score` is 0 to 1, `reasons` lists what is not supported.

    `passage` is the index of the nearest cited chunk, or -1 if none was given.
    """

    score: float
    reasons: tuple[str, ...] = ()
    passage: int = -1

    @property
    def supported(self) -> bool:
        return self.score >= MIN_SUPPORT and not self.reasons


class SupportChecker:
    """Checks sentences against cited chunks, embedding each text only once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vector[float]] = {}

    def check(self, sentence: str, passages: Sequence[BlockText]) -> Support:
        """Check a sentence, ignoring its markers, against the chunks that it cites."""
        if len(sentence) > MAX_STATEMENT_CHARS:
            return Support(0.0, (f"is too long to check: over {MAX_STATEMENT_CHARS} characters",))
        bare = plain(sentence)
        cited = [
            (number, unit)
            for number, passage in enumerate(passages)
            for unit in passage_units(passage)
        ]
        if not bare or not cited:
            return Support(0.0, ("cites nothing",) if not cited else ())
        line = sentence.strip(" `")  # a line of code, whose markup characters are literal
        same = next((n for n, unit in cited if plain(unit) == bare or unit.strip() == line), None)
        if same is not None:
            return Support(1.0, (), same)
        roots = telling_roots(bare)
        units = [_Unit(number, unit, _cover(roots, unit)) for number, unit in cited]
        likely = sorted(units, key=lambda unit: -unit.cover)[:_MAX_NEAREST]
        likeness, nearest = self._nearest(bare, likely)
        cited_text = "\n".join(passage.text for passage in passages)
        found = [*self._faults(unmarked(sentence), cited_text, _compared(likely, units))]
        kinds = [reasons for reasons in map(tuple, found) if reasons]
        reasons = tuple(reason for reasons in kinds for reason in reasons)
        return Support(likeness * FAULT ** len(kinds), reasons, nearest.passage)

    def _nearest(self, bare: str, likely: Sequence[_Unit]) -> tuple[float, _Unit]:
        """The similarity of the nearest unit, 0 to 1, and that unit."""
        self._embed([bare, *(plain(unit.text) for unit in likely)])

        def nearness(unit: _Unit) -> float:
            cosine = _cosine(self._vectors[bare], self._vectors[plain(unit.text)])
            otherwise = negates(bare) != negates(unit.text)
            return cosine + _COVER_WEIGHT * unit.cover - _NEGATED_OTHERWISE * otherwise

        nearest = max(likely, key=nearness)
        likeness = (nearness(nearest) - _UNLIKE) / (_ALIKE - _UNLIKE)
        return min(1.0, max(0.0, likeness)), nearest

    def _faults(self, sentence: str, cited: str, units: Sequence[str]) -> Iterator[Iterable[str]]:
        """Reasons by kind: names and numbers are checked against all units, the rest near by."""
        near = ". ".join(units)
        yield unsupported_names(sentence, cited)
        yield broken_commands(sentence, cited)
        yield unsupported_quantities(plain(sentence), cited)
        yield other_bounds(plain(sentence), near)
        yield contradictions(sentence, near)
        yield wider_claims(sentence, near)
        yield exchanged_partners(sentence, near)
        yield other_order(sentence, near, units)
        yield exchanged_sides(sentence, near)
        yield exchanged_words(sentence, units, self._mean_the_same)

    def _mean_the_same(self, one: str, other: str) -> bool:
        self._embed([one, other])
        return _cosine(self._vectors[one], self._vectors[other]) >= _SAME_MEANING

    def _embed(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed_documents(new), strict=True))


@lru_cache(256)
def passage_units(passage: BlockText) -> tuple[str, ...]:
    """The units that a sentence is compared with: sentences, table rows and lines of code."""
    units = (unit for index in passage.leaves() for unit in units_of(passage, index))
    return tuple(unit[:MAX_STATEMENT_CHARS] for unit in units)


def units_of(passage: BlockText, index: int) -> list[str]:
    """The units of one leaf block."""
    kind = passage.blocks[index].kind
    if kind is BlockKind.CODE:
        return [line for line in passage.code(index).split("\n") if line.strip()]
    if kind is BlockKind.TABLE:
        return passage.rows(index)
    prose = passage.prose(index)
    return [prose] if kind is BlockKind.HEADING else sentences(prose)


def _compared(likely: Sequence[_Unit], units: Sequence[_Unit]) -> list[str]:
    """The units that share the most words with the sentence, in document order."""
    kept = [unit for n, unit in enumerate(likely) if not n or unit.cover >= _MIN_COVER]
    return [unit.text for unit in units if unit in kept[:_UNITS_COMPARED]]


def _cover(roots: frozenset[str], unit: str) -> float:
    return len(roots & telling_roots(plain(unit))) / len(roots) if roots else 0.0


def _cosine(one: array[float], other: array[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
