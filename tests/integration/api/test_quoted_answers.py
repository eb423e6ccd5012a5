"""What is quoted for the shipped suite, with the packaged model: its evidence, and each word of it.

Full answers cite their evidence in the share that docs/asking.md gives. Brief answers keep to one
screen, and their sentences are held to the same rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from api.compose.indexing import run_ingest
from api.compose.local import LOCAL_ADMINISTRATOR
from api.compose.reading import open_reading
from api.settings import Settings, SourceSettings
from evals.metrics.faithfulness import FaithfulnessChecker
from ingest.runs.report import Silent
from rag.answering.disagreement import HEADING
from rag.answering.screen import MAX_CHARS, MAX_LINES
from rag.domain.answers import Answer, Detail
from rag.domain.search import SearchQuery
from rag.ports import Embedder

ROOT = Path(__file__).parents[3]
SUITE = ROOT / "evals" / "suites" / "shipped" / "questions.jsonl"
# Measured: all of them. A change of ranking may lose one, and not a second unseen.
MIN_CITED = 206
# Full answers to every question, brief ones to every third: each embeds sentences of its own.
_EVERY = {Detail.FULL: 1, Detail.BRIEF: 3}


def answerable() -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in SUITE.read_text("utf-8").splitlines()]
    return [one for one in lines if one["gold_passages"]]


@pytest.fixture(scope="module")
def all_answers(
    tmp_path_factory: pytest.TempPathFactory, caching_embedder: Embedder
) -> Iterator[dict[Detail, dict[str, Answer]]]:
    source = SourceSettings(name="runbooks", path=ROOT / "runbooks")
    settings = Settings(directory=tmp_path_factory.mktemp("quoted"), sources=(source,))
    run_ingest(
        settings, (), acl=None, prune=True, full=False, progress=Silent(), embedder=caching_embedder
    )
    with open_reading(settings, embedder=caching_embedder) as services:
        yield {
            detail: {
                one["id"]: services.answerer.answer(
                    SearchQuery(one["question"], LOCAL_ADMINISTRATOR), detail=detail
                )
                for one in answerable()[:: _EVERY[detail]]
            }
            for detail in Detail
        }


@pytest.fixture(scope="module")
def answers(all_answers: dict[Detail, dict[str, Answer]]) -> dict[str, Answer]:
    """The full answers, which quote several documents."""
    return all_answers[Detail.FULL]


@pytest.fixture(scope="module")
def brief_answers(all_answers: dict[Detail, dict[str, Answer]]) -> dict[str, Answer]:
    return all_answers[Detail.BRIEF]


KINDS = "Warning|Caution|Danger|Attention|Note|Tip|Important|Error"


def plain(text: str) -> str:
    """Text with single spaces; the line below the head of a table has none.

    A `<` that may begin a tag is written as a reference, and is read as `<`.
    """
    found = " ".join(text.replace("&lt;", "<").split())
    return re.sub(r"\|(?: ?:?-+:? ?\|)+", lambda rule: rule.group().replace(" ", ""), found)


@cache
def shown(text: str) -> str:
    """A chunk's text as an answer may show it: without the marks of block quotes."""
    return plain(re.sub(r"^(\s*)> ?", r"\1", text, flags=re.MULTILINE))


def holds(answer: Answer, document: str, text: str) -> bool:
    """Whether the answer cites the chunk of this page that holds the text; quoting it cites it."""
    return any(
        one.hit.document.path == document and plain(text) in plain(one.hit.chunk.text)
        for one in answer.citations
    )


def test_answers_cite_the_passage_that_a_person_marked(answers: dict[str, Answer]) -> None:
    found = [
        any(
            holds(answers[one["id"]], gold["document"], gold["text"])
            for gold in one["gold_passages"]
        )
        for one in answerable()
    ]
    assert len(found) == 207
    assert sum(found) >= MIN_CITED


def test_every_statement_stands_word_for_word_in_the_passage_that_it_cites(
    answers: dict[str, Answer],
) -> None:
    for answer in answers.values():
        assert answer.statements
        for statement in answer.statements:
            cited = [shown(answer.hits[n - 1].chunk.text) for n in statement.markers]
            assert any(plain(statement.text) in text for text in cited), statement.text


