"""A run and its verdict as JUnit XML, which every CI server draws."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from evals.gate.gate import Verdict
from evals.running.runs import Case, Run

# What XML 1.0 cannot hold, however it is escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run, verdict: Verdict) -> bytes:
    """One test for each rule's finding, and one for each question.

    A question fails here only where the gate holds it against the change.
    """
    blamed = {finding.subject: finding.message for finding in verdict.blocking}
    ids = {case.id for case in run.cases}
    root = Element("testsuites")
    questions = SubElement(root, "testsuite", name=f"{run.suite}: questions")
    for case in run.cases:
        _add_case(questions, case, blamed.get(case.id))
    rules = SubElement(root, "testsuite", name=f"{run.suite}: gate")
    others = [finding for finding in verdict.blocking if finding.subject not in ids]
    for finding in others:
        test = SubElement(rules, "testcase", classname=finding.rule, name=_safe(finding.subject))
        SubElement(test, "failure", message=_safe(finding.message), type=finding.rule)
    if not others:
        SubElement(rules, "testcase", classname="gate", name="scores")
    for suite in root:
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    declared: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return declared


def _add_case(suite: Element, case: Case, blame: str | None) -> None:
    test = SubElement(
        suite,
        "testcase",
        classname=f"{case.kind.value}.{case.persona}",
        name=_safe(f"{case.id}: {case.question}"),
        time=f"{case.took_ms / 1000:.3f}",
    )
    if blame is not None:
        SubElement(test, "failure", message=_safe(blame), type="question")
    elif not case.passed:
        SubElement(test, "skipped", message="fails, and is not held against this change")


def _safe(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
