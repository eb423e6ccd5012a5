"""The form of answers: what each score says of a text, and that the gate sees it get worse."""

from __future__ import annotations

import pytest

from evals.gate.gate import judge
from evals.gate.rules import GateRules
from evals.metrics.answer_form import AnswerForm, holds
from evals.running.runs import Run
from evals.running.system import Response
from evals.suite.suite import GoldPassage, QuestionKind
from rag.command_risk.classify import shipped_classifier
from tests.eval_cases import asked, case, cited, observed, question, run_of

QUOTE = "Restart the `broker` with care."
STEP = (
    "Restart the broker with care: [1] _(changes something)_\n"
    " ```sh\n systemctl restart kafka\n ```"
)
SHORT = f"> Broker · a.md:1-9 [1]\n\n{STEP}"


def scores(text: str, *, abstained: bool = False, gold: str = "a.md") -> dict[str, float]:
    one = question(
        gold=(gold,) if gold else (),
        kind=QuestionKind.SYMPTOM if gold else QuestionKind.UNANSWERABLE,
        passages=(GoldPassage("a.md", QUOTE),) if gold else (),
    )
    response = Response(text, abstained, (cited("a.md"),))
    scored = AnswerForm(shipped_classifier()).score(
        [asked(one, observed("a.md", response=response))]
    )
    return dict(scored.scores[one.id])


def run_with(text: str, *, abstained: bool = False) -> Run:
    found = scores(text, abstained=abstained)
    return run_of(*(case(f"q{number}", "a.md", scores=found) for number in range(60)))


def test_a_short_answer_with_its_needed_line_and_its_mark_scores_full() -> None:
    assert scores(SHORT) == {"needed_line@10": 1.0, "answer_lines": 6.0, "risk_marks": 1.0}


def test_a_quote_is_found_whatever_its_markup_and_breaks() -> None:
    assert holds("restart the broker\nwith care [1]", QUOTE)
    assert not holds("restart the broker carefully", QUOTE)
    assert not holds("anything", "…")


def test_an_abstention_lacks_the_needed_line_and_has_no_length() -> None:
    assert scores(SHORT, abstained=True) == {"needed_line@10": 0.0}
    assert scores(SHORT, gold="") == {}


@pytest.mark.parametrize(
    "code",
    ["rm -rf /data", "$ kubectl delete pod x", "kubectl get pods\nkubectl delete ns prod"],
)
def test_shell_code_that_changes_something_needs_a_mark_beside_it(code: str) -> None:
    body = "\n ".join(code.split("\n"))
    assert scores(f"Run it:\n ```sh\n {body}\n ```")["risk_marks"] == 0.0
    assert scores(f"Run it: _(destructive)_\n ```sh\n {body}\n ```")["risk_marks"] == 1.0
    assert scores(f" ```sh\n {body}\n ```\n\n[1] _(destructive)_")["risk_marks"] == 1.0


def test_code_that_only_reads_needs_no_mark() -> None:
    assert "risk_marks" not in scores("See:\n ```sh\n kubectl get pods\n ```")


@pytest.mark.parametrize(
    ("metric", "planted"),
    [
        ("needed_line@10", "> Broker [1]\n" + "\nFirst read this." * 10 + f"\n\n{STEP}"),
        ("answer_lines", SHORT + "\n\nMore of it." * 12),
        ("risk_marks", SHORT.replace(" [1] _(changes something)_", "")),
    ],
)
def test_a_planted_regression_turns_the_gate_red_for_its_own_reason(
    metric: str, planted: str
) -> None:
    baseline = run_with(SHORT)
    assert judge(run_with(SHORT), baseline, GateRules()).passed
    verdict = judge(run_with(planted), baseline, GateRules())
    regressed = {one.subject for one in verdict.blocking if one.rule == "regression"}
    assert metric in regressed


def test_refusing_what_is_answerable_turns_the_gate_red() -> None:
    verdict = judge(run_with(SHORT, abstained=True), run_with(SHORT), GateRules())
    assert "needed_line@10" in {one.subject for one in verdict.blocking}


def test_a_shorter_answer_is_no_regression() -> None:
    long = SHORT + "\n\nMore of it." * 12
    assert judge(run_with(SHORT), run_with(long), GateRules()).passed
