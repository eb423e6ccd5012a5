"""What of a question is looked up, and in which words."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.adapters.catalog.lexical_table import ABOUT, TOKENIZER
from rag.adapters.catalog.question_terms import (
    MAX_ROWS,
    Stemmer,
    about_identifier,
    affordable,
    any_of,
    identifiers_of,
    terms_of,
)
from rag.retrieval.synonyms import Synonyms, parse_synonyms


@pytest.fixture(scope="module")
def table() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    columns = ", ".join((*ABOUT, "body"))
    made.execute(f'CREATE VIRTUAL TABLE page USING fts5({columns}, tokenize = "{TOKENIZER}")')
    made.execute("INSERT INTO page (title, body) VALUES ('Kubernetes nodes', 'restarting')")
    return made


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    assert terms_of("how do I restart the broker", Synonyms()) == [("restart",), ("broker",)]
    assert terms_of("what is this", Synonyms()) == [("what",), ("is",), ("this",)]


def test_identifiers_are_looked_up_whole_and_in_parts() -> None:
    found = [words[0] for words in terms_of("KubePodCrashLooping fires", Synonyms())]
    assert found == ["kubepodcrashlooping", "fires", "kube", "pod", "crash", "looping"]


def test_synonyms_stand_beside_their_word(table: sqlite3.Connection) -> None:
    synonyms = parse_synonyms(["k8s, kubernetes", "lb, load balancer"], "s")
    assert terms_of("k8s lb", synonyms) == [("k8s", "kubernetes"), ("lb", "load balancer")]
    expression = any_of(terms_of("k8s lb", synonyms))
    assert table.execute("SELECT count(*) FROM page WHERE page MATCH ?", (expression,)).fetchone()[
        0
    ]


@given(question=st.text(max_size=80))
def test_whatever_is_asked_the_index_understands_it(
    table: sqlite3.Connection, question: str
) -> None:
    terms = terms_of(question, Synonyms())
    expressions = [about_identifier(name, ABOUT) for name in identifiers_of(question)]
    if terms:
        expressions.append(any_of(terms))
    for expression in expressions:
        table.execute("SELECT count(*) FROM page WHERE page MATCH ?", (expression,)).fetchone()


def test_common_words_are_left_to_dense_search() -> None:
    rows: dict[tuple[str, ...], int] = {
        ("the",): MAX_ROWS,
        ("rare",): 3,
        ("rarer",): 1,
        ("unknown",): 0,
    }
    assert affordable(list(rows), rows.__getitem__) == [("rarer",), ("rare",)]


def test_the_rarest_word_is_looked_up_however_common_it_is() -> None:
    assert affordable([("the",)], lambda _: 10 * MAX_ROWS) == [("the",)]


def test_stems_are_those_of_the_index() -> None:
    stemmer = Stemmer()
    assert stemmer.stems(["restarting", "load balancers", "--"]) == [
        ["restart"],
        ["load", "balanc"],
        [],
    ]
    assert stemmer.stems(["Café"]) == [["cafe"]]
    stemmer.close()
