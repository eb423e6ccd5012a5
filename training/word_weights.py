"""`python -m training.word_weights CORPUS… [QUERIES.tsv]`: static weights of words.

Prints a row `stem<TAB>weight` for each stem. Each folder directly below a corpus is one project,
and the queries count as one more: people ask in everyday words that documents seldom hold. A word's
weight is its inverse document frequency as a share of the greatest one: 0 for a word of every text,
1 for one of a single text. The frequency is the mean over projects without the one that uses the
word most, since a project's own name is no general word. Stems that are left out count as 1.

The weights ship with the program so that no document of an index enters them: a document that a
caller may not read cannot change how confident an answer to this caller is.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rag.retrieval.relevance import stems

_SUFFIXES = {".md", ".mdx", ".adoc", ".rst", ".txt"}
_MIN_TEXTS = 6
_MAX_CHARACTERS = 20


def weights(projects: Mapping[str, Iterable[str]]) -> dict[str, float]:
    """The weight of each stem that texts of two projects hold, rounded to two decimals."""
    shares: dict[str, list[float]] = defaultdict(list)
    counts: Counter[str] = Counter()
    texts_read = 0
    for texts in projects.values():
        found: Counter[str] = Counter()
        size = 0
        for text in texts:
            size += 1
            found.update(stems(text))
        texts_read += size
        counts += found
        for stem, count in found.items():
            shares[stem].append(count / size)
    return {
        stem: _weight(sum(used) - max(used), len(projects) - 1, texts_read)
        for stem, used in sorted(shares.items())
        if len(used) > 1 and counts[stem] >= _MIN_TEXTS
        if stem.isalpha() and len(stem) <= _MAX_CHARACTERS
    }


def _weight(shares: float, projects: int, texts: int) -> float:
    return round(min(1.0, math.log(projects / shares) / math.log(texts)), 2)


def _projects(arguments: Iterable[str]) -> Iterator[tuple[str, Iterator[str]]]:
    for argument in map(Path, arguments):
        if argument.is_file():
            lines = argument.read_text(encoding="utf-8").splitlines()
            yield argument.name, (line.rpartition("\t")[2] for line in lines)
        else:
            yield from ((str(one), _texts(one)) for one in sorted(argument.iterdir()))


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    for word, weight in weights(dict(_projects(sys.argv[1:]))).items():
        print(f"{word}\t{weight}")
