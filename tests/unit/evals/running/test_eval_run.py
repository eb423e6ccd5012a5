"""A run over a scripted system: access for every persona, its file, its reports, its history."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from evals.gate.gate import judge
from evals.gate.rules import GateRules
from evals.history_file import HISTORY_FILE
from evals.metrics.measures import OwnMeasures, RankingMeasures
from evals.metrics.scoring import Scorer
from evals.reports.html import html
from evals.reports.json_report import report
from evals.reports.junit import junit
from evals.reports.markdown import markdown
from evals.reports.templating import escaped
from evals.reports.terminal import print_report
from evals.running.history import append_run, past_runs
from evals.running.runner import run_suite
from evals.running.runs import Run, as_baseline, read_run, scores_of, write_run
from evals.running.system import Observation, Response
from rag.errors import ConfigurationError
from tests.eval_cases import HEAD, ScriptedSystem, cited, observed, page, small_suite

SCORERS: list[Scorer] = [RankingMeasures(), OwnMeasures()]
PAGES = [page("a.md", "public"), page("secret.md", "team:x")]
LINES = [
    json.dumps({"id": "q1", "question": "one?", "kind": "cause", "gold_documents": ["a.md"]}),
    json.dumps(
        {
            "id": "q2",
            "question": "two?",
            "kind": "how-to",
            "gold_documents": ["secret.md"],
            "personas": ["x"],
        }
    ),
    json.dumps({"id": "q3", "question": "three?", "kind": "unanswerable"}),
]
TABLE = {
    ("one?", "admin"): observed("a.md", "secret.md"),
    ("two?", "x"): observed("a.md", "secret.md"),
    ("two?", "admin"): observed("secret.md"),
}


def run(folder: Path, **more: Observation) -> Run:
    suite = small_suite(folder, LINES, HEAD + 'x = ["team:x"]\nguest = ["role:guest"]\n')
    found = {**TABLE, **{("two?", name): what for name, what in more.items()}}
    return run_suite(suite, ScriptedSystem(PAGES, found), SCORERS)


def test_each_question_is_asked_as_each_persona_and_scored_as_its_first(tmp_path: Path) -> None:
    found = run(tmp_path)
    assert found.asked == 6  # not as those from whom nothing is kept
    assert [case.persona for case in found.cases] == ["admin", "x", "admin"]
    assert [case.passed for case in found.cases] == [True, True, True]
    assert found.leaks == ()
    assert scores_of(found).means["mrr@10"] == 0.75
    assert scores_of(found).by_kind["how-to"]["mrr@10"] == 0.5


@pytest.mark.parametrize(
    ("what", "where"),
    [
        (observed("secret.md"), "hits"),
        (observed(response=Response("see", False, (cited("secret.md"),))), "citations"),
        (observed(response=Response("see id-of-secret.md", False)), "answer"),
        (replace(observed(), logs=("searched secret.md",)), "logs"),
    ],
)
def test_a_forbidden_page_is_found_wherever_it_shows(
    tmp_path: Path, what: Observation, where: str
) -> None:
    found = run(tmp_path, guest=what)
    assert {(leak.id, leak.persona, leak.where, leak.document) for leak in found.leaks} == {
        ("q2", "guest", where, "secret.md")
    }
    assert not judge(found, None, GateRules()).passed


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    found = run(tmp_path)
    write_run(found, tmp_path / "out" / "run.json")
    assert read_run(tmp_path / "out" / "run.json") == found
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_run(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('{"suite": 1}')
    with pytest.raises(ConfigurationError, match="not a run"):
        read_run(tmp_path / "bad.json")


def test_two_runs_make_the_same_baseline_and_the_same_report(tmp_path: Path) -> None:
    one, other = run(tmp_path), run(tmp_path)
    assert as_baseline(one) == as_baseline(other)
    reported = [report(each, judge(each, one, GateRules())) for each in (one, other)]
    for each in reported:
        del each["timing"]
    assert reported[0] == reported[1]


def test_reports_name_what_broke(tmp_path: Path) -> None:
    before = run(tmp_path)
    after = replace(
        run(tmp_path, x=observed("a.md", "b.md", "c.md", "d|e.md")), conditions={"model": "<b>"}
    )
    verdict = judge(after, before, GateRules())
    reported = report(after, verdict)
    (broken,) = reported["changes"]["broken"]
    assert broken["id"] == "q2"
    assert broken["gold"] == [{"document": "secret.md", "rank_before": 2, "rank_after": None}]
    assert [one["document"] for one in broken["instead"]] == ["b.md", "c.md", "d|e.md"]
    written = markdown(after, verdict)
    assert "### Broken (1)" in written
    assert "rank 2 → not found" in written
    page = html(after, verdict)
    assert "q2: two?" in page
    assert "rank 2 → not found" in page
    assert "src=" not in page
    assert "href=" not in page
    assert "http" not in page
    assert page.index("Questions that changed (1)") < page.index("Questions that pass (2)")
    assert "model: - → &lt;b&gt;" in page
    assert "0 of 1" in page
    console = Console(record=True, width=120, file=(tmp_path / "out").open("w"))
    print_report(after, verdict, console)
    console.file.close()
    assert "broken  q2: two?" in console.export_text()


def test_junit_is_well_formed_whatever_a_question_holds(tmp_path: Path) -> None:
    found = run(tmp_path, guest=observed("secret.md"))
    odd = replace(found.cases[0], question='<a> & "b" \x00\x1b', must_pass=True, passed=False)
    result = replace(found, cases=(odd, *found.cases[1:]))
    root = ElementTree.fromstring(junit(result, judge(result, None, GateRules())))  # noqa: S314 - ours
    assert [suite.get("failures") for suite in root] == ["2", "0"]
    assert len(root.findall(".//testcase")) == 4


def test_what_a_question_holds_stays_in_its_cell() -> None:
    assert escaped("a|b\n<img> `x`") == "a\\|b \\<img\\> \\`x\\`"


def test_the_history_keeps_every_run_and_survives_a_torn_line(tmp_path: Path) -> None:
    found = run(tmp_path)
    append_run(tmp_path, found, passed=True)
    with (tmp_path / HISTORY_FILE).open("a") as file:
        file.write('{"suite": "sm\n')
    append_run(tmp_path, found, passed=False)
    assert [past.passed for past in past_runs(tmp_path, "small")] == [True, False]
    assert past_runs(tmp_path, "other") == []
    assert past_runs(tmp_path / "nowhere") == []
    assert past_runs(tmp_path)[0].scores["mrr@10"] == 0.75
