"""The words of the serving generation's documents."""

from __future__ import annotations

import re

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.lexical_table import PAGES
from rag.adapters.catalog.question_terms import Stemmer
from rag.text.stop_words import STOP_WORDS

_WORD = re.compile(r"[^\W_]+")
_MAX_WORDS = 64


class Vocabulary:
    """Says how many words of a question no document contains; for those who may read everything.

    It remembers what it looked up, so it is for one command, not for a service.
    """

    def __init__(self, database: Database, generation: int, *, access: AccessFilter) -> None:
        self._database = database
        self._terms = sa.table(PAGES.terms(generation), sa.column("term"))
        self._access = access
        self._stemmer = Stemmer()
        self._known: dict[str, bool] = {}

    def unknown_share(self, question: str) -> float | None:
        """The share of the question's significant words that no document contains, 0 to 1.

        None for a question without such words, or for a principal that may not read everything.
        """
        words = _significant_words(question)
        if not words or not self._access.everything:
            return None
        self._look_up([word for word in words if word not in self._known])
        return sum(not self._known[word] for word in words) / len(words)

    def close(self) -> None:
        self._stemmer.close()

    def _look_up(self, words: list[str]) -> None:
        if not words:
            return
        query = sa.select(self._terms.c.term).where(self._terms.c.term == sa.bindparam("term"))
        with self._database.read() as connection:
            for word, stems in zip(words, self._stemmer.stems(words), strict=True):
                self._known[word] = all(
                    connection.scalar(query, {"term": stem}) is not None for stem in stems
                )


def _significant_words(question: str) -> list[str]:
    found = dict.fromkeys(_WORD.findall(question.lower()))
    return [
        word for word in found if word not in STOP_WORDS and len(word) > 1 and not word.isdigit()
    ][:_MAX_WORDS]
