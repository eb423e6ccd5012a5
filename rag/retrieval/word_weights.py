"""Static weights of words: how much it says that a document holds a word of the question.

The weights ship with the program (word_weights.tsv, made by training/word_weights.py), so that no
document of an index enters them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib import resources


def weight(stem: str) -> float:
    """From 0, for a word of nearly every text, to 1, for a word that is not in the table."""
    return _weights().get(stem, 1.0)


def is_known(stem: str) -> bool:
    """Whether the word is in the table: most words that are not are rare or a team's own."""
    return stem in _weights()


def total_weight(stems: Collection[str]) -> float:
    return sum(map(weight, stems))


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, float]:
    text = resources.files("rag.retrieval").joinpath("word_weights.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {stem: float(value) for stem, value in rows}
