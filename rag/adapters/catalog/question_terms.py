"""A question as an FTS5 expression: which of its words, and in which other words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence

from rag.adapters.catalog.lexical_table import ABOUT, TOKENIZER
from rag.retrieval import compounds
from rag.retrieval.exact_phrases import (
    date_spellings,
    quoted_phrases,
    unspaced_phrases,
    version_ranges,
)
from rag.retrieval.synonyms import Synonyms
from rag.text.identifiers import identifiers_in, phrases, spelled_out
from rag.text.searchable import is_single, unicode_form, words
from rag.text.stop_words import STOP_WORDS

_MAX_TERMS = 64
MAX_IDENTIFIERS = 8
# bm25 reads every row that matches, about a thousand a millisecond: words so common that they
# would match more than this are left to dense search.
MAX_ROWS = 1500

Alternatives = tuple[str, ...]


def terms_of(question: str, synonyms: Synonyms) -> list[Alternatives]:
    """The question's significant words and quoted phrases, each with what else it is called."""
    tokens = words(question)
    apart = words(spelled_out(unicode_form(question)))
    distinct = list(dict.fromkeys((*tokens, *apart)))
    kept = [word for word in distinct if word not in STOP_WORDS] or distinct
    others, joined = synonyms.expand(tokens), compounds.joined(tokens)
    terms = [
        (word, *others.get(word, ()), *joined.get(word, ()), *compounds.split_verb(word))
        for word in kept[:_MAX_TERMS]
    ]
    asked = (*quoted_phrases(question), *unspaced_phrases(question))
    exact = (" ".join(words(phrase)) for phrase in asked)
    return [*terms, *((phrase,) for phrase in exact if phrase)]


def any_of(terms: Iterable[Alternatives]) -> str:
    """The expression that matches rows that hold one of the words."""
    quoted = dict.fromkeys(_term(word) for alternatives in terms for word in alternatives)
    return " OR ".join(quoted)


def _term(word: str) -> str:
    """The expression of a word: of a single character of an unspaced script, the words that begin
    with it.
    """
    return f'"{word}" *' if is_single(word) else f'"{word}"'


def about_identifier(identifier: str, columns: Sequence[str]) -> str:
    """The expression that finds an identifier, whole or in parts, in these columns."""
    alternatives = " OR ".join(f'"{phrase}"' for phrase in phrases(identifier))
    return f"{{{' '.join(columns)}}} : ({alternatives})"


def identifiers_of(question: str) -> list[str]:
    """The identifiers of a question, the first few."""
    return identifiers_in(unicode_form(question))[:MAX_IDENTIFIERS]


def exact_expressions(question: str) -> list[str]:
    """Expressions that find what the question asks for to the letter, one for each such thing."""
    phrases_asked = (*quoted_phrases(question), *unspaced_phrases(question))
    anywhere = [_phrase(phrase) for phrase in phrases_asked]
    ranges = [_all_of(map(_version, pair)) for pair in version_ranges(question)]
    dates = [" OR ".join(map(_phrase, spellings)) for spellings in date_spellings(question)]
    named = [f"{{{' '.join(ABOUT)}}} : ({one})" for one in (*ranges, *dates)]
    return [one for one in (*anywhere, *named) if one != '""']


def _version(version: str) -> str:
    """`2.9` as a title or a file name has it, with or without a `v`."""
    spelled = " ".join(version.split("."))
    return f'("{spelled}" OR "v{spelled}")'


def _all_of(expressions: Iterable[str]) -> str:
    return " AND ".join(expressions)


def _phrase(phrase: str) -> str:
    return f'"{" ".join(words(phrase))}"'


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
