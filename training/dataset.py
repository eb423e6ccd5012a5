"""Sections, their queries and heading pairs, read from a folder of training data.

FOLDER/sections.jsonl   id, source, path, title, heading, context, text
FOLDER/queries.tsv      section id, style, query
FOLDER/corpus/SOURCE    the documents, for heading pairs
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.corpora import pages
from rag.domain.documents import Chunk
from rag.ports import Embedder

MIN_BODY_CHARACTERS = 120
_SHINGLE_WORDS = 5
_SAME_TEXT = 0.5


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a document; `text` is what the product embeds of it."""

    id: str
    source: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question that its section answers. `style` is symptom, question or terse."""

    section: str
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class HeadingPair:
    """A title with its heading path, and the body below it without both."""

    source: str
    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Sections by id, and the queries written for them."""

    sections: dict[str, Section]
    queries: tuple[Query, ...]

    def without(self, sources: frozenset[str]) -> Dataset:
        """Leaves out whole sources, and sections elsewhere that repeat text of theirs."""
        left_out = [one for one in self.sections.values() if one.source in sources]
        known = {shingle for one in left_out for shingle in shingles(one.text)}
        kept = {
            one.id: one
            for one in self.sections.values()
            if one.source not in sources and _share(shingles(one.text), known) < _SAME_TEXT
        }
        return Dataset(kept, tuple(one for one in self.queries if one.section in kept))


def read_dataset(folder: Path) -> Dataset:
    """Raises ValueError, with file and line, for a row that cannot be read."""
    sections = {one.id: one for one in _sections(folder / "sections.jsonl")}
    queries = tuple(_queries(folder / "queries.tsv"))
    for query in queries:
        if query.section not in sections:
            raise ValueError(f"{folder}/queries.tsv: no section {query.section} in sections.jsonl")
    return Dataset(sections, queries)


def _sections(file: Path) -> Iterator[Section]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            text = f"{row['context']}\n\n{row['text']}" if row["context"] else row["text"]
            yield Section(row["id"], row["source"], row["path"], text)
        except (ValueError, KeyError) as error:
            raise ValueError(f"{file}:{number}: not a section: {error}") from error


def _queries(file: Path) -> Iterator[Query]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        columns = line.split("\t")
        if len(columns) != 3:
            raise ValueError(f"{file}:{number}: expected section id, style and query")
        yield Query(*columns)


def heading_pairs(
    folder: Path, embedder: Embedder, excluded: frozenset[str], limit: int, seed: int
) -> list[HeadingPair]:
    """Up to `limit` pairs drawn from the documents of all sources but the excluded ones."""
    found: list[HeadingPair] = []
    for source in sorted(path.name for path in (folder / "corpus").iterdir() if path.is_dir()):
        if source in excluded:
            continue
        seen: set[str] = set()
        for page in pages(folder / "corpus" / source, embedder):
            for chunk in page.chunks:
                pair = _heading_pair(source, chunk)
                if pair is not None and pair.heading not in seen:
                    seen.add(pair.heading)
                    found.append(pair)
    random.Random(seed).shuffle(found)
    return found[:limit]


def _heading_pair(source: str, chunk: Chunk) -> HeadingPair | None:
    """None for a chunk whose heading says nothing, or that has hardly any text."""
    body = "\n".join(line for line in chunk.text.splitlines() if not line.startswith("#")).strip()
    heading = " ".join(chunk.context.split("\n"))
    if len(chunk.section) == 0 or len(heading.split()) < 3 or len(body) < MIN_BODY_CHARACTERS:
        return None
    return HeadingPair(source, heading, body)


def shingles(text: str) -> frozenset[str]:
    """Every run of five words, in lower case."""
    words = re.findall(r"\w+", text.lower())
    count = max(1, len(words) - _SHINGLE_WORDS + 1)
    return frozenset(" ".join(words[at : at + _SHINGLE_WORDS]) for at in range(count))


def _share(some: frozenset[str], of_all: Sequence[str] | set[str]) -> float:
    return sum(one in of_all for one in some) / max(1, len(some))
