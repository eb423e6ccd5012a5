"""Gold that moved away is found, with its line."""

from __future__ import annotations

import json
from pathlib import Path

from evals.running.runs import write_run
from evals.suite.lint import problems
from evals.suite.suite import load_suite, shipped_suite
from tests.eval_cases import case, run_of, small_suite


def line(identity: str, document: str, text: str) -> str:
    gold = [{"document": document, "text": text}]
    fields = {"id": identity, "question": "why?", "kind": "cause", "gold_documents": [document]}
    return json.dumps({**fields, "gold_passages": gold})


def test_gold_that_is_gone_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.md").write_text("Restart the\nbroker.\n")
    suite = small_suite(
        tmp_path,
        [
            line("q1", "a.md", "Restart the broker."),
            line("q2", "a.md", "Restart the proxy."),
            line("q3", "b.md", "x"),
        ],
    )
    found = problems(suite)
    assert [(one.question, one.line) for one in found] == [("q2", 2), ("q3", 3)]
    assert "no longer contains 'Restart the proxy.'" in found[0].message
    assert "b.md is not in the corpus" in found[1].message


def test_a_question_that_must_pass_and_fails_in_the_baseline_is_named(tmp_path: Path) -> None:
    asked = {"question": "why?", "kind": "cause", "gold_documents": ["a.md"], "must_pass": True}
    suite = small_suite(tmp_path, [json.dumps({**asked, "id": name}) for name in ("q1", "q2")])
    (suite.corpus / "a.md").write_text("Restart it.\n")
    assert problems(suite) == []
    write_run(run_of(case("q1", "a.md"), case("q2", "b.md", passed=False)), suite.baseline)
    (found,) = problems(suite)
    assert (found.question, found.line) == ("q2", 2)
    assert "remove `must_pass`" in found.message


def test_the_shipped_suite_has_none() -> None:
    assert problems(load_suite(shipped_suite())) == []
