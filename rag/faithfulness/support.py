"""Whether a sentence is supported by the passages that it cites, without a model that judges.

    score = likeness to the nearest unit, times FAULT for each kind of fault

Faults are told apart by structure, each against what of the passages is nearest: names, numbers
and their units, words of commands, negations and opposites, values and steps that have changed
places, a word put for another in a copy, exceptions and limits. Likeness is full from a paraphrase
on: a near copy with one word exchanged is more alike, not truer. It is deterministic given the
embedding model, and it is what evals call faithfulness. How well it tells true from false is
measured on pairs that it was not made on (docs/evals.md).
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
# A gate rather than a measure: faithful paraphrases lie above, sentences of other pages below.
_UNLIKE, _ALIKE = 0.45, 0.55
_COVER_WEIGHT = 0.4
_NEGATED_OTHERWISE = 0.1
_NEAREST_LOOKED_AT = 6
_UNITS_COMPARED = 3
_MIN_COVER = 0.15
_SAME_MEANING = 0.55


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, row or line of a passage, and the share of a sentence's words that it has."""

    passage: int
    text: str
    cover: float


@dataclass(frozen=True, slots=True)
class Support:
    """`score` is 0 to 1; `reasons` says what was not borne out; `passage` is the nearest's index.

    `passage` counts from 0 in the passages given, and is -1 when there were none.
    """

    score: float
    reasons: tuple[str, ...] = ()
    passage: int = -1

    @property
    def supported(self) -> bool:
        return self.score >= MIN_SUPPORT and not self.reasons


class SupportChecker:
    """Checks many sentences against the same passages; each of their sentences is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vector[float]] = {}

    def check(self, sentence: str, passages: Sequence[BlockText]) -> Support:
        """How well the passages support a sentence; markers in it do not count."""
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
        line = sentence.strip(" `")  # of code, in which marks are no marks
        same = next((n for n, unit in cited if plain(unit) == bare or unit.strip() == line), None)
        if same is not None:
            return Support(1.0, (), same)
        roots = telling_roots(bare)
        units = [_Unit(number, unit, _cover(roots, unit)) for number, unit in cited]
        likely = sorted(units, key=lambda unit: -unit.cover)[:_NEAREST_LOOKED_AT]
        likeness, nearest = self._nearest(bare, likely)
        cited_text = "\n".join(passage.text for passage in passages)
        found = [*self._faults(unmarked(sentence), cited_text, _compared(likely, units))]
        kinds = [reasons for reasons in map(tuple, found) if reasons]
        reasons = tuple(reason for reasons in kinds for reason in reasons)
        return Support(likeness * FAULT ** len(kinds), reasons, nearest.passage)

    def _nearest(self, bare: str, likely: Sequence[_Unit]) -> tuple[float, _Unit]:
        """How like it the nearest unit is, and that unit."""
        self._embed([bare, *(plain(unit.text) for unit in likely)])

        def nearness(unit: _Unit) -> float:
            cosine = _cosine(self._vectors[bare], self._vectors[plain(unit.text)])
            otherwise = negates(bare) != negates(unit.text)
            return cosine + _COVER_WEIGHT * unit.cover - _NEGATED_OTHERWISE * otherwise

        nearest = max(likely, key=nearness)
        likeness = (nearness(nearest) - _UNLIKE) / (_ALIKE - _UNLIKE)
        return min(1.0, max(0.0, likeness)), nearest

    def _faults(self, sentence: str, cited: str, units: Sequence[str]) -> Iterator[Iterable[str]]:
        """The reasons of each kind: names and numbers against all, the rest against the nearest."""
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
    """What a sentence can be compared with: sentences, rows of tables, and lines of code."""
    units = (unit for index in passage.leaves() for unit in units_of(passage, index))
    return tuple(unit[:MAX_STATEMENT_CHARS] for unit in units)


def units_of(passage: BlockText, index: int) -> list[str]:
    """The units of one block that no other is nested in."""
    kind = passage.blocks[index].kind
    if kind is BlockKind.CODE:
        return [line for line in passage.code(index).split("\n") if line.strip()]
    if kind is BlockKind.TABLE:
        return passage.rows(index)
    prose = passage.prose(index)
    return [prose] if kind is BlockKind.HEADING else sentences(prose)


def _compared(likely: Sequence[_Unit], units: Sequence[_Unit]) -> list[str]:
    """The units that have most of a sentence's words, in the order of the page."""
    kept = [unit for n, unit in enumerate(likely) if not n or unit.cover >= _MIN_COVER]
    return [unit.text for unit in units if unit in kept[:_UNITS_COMPARED]]


def _cover(roots: frozenset[str], unit: str) -> float:
    return len(roots & telling_roots(plain(unit))) / len(roots) if roots else 0.0


def _cosine(one: array[float], other: array[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
