"""A question as an FTS5 expression: which of its words, and in which other words."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence

from rag.adapters.catalog.lexical_table import TOKENIZER
from rag.retrieval.synonyms import Synonyms
from rag.text.identifiers import identifiers_in, phrases, spelled_out
from rag.text.stop_words import STOP_WORDS

_WORD = re.compile(r"\w+")
_MAX_TERMS = 64
MAX_IDENTIFIERS = 8
# bm25 reads every row that matches, about a thousand a millisecond: words so common that they
# would match more than this are left to dense search.
MAX_ROWS = 1500

Alternatives = tuple[str, ...]


def terms_of(question: str, synonyms: Synonyms) -> list[Alternatives]:
    """The question's significant words, each with its synonyms."""
    tokens = _WORD.findall(question.lower())
    apart = _WORD.findall(spelled_out(question).lower())
    words = list(dict.fromkeys((*tokens, *apart)))
    kept = [word for word in words if word not in STOP_WORDS] or words
    others = synonyms.expand(tokens)
    return [(word, *others.get(word, ())) for word in kept[:_MAX_TERMS]]


def any_of(terms: Iterable[Alternatives]) -> str:
    """The expression that matches rows that hold one of the words."""
    quoted = dict.fromkeys(f'"{word}"' for alternatives in terms for word in alternatives)
    return " OR ".join(quoted)


def about_identifier(identifier: str, columns: Sequence[str]) -> str:
    """The expression that finds an identifier, whole or in parts, in these columns."""
    alternatives = " OR ".join(f'"{phrase}"' for phrase in phrases(identifier))
    return f"{{{' '.join(columns)}}} : ({alternatives})"


def identifiers_of(question: str) -> list[str]:
    """The identifiers of a question, the first few."""
    return identifiers_in(question)[:MAX_IDENTIFIERS]


def affordable(
    terms: Sequence[Alternatives], rows_of: Callable[[Alternatives], int]
) -> list[Alternatives]:
    """The rarest terms whose rows together are few enough to be scored; one at least."""
    kept: list[Alternatives] = []
    spent = 0
    for rows, term in sorted(((rows_of(term), term) for term in terms), key=lambda pair: pair[0]):
        if kept and spent + rows > MAX_ROWS:
            break
        if rows:
            kept.append(term)
            spent += rows
    return kept


class Stemmer:
    """The index's own tokenizer, asked through a scratch table of its own kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scratch = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._scratch.execute(
            f'CREATE VIRTUAL TABLE word USING fts5(text, tokenize = "{TOKENIZER}")'
        )
        self._scratch.execute("CREATE VIRTUAL TABLE term USING fts5vocab(word, 'instance')")

    def stems(self, words: Sequence[str]) -> list[list[str]]:
        """For each word or phrase its terms as the index holds them."""
        numbered = list(enumerate(words, start=1))
        with self._lock:
            self._scratch.execute("BEGIN")
            self._scratch.executemany("INSERT INTO word (rowid, text) VALUES (?, ?)", numbered)
            rows = self._scratch.execute(
                "SELECT doc, term FROM term ORDER BY doc, offset"
            ).fetchall()
            self._scratch.execute("ROLLBACK")
        found: dict[int, list[str]] = {}
        for number, term in rows:
            found.setdefault(number, []).append(term)
        return [found.get(number, []) for number, _ in numbered]

    def close(self) -> None:
        self._scratch.close()
