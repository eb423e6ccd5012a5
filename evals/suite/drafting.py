"""Generates a first suite: questions from alerts, and drafts from documents.

A person completes a draft: the wording of a real question, and whether the document answers it. A
suite with a draft among its questions does not load.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evals.suite.suite import QuestionKind
from rag.domain.documents import Chunk, Document, Kind
from rag.reports.coverage import AlertRule, Coverage, MatchedBy

Case = dict[str, Any]

_HEADING = re.compile(r"^#{1,6}\s++(\S.*+)$")
_STEP = re.compile(r"^ {0,3}(?:1[.)]|[-*+])\s++(\S.*+)$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_NON_WORD = re.compile(r"[^a-z0-9]+")

_HEAD = """\
# Questions that our documents must answer. docs/evals.md explains every field.
#
# Next steps:
# 1. `runbook eval run {folder}` asks the questions in questions.jsonl.
# 2. Complete the drafts in drafts.jsonl, which are not asked: word the question as an on-call
#    engineer would, check gold_documents and gold_passages, write the answer as `reference`, remove
#    `draft` and `notes`, and move the line to questions.jsonl. Delete drafts that are of no use.
# 3. List your personas below: every question is asked as each of them. Set `personas` on questions
#    whose documents only some of them may read.
# 4. `runbook eval run {folder} --save-baseline`, and commit the result. From then on `--gate` fails
#    a change for the worse. `gate_suite` under `[evals]` in runbook.toml gates promotions too.
name = {name}
corpus = {corpus}
{acl}# as_of = {today}               # freshness is computed for this day; default: today
# baseline = "baseline.json"

[personas]
admin = "administrator"             # the first is scored, unless a question has its own
everyone = ["public"]
# payments-oncall = ["team:payments", "role:oncall"]

# [floors]                          # minimum means, with or without a baseline
# "recall@5" = 0.9
"""


def suite_head(
    *, folder: str, name: str, corpus: str, acl: Iterable[str] | None, today: str
) -> str:
    """The text of a `suite.toml` with instructions for the next steps."""
    acl_line = "" if acl is None else f"acl = {json.dumps(sorted(acl))}\n"
    return _HEAD.format(
        folder=folder,
        name=json.dumps(name, ensure_ascii=False),
        corpus=json.dumps(corpus, ensure_ascii=False),
        acl=acl_line,
        today=today,
    )


def lines(cases: Iterable[Mapping[str, Any]]) -> str:
    """The cases as JSON lines."""
    return "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)


def alert_cases(found: Coverage) -> list[Case]:
    """A question for each alert; a draft if neither rule nor document links the two."""
    cases: dict[str, Case] = {}
    for match in found.matches:
        gold = [document.path for document in match.documents]
        linked = match.by is not MatchedBy.NAME
        case = _alert(match.rule, gold, None if linked else "matched only by its name")
        cases.setdefault(case["id"], case)
    for rule in found.without_runbook:
        case = _alert(rule, [], "no document lists this alert, and its rule links to none")
        cases.setdefault(case["id"], case)
    return list(cases.values())


def page_cases(pages: Iterable[tuple[Document, Sequence[Chunk]]]) -> list[Case]:
    """Drafts of how-to questions, one for each section of a runbook with a first step."""
    return [
        case
        for document, chunks in pages
        if document.metadata.kind is Kind.RUNBOOK
        for case in _of_page(document, chunks)
    ]


def _alert(rule: AlertRule, gold: Sequence[str], why: str | None) -> Case:
    case = _case(f"alert-{rule.name}", f"{rule.name} is firing", QuestionKind.ALERT, gold)
    if why is None:
        return case
    return {**case, "draft": True, "notes": {"rule": f"{rule.file}:{rule.line}", "why": why}}


def _of_page(document: Document, chunks: Sequence[Chunk]) -> Iterator[Case]:
    title = document.metadata.title
    for number, (heading, step) in enumerate(_first_steps(title, chunks).items(), start=1):
        about = "what do I do first" if heading == title else f"how to {_lowered(heading)}"
        case = _case(
            f"how-to-{_slug(document.path)}-{number}",
            f"{title}: {about}?",
            QuestionKind.HOW_TO,
            [document.path],
        )
        yield {
            **case,
            "gold_passages": [{"document": document.path, "text": step}],
            "draft": True,
        }


def _first_steps(title: str, chunks: Sequence[Chunk]) -> dict[str, str]:
    """The first step of each section that has one; a chunk may hold several short sections."""
    steps: dict[str, str] = {}
    for chunk in chunks:
        heading, fenced = chunk.section[-1] if chunk.section else title, False
        for line in chunk.text.splitlines():
            fenced ^= bool(_FENCE.match(line))
            if fenced:
                continue
            if found := _HEADING.match(line):
                heading = found[1].rstrip().rstrip("#").rstrip()
            elif found := _STEP.match(line):
                steps.setdefault(heading, found[1].rstrip())
    return steps


def _case(identity: str, question: str, kind: QuestionKind, gold: Sequence[str]) -> Case:
    return {
        "id": identity,
        "question": question,
        "kind": kind.value,
        "gold_documents": list(gold),
        "gold_passages": [],
        "reference": "",
    }


def _lowered(heading: str) -> str:
    """A heading for use within a sentence; acronyms keep their case."""
    return heading if heading[:2].isupper() else heading[:1].lower() + heading[1:]


def _slug(path: str) -> str:
    return _NON_WORD.sub("-", path.rsplit(".", 1)[0].lower()).strip("-")
