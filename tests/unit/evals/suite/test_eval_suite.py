"""Suites on disk: what they may say, and what is told of one that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.suite.suite import QuestionKind, load_suite
from rag.errors import ConfigurationError
from tests.eval_cases import HEAD, small_suite, write_suite


def line(**fields: Any) -> str:
    whole = {"id": "q1", "question": "why?", "kind": "cause", "gold_documents": ["a.md"], **fields}
    return json.dumps(whole)


def test_a_suite_is_read_with_its_personas_and_corpus(tmp_path: Path) -> None:
    head = HEAD + 'sre = ["role:sre"]\n[floors]\n"recall@5" = 0.9\n'
    suite = small_suite(tmp_path, [line(personas=["sre"], must_pass=True), "", line(id="q2")], head)
    assert suite.corpus == tmp_path / "pages"
    assert suite.personas["admin"].administrator
    assert suite.personas["sre"].groups == {"role:sre"}
    assert not suite.personas["sre"].administrator
    assert suite.rules.floors == {"recall@5": 0.9}
    first, second = suite.questions
    assert first.kind is QuestionKind.CAUSE
    assert first.must_pass
    assert first.line == 1
    assert second.line == 3
    assert first.personas == ("sre",)
    assert second.personas == ("admin", "sre")  # who is not named can be anybody


def test_a_corpus_is_looked_for_in_the_folders_above(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    head = HEAD.replace('"pages"', '"docs"')
    assert small_suite(tmp_path / "evals" / "ours", [line()], head).corpus == tmp_path / "docs"


def test_judgments_in_another_form_are_read_under_their_own_names(tmp_path: Path) -> None:
    head = HEAD + '[questions]\nquestion = "query"\ngold_documents = "gold"\nkind = "alert"\n'
    found = [
        json.dumps({"id": "1", "query": "x", "gold": ["a.md"], "tier": "dedicated"}),
        json.dumps({"id": "2", "query": "y", "gold": []}),
    ]
    first, second = small_suite(tmp_path, found, head).questions
    assert (first.text, first.kind, first.gold_documents) == ("x", QuestionKind.ALERT, ("a.md",))
    assert second.kind is QuestionKind.UNANSWERABLE


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{", "questions.jsonl:2"),
        ("[]", "expected an object"),
        (line(id="q2", kind="riddle"), "kind"),
        (line(id="q2", kind="unanswerable"), "no gold documents"),
        (line(id="q2", gold_documents=[]), "any other has some"),
        (line(id="q2", personas=["nobody"]), "defines no persona 'nobody'"),
        (line(id="q2", gold_passages=[{"document": "b.md", "text": "t"}]), "'b.md'"),
        (line(), "already used on line 1"),
        (line(id="q2", question=""), "question"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=r"questions\.jsonl:2") as error:
        small_suite(tmp_path, [line(), written])
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("name = ", "not valid TOML"),
        ('name = "x"\ncorpus = "pages"\n', "personas"),
        (HEAD + 'odd = ["not a tag"]\n', "not an ACL tag"),
        (HEAD.replace("pages", "elsewhere"), "no folder 'elsewhere'"),
        ("colour = 1\n" + HEAD, "colour"),
    ],
)
def test_a_wrong_head_is_reported(tmp_path: Path, head: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=r"suite\.toml") as error:
        small_suite(tmp_path, [line()], head)
    assert message in str(error.value)


def test_no_suite_and_no_questions_are_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_suite(tmp_path)
    with pytest.raises(ConfigurationError, match="no questions"):
        small_suite(tmp_path, [""])


def test_the_digest_changes_with_any_file_of_the_suite(tmp_path: Path) -> None:
    one = small_suite(tmp_path, [line()]).digest
    assert load_suite(tmp_path / "suite.toml").digest == one
    assert small_suite(tmp_path, [line(must_pass=True)]).digest != one
    write_suite(tmp_path, [line()], HEAD + 'other = ["x"]\n')
    assert load_suite(tmp_path).digest != one
