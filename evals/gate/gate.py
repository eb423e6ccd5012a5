"""Decides whether a run passes.

Blocking: text shown to a persona that may not read it; a failing must-pass question; a missing gold
document; a mean below its floor; a regression outside noise and at least the smallest drop that
matters; a metric that is no longer measured. Judged metrics are advisory unless the rules say
otherwise. Unmeasured scores are counted and reported, never treated as zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evals.gate.rules import LOWER_IS_BETTER, GateRules
from evals.metrics.statistics import Difference, paired, signed
from evals.running.changes import Changes, compare
from evals.running.runs import Run, scores_of

# Undefined if nothing abstains, which `abstention_recall` covers, or if no answer changes anything.
_MAY_BE_ABSENT = frozenset({"abstention_precision", "risk_marks"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of the gate; `subject` is a metric, a question or a document."""

    rule: str
    subject: str
    message: str
    blocking: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's result, with the differences and changes behind it."""

    findings: tuple[Finding, ...]
    differences: Mapping[str, Difference] = field(default_factory=dict)
    changes: Changes | None = None

    @property
    def passed(self) -> bool:
        return not any(finding.blocking for finding in self.findings)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.blocking)

    @property
    def advice(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.blocking)


def judge(run: Run, baseline: Run | None, rules: GateRules) -> Verdict:
    """Check a run against the rules and, if given, a baseline."""
    changes = compare(baseline, run) if baseline is not None else None
    found = differences(baseline, run) if baseline is not None else {}
    findings = [
        *_access(run),
        *_must_pass(run, baseline, changes),
        *_gold(run),
        *_floors(run, rules),
        *_regressions(run, found, rules),
        *_no_longer_measured(run, baseline, rules),
        *_unmeasured(run, rules),
        *_about_the_suite(run, baseline, changes),
    ]
    return Verdict(tuple(findings), found, changes)


def _access(run: Run) -> Iterator[Finding]:
    for leak in run.leaks:
        yield Finding(
            "access",
            leak.id,
            f"{leak.document} was shown in the {leak.where} of {leak.id} to {leak.persona}, "
            "which may not read it",
            blocking=True,
        )


def _must_pass(run: Run, baseline: Run | None, changes: Changes | None) -> Iterator[Finding]:
    causes = {flip.case.id: flip.causes for flip in changes.broken} if changes else {}
    before = {case.id: case.passed for case in baseline.cases} if baseline else {}
    for case in run.cases:
        if not case.must_pass or case.passed:
            continue
        if before.get(case.id, True):
            why = "; ".join(causes.get(case.id, ()))
            message = f"{case.id} must pass and fails: {case.question}"
            yield Finding("must-pass", case.id, f"{message} ({why})" if why else message, True)
        else:
            yield Finding(
                "must-pass", case.id, f"{case.id} must pass and fails, as before", blocking=False
            )


def _gold(run: Run) -> Iterator[Finding]:
    missing: dict[str, list[str]] = {}
    for case in run.cases:
        for path in case.gold_documents:
            if path not in run.pages:
                missing.setdefault(path, []).append(case.id)
    for path, questions in sorted(missing.items()):
        yield Finding(
            "gold",
            path,
            f"{path} is not in the index but is gold of {', '.join(questions)}: "
            "restore it, or name the document that answers now",
            blocking=True,
        )


def _floors(run: Run, rules: GateRules) -> Iterator[Finding]:
    means = scores_of(run).means
    for metric, floor in rules.floors.items():
        blocking = metric not in run.judged or rules.judges_block
        if metric not in means:
            yield Finding("floor", metric, f"{metric} has a floor and was not measured", blocking)
        elif means[metric] > floor if metric in LOWER_IS_BETTER else means[metric] < floor:
            where = "over" if metric in LOWER_IS_BETTER else "under"
            text = f"{metric} is {means[metric]:.4f}, {where} {floor:.4f}"
            yield Finding("floor", metric, text, blocking)


def differences(baseline: Run, run: Run) -> dict[str, Difference]:
    """Differences by metric, over the questions that both runs scored."""
    earlier = {case.id: case.scores for case in baseline.cases}
    pairs: dict[str, tuple[list[float], list[float]]] = {}
    for case in run.cases:
        old = earlier.get(case.id, {})
        for metric in case.scores.keys() & old.keys():
            before, after = pairs.setdefault(metric, ([], []))
            before.append(old[metric])
            after.append(case.scores[metric])
    return {metric: paired(*pairs[metric]) for metric in sorted(pairs)}


def _regressions(
    run: Run, differences: Mapping[str, Difference], rules: GateRules
) -> Iterator[Finding]:
    for metric, found in differences.items():
        rises = metric in LOWER_IS_BETTER
        default = LOWER_IS_BETTER.get(metric, rules.default_smallest)
        matters = rules.smallest.get(metric, default)
        worse = found.low > 0 if rises else found.high < 0
        if worse and abs(found.mean) >= matters:
            yield Finding(
                "regression",
                metric,
                f"{metric} {'rose' if rises else 'fell'} by {abs(found.mean):.4f} over "
                f"{found.count} questions (95% interval {signed(found.low)} to "
                f"{signed(found.high)}; {matters:g} matters)",
                metric not in run.judged or rules.judges_block,
            )


def _no_longer_measured(run: Run, baseline: Run | None, rules: GateRules) -> Iterator[Finding]:
    if baseline is None:
        return
    now = scores_of(run).means
    for metric in sorted(scores_of(baseline).means.keys() - _MAY_BE_ABSENT):
        if metric not in now and metric not in baseline.judged:
            yield Finding(
                "unmeasured", metric, f"{metric} is in the baseline and was not measured", True
            )
        elif metric not in now:
            yield Finding(
                "unmeasured",
                metric,
                f"{metric} is in the baseline, and no judge gave it",
                rules.judges_block,
            )


def _unmeasured(run: Run, rules: GateRules) -> Iterator[Finding]:
    for metric, count in sorted(Counter(one.metric for one in run.unmeasured).items()):
        why = Counter(one.reason for one in run.unmeasured if one.metric == metric)
        listed = ", ".join(f"{reason}: {times}" for reason, times in sorted(why.items()))
        blocking = metric not in run.judged or rules.judges_block
        yield Finding(
            "unmeasured",
            metric,
            f"{metric} is unmeasured for {count} questions ({listed})",
            blocking,
        )


def _about_the_suite(run: Run, baseline: Run | None, changes: Changes | None) -> Iterator[Finding]:
    if baseline is None or changes is None:
        return
    if changes.gone_questions:
        gone = ", ".join(changes.gone_questions)
        yield Finding("suite", run.suite, f"no longer asked, unlike in the baseline: {gone}", False)
    if changes.new_questions:
        message = f"{len(changes.new_questions)} questions are not in the baseline"
        yield Finding("suite", run.suite, message, blocking=False)
    for path in changes.pages.opened:
        yield Finding("access", path, f"{path} has more readers than in the baseline", False)