def without_label(line: str) -> str:
    """A line without the kind of an admonition, which the program writes in place of the page's."""
    return re.sub(rf"^\*\*(?:{KINDS}):\*\* ", "", line)


def test_every_line_is_a_cited_pages_or_marked_as_the_programs_own(
    answers: dict[str, Answer],
) -> None:
    for answer in answers.values():
        cited = " ".join(shown(one.hit.chunk.text) for one in answer.citations)
        for line in answer.text.split("\n"):
            if not line.startswith(("### ", "> ")):
                bare = re.sub(r"(?:^|\s)(?:\[\d+\]|_\([^()]*\)_)(?=\s|$)", "", line)
                assert plain(without_label(bare.removeprefix("- "))) in cited, line


def test_brief_answers_fit_on_one_screen(brief_answers: dict[str, Answer]) -> None:
    lines = sorted(answer.text.count("\n") + 1 for answer in brief_answers.values())
    assert lines[-1] <= MAX_LINES
    assert lines[len(lines) // 2] <= 20
    assert max(len(answer.text) for answer in brief_answers.values()) <= MAX_CHARS


def test_brief_answers_say_first_where_they_stand(brief_answers: dict[str, Answer]) -> None:
    for answer in brief_answers.values():
        if not answer.abstained:
            first = answer.text.split("\n")[0]
            led = answer.hits[0].document
            assert first.startswith("> ")
            assert f"{led.path}:" in first


def test_brief_answers_quote_one_document(brief_answers: dict[str, Answer]) -> None:
    for answer in brief_answers.values():
        if not answer.abstained:
            quoted = {marker for one in answer.statements for marker in one.markers}
            assert len({answer.hits[marker - 1].document.id for marker in quoted}) == 1


def test_brief_answers_are_word_for_word_what_they_cite(brief_answers: dict[str, Answer]) -> None:
    for answer in brief_answers.values():
        cited = " ".join(shown(one.hit.chunk.text) for one in answer.citations)
        for statement in answer.statements:
            assert plain(statement.text) in cited
        for line in answer.text.split("\n"):
            if not line.startswith(("### ", "> ")):
                bare = re.sub(r"(?:^|\s)(?:\[\d+\]|_\([^()]*\)_)(?=\s|$)", "", line)
                assert plain(without_label(bare.removeprefix("- "))) in cited, line


def test_answers_stay_short_enough_to_be_read(answers: dict[str, Answer]) -> None:
    lengths = sorted(len(answer.text) for answer in answers.values())
    assert lengths[len(lengths) // 2] < 5_000
    assert lengths[-1] < 12_000
    assert max(len(answer.citations) for answer in answers.values()) <= 30


def test_what_is_quoted_is_faithful(answers: dict[str, Answer], caching_embedder: Embedder) -> None:
    checker = FaithfulnessChecker(caching_embedder)
    quoted = {key: answer for key, answer in answers.items() if not answer.abstained}
    found = {
        key: checker.check(answer.text, [hit.chunk.text for hit in answer.hits])
        for key, answer in quoted.items()
    }
    assert {key: one for key, one in found.items() if one.score < 1.0} == {}


def test_pages_are_said_to_disagree_where_a_person_says_so_too(answers: dict[str, Answer]) -> None:
    """Two pairs of pages of the corpus were written to contradict each other, and no others."""
    found = {
        re.sub(r" \([^()]*\) says [^\[]*\[\d+\]", "", line.partition(": ")[2].partition(". ")[0])
        for answer in answers.values()
        for line in answer.text.partition(f"### {HEADING}")[2].split("\n")
        if line.startswith("> ")
    }
    pairs = {tuple(sorted(one.split("; "))) for one in found}
    assert pairs == {
        ("data/connection-exhaustion.md", "platform/pgbouncer-sizing.md"),
        ("storefront/catalog-cache-evictions.md", "storefront/redis-memory-tuning.md"),
    }
