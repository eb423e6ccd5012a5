"""The gate: what blocks, what advises, and what chance alone may do."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from evals.gate.gate import Finding, judge
from evals.gate.rules import GateRules
from evals.metrics.statistics import paired, signed
from evals.running.changes import compare
from evals.running.runs import Leak, Page, Run, Unmeasured
from evals.running.system import Response
from tests.eval_cases import case, cited, run_of

RULES = GateRules()


def rules_of(found: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in found}


def test_the_same_run_passes() -> None:
    run = run_of(case("q1", "a.md", scores={"recall@5": 1.0}))
    verdict = judge(run, run, RULES)
    assert verdict.passed
    assert verdict.findings == ()


def test_a_drop_outside_noise_that_matters_blocks() -> None:
    before = run_of(*(case(f"q{n}", "a.md", scores={"ndcg@10": 1.0}) for n in range(160)))
    after = run_of(
        *(case(f"q{n}", "a.md", scores={"ndcg@10": 0.0 if n < 16 else 1.0}) for n in range(160))
    )
    verdict = judge(after, before, RULES)
    assert rules_of(verdict.blocking) == {"regression"}
    assert "ndcg@10 fell by 0.1000 over 160 questions" in verdict.blocking[0].message


def test_a_drop_too_small_to_matter_does_not_block_however_certain() -> None:
    before = run_of(*(case(f"q{n}", scores={"ndcg@10": 1.0}) for n in range(160)))
    after = run_of(*(case(f"q{n}", scores={"ndcg@10": 0.99}) for n in range(160)))
    verdict = judge(after, before, RULES)
    assert verdict.differences["ndcg@10"].high < 0
    assert verdict.passed
    strict = GateRules(smallest={"ndcg@10": 0.005})
    assert not judge(after, before, strict).passed


def test_a_drop_within_noise_does_not_block() -> None:
    before = run_of(*(case(f"q{n}", scores={"ndcg@10": float(n % 2)}) for n in range(40)))
    after = run_of(*(case(f"q{n}", scores={"ndcg@10": float(n % 2 and n > 3)}) for n in range(40)))
    verdict = judge(after, before, RULES)
    assert verdict.differences["ndcg@10"].mean <= -RULES.default_smallest
    assert verdict.differences["ndcg@10"].high >= 0
    assert verdict.passed


def test_chance_alone_rarely_trips_the_gate_and_five_points_rarely_pass_it() -> None:
    rng = random.Random(7)
    tripped = caught = 0
    for _ in range(40):
        old = [float(rng.random() < 0.8) for _ in range(160)]
        same = [float(rng.random() < 0.8) if rng.random() < 0.05 else value for value in old]
        worse = [0.0 if rng.random() < 0.09 else value for value in old]
        tripped += is_regression(old, same)
        caught += is_regression(old, worse)
    assert tripped <= 2
    assert caught >= 36


def is_regression(old: list[float], new: list[float]) -> bool:
    before = run_of(*(case(f"q{n}", scores={"m": value}) for n, value in enumerate(old)))
    after = run_of(*(case(f"q{n}", scores={"m": value}) for n, value in enumerate(new)))
    return not judge(after, before, RULES).passed


def test_a_must_pass_question_that_flips_blocks_and_names_the_cause() -> None:
    before = run_of(case("q1", "a.md", must_pass=True), pages={"a.md": "1", "b.md": "1"})
    after = run_of(
        case("q1", "b.md", "c.md", "d.md", "a.md", must_pass=True, passed=False),
        pages={"a.md": "1", "b.md": "2"},
    )
    verdict = judge(after, before, RULES)
    assert rules_of(verdict.blocking) == {"must-pass"}
    assert "b.md was edited and now ranks above the gold document" in verdict.blocking[0].message


def test_a_must_pass_question_that_failed_before_advises_and_a_new_one_blocks() -> None:
    failing = run_of(case("q1", "b.md", must_pass=True, passed=False))
    assert judge(failing, failing, RULES).passed
    assert rules_of(judge(failing, failing, RULES).advice) == {"must-pass"}
    assert not judge(failing, None, RULES).passed
    assert not judge(failing, run_of(case("q0", "a.md")), RULES).passed


def test_anything_forbidden_blocks_whatever_the_averages() -> None:
    run = replace(run_of(case("q1", "a.md")), leaks=(Leak("q1", "guest", "logs", "secret.md"),))
    verdict = judge(run, run, RULES)
    assert rules_of(verdict.blocking) == {"access"}
    assert "secret.md was shown in the logs of q1 to guest" in verdict.blocking[0].message


def test_a_gold_page_that_is_gone_blocks_with_its_questions() -> None:
    before = run_of(case("q1", "a.md"), case("q2", "a.md"))
    after = run_of(case("q1", "b.md"), case("q2", "b.md"), pages={"b.md": "1"})
    found = [one for one in judge(after, before, RULES).blocking if one.rule == "gold"]
    assert [one.subject for one in found] == ["a.md"]
    assert "q1, q2" in found[0].message


def test_floors_hold_without_a_baseline_and_for_what_was_not_measured() -> None:
    run = run_of(case("q1", "a.md", scores={"recall@5": 0.5}))
    assert judge(run, None, GateRules(floors={"recall@5": 0.5})).passed
    assert rules_of(judge(run, None, GateRules(floors={"recall@5": 0.6})).blocking) == {"floor"}
    missing = judge(run, None, GateRules(floors={"faithfulness": 0.6}))
    assert "was not measured" in missing.blocking[0].message


def test_the_floor_of_a_metric_where_lower_is_better_is_the_greatest_mean_allowed() -> None:
    run = run_of(case("q1", "a.md", scores={"answer_lines": 15.0}))
    assert judge(run, None, GateRules(floors={"answer_lines": 15.0})).passed
    [found] = judge(run, None, GateRules(floors={"answer_lines": 14.0})).blocking
    assert found.message == "answer_lines is 15.0000, over 14.0000"


def test_a_metric_that_is_not_measured_any_more_blocks() -> None:
    before = run_of(case("q1", "a.md", scores={"recall@5": 1.0, "citation_correctness": 1.0}))
    after = run_of(case("q1", "a.md", scores={"recall@5": 1.0}))
    verdict = judge(after, before, RULES)
    assert [one.subject for one in verdict.blocking] == ["citation_correctness"]


def test_judges_advise_unless_told_to_block() -> None:
    before = run_of(*(case(f"q{n}", scores={"faithfulness": 1.0}) for n in range(50)))
    after = run_of(
        *(case(f"q{n}", scores={"faithfulness": 0.5}) for n in range(50)),
        judged=["faithfulness"],
    )
    verdict = judge(after, before, RULES)
    assert verdict.passed
    assert rules_of(verdict.advice) == {"regression"}
    assert not judge(after, before, GateRules(judges_block=True)).passed


def test_what_a_judge_could_not_measure_is_counted_and_shown_and_no_zero() -> None:
    lost = (Unmeasured("q1", "faithfulness", "timed out"), Unmeasured("q2", "faithfulness", "NaN"))
    before = run_of(
        *(case(f"q{n}", scores={"faithfulness": 1.0}) for n in range(4)), judged=["faithfulness"]
    )
    after = replace(
        run_of(*(case(f"q{n}", scores={"faithfulness": 1.0} if n > 2 else {}) for n in range(4))),
        unmeasured=lost,
        judged=("faithfulness",),
    )
    verdict = judge(after, before, RULES)
    assert verdict.passed
    (found,) = verdict.advice
    assert found.message == ("faithfulness is unmeasured for 2 questions (NaN: 1, timed out: 1)")
    assert verdict.differences["faithfulness"].count == 1
    assert not judge(after, before, GateRules(judges_block=True)).passed


def test_answers_that_stop_citing_are_caught_and_named() -> None:
    with_citation = Response("Restart it. [1]", False, (cited("a.md"),))
    bare = Response("Restart it.", False)

    def run(response: Response, *, passed: bool) -> Run:
        score = {"citation_correctness": float(passed)}
        cases = (case(f"q{n}", "a.md", passed=passed, scores=score) for n in range(30))
        return run_of(*(replace(one, response=response) for one in cases))

    verdict = judge(run(bare, passed=False), run(with_citation, passed=True), RULES)
    assert [one.subject for one in verdict.blocking] == ["citation_correctness"]
    assert verdict.changes is not None
    assert verdict.changes.broken[0].causes == ("the answer no longer has a supported citation",)


def test_questions_that_come_and_go_are_reported() -> None:
    reported = judge(run_of(case("q2", "a.md")), run_of(case("q1", "a.md")), RULES)
    assert reported.passed
    assert {"suite"} == rules_of(reported.advice)
    assert any("q1" in finding.message for finding in reported.advice)


def test_a_page_that_gains_readers_is_reported() -> None:
    before = run_of(case("q1", "a.md"))
    after = replace(before, pages={"a.md": Page("1", ("public", "team:x"))})
    (found,) = judge(after, before, RULES).advice
    assert (found.rule, found.subject) == ("access", "a.md")


def test_changes_name_what_stands_before_the_answer_now_and_the_setting() -> None:
    before = run_of(case("q1", "a.md", scores={"ndcg@10": 1.0}), conditions={"prompt": "1"})
    after = run_of(
        case("q1", "b.md", "a.md", passed=False, scores={"ndcg@10": 0.6}),
        conditions={"prompt": "2"},
    )
    changes = compare(before, after)
    (flip,) = changes.broken
    assert flip.gold == (("a.md", 1, 2),)
    assert [found.document for found in flip.instead] == ["b.md"]
    assert flip.causes == ("prompt: 1 -> 2",)
    assert [flip.case.id for flip in compare(after, before).mended] == ["q1"]
    assert compare(before, before).broken == ()


def test_a_page_that_slips_without_failing_is_reported_apart() -> None:
    before = run_of(case("q1", "a.md", scores={"ndcg@10": 1.0}))
    after = run_of(case("q1", "b.md", "a.md", scores={"ndcg@10": 0.6}))
    changes = compare(before, after)
    assert not changes.broken
    assert [flip.case.id for flip in changes.slipped] == ["q1"]
    assert "the code did" in changes.slipped[0].causes[0]


def test_a_paired_difference_repeats_and_holds_its_mean() -> None:
    one, other = [0.0, 1.0, 0.5, 1.0], [1.0, 1.0, 0.0, 0.5]
    found = paired(one, other)
    assert found == paired(one, other)
    assert found.low <= found.mean <= found.high
    assert paired(one, one).mean == 0
    with pytest.raises(ValueError, match="same questions"):
        paired([1.0], [])


def test_a_loss_that_rounds_to_nothing_is_shown_as_none() -> None:
    assert [signed(value) for value in (-0.00001, 0.0, -0.0001, 0.25)] == [
        "+0.0000",
        "+0.0000",
        "-0.0001",
        "+0.2500",
    ]
    assert signed(-0.0004, 3) == "+0.000"
