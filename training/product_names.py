"""`python -m training.product_names CORPUS… > rag/retrieval/product_names.txt`: names of products.

Prints the stems that prose of at least two projects (the folders directly below a corpus) writes
with a capital and small letters in at least six of ten places where no sentence begins, such as
`rabbitmq` and `grafana`: so a name is known in any letter case. Acronyms in capitals are left out,
since most name a concept, for which a document may use other words. Read the list before it ships:
from the one that does, 50 everyday words and names of people were taken out by hand.
"""

from __future__ import annotations

import calendar
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from rag.text.stemming import stem

_SUFFIXES = {".md", ".mdx", ".adoc", ".rst"}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NO_PROSE = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+|^---\n.*?\n---\n", re.DOTALL)
_HEADINGS_AND_TABLES = ("#", "|", "title")
_BEGINS_A_SENTENCE = frozenset('.!?:|*-[("_>')
_MIN_PLACES = 4
_MIN_SHARE = 0.6
_MIN_PROJECTS = 2
_MIN_CHARACTERS = 3
_CALENDAR = frozenset(
    stem(day.lower()) for day in (*calendar.day_name, *calendar.month_name) if day
)


def names(projects: Iterable[Iterable[str]]) -> list[str]:
    """The stems, in their order."""
    places: Counter[str] = Counter()
    capitalised: Counter[str] = Counter()
    used_by: Counter[str] = Counter()
    for texts in projects:
        found: Counter[str] = Counter()
        for text in texts:
            for word in _words_within_sentences(text):
                places[stem(word.lower())] += 1
                if not word.islower() and not word.isupper():
                    found[stem(word.lower())] += 1
        capitalised += found
        used_by.update(found.keys())
    return sorted(
        name
        for name, count in places.items()
        if count >= _MIN_PLACES
        and capitalised[name] >= _MIN_SHARE * count
        and used_by[name] >= _MIN_PROJECTS
        and len(name) >= _MIN_CHARACTERS
        and name not in _CALENDAR
    )


def _words_within_sentences(text: str) -> Iterator[str]:
    for line in _NO_PROSE.sub(" ", text).split("\n"):
        if line.lstrip().startswith(_HEADINGS_AND_TABLES):
            continue
        for match in _WORD.finditer(line):
            before = line[: match.start()].rstrip()
            if before and before[-1] not in _BEGINS_A_SENTENCE:
                yield match.group()


def _texts(project: Path) -> Iterator[str]:
    for path in sorted(project.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    found = (_texts(one) for corpus in sys.argv[1:] for one in sorted(Path(corpus).iterdir()))
    print("\n".join(names(found)))
