"""A suite to begin with: questions from alerts, and drafts from pages for a person to finish.

A draft is no question yet: somebody has to say what a colleague would really ask, and whether the
page answers it. A suite refuses to load while a draft stands among its questions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evals.suite.suite import QuestionKind
from rag.domain.documents import Chunk, Document, Kind
from rag.reports.coverage import AlertRule, Coverage, Covered

Case = dict[str, Any]

_HEADING = re.compile(r"^#{1,6}\s+(\S.*?)\s*#*$")
_STEP = re.compile(r"^ {0,3}(?:1[.)]|[-*+])\s+(\S.*?)\s*$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_NO_WORD = re.compile(r"[^a-z0-9]+")

_HEAD = """\
# Questions that our own pages must answer. docs/evals.md says what each field means.
#
# What to do next:
# 1. `runbook eval run {folder}` asks what stands in questions.jsonl.
# 2. What stands in drafts.jsonl is not asked. Take a line of it: write the question as somebody on
#    call would ask it, check its gold_documents and gold_passages, give the answer as `reference`,
#    take `draft` and `notes` out, and move the line to questions.jsonl. Delete what is of no use.
# 3. Name below who reads, so that each question is asked as each of them; and give questions whose
#    pages only some may read their `personas`.
# 4. `runbook eval run {folder} --save-baseline`, and commit all of it. From then on `--gate` fails
#    a change that makes it worse, and `gate_suite` of `[evals]` in runbook.toml holds promotions
#    to it.
name = {name}
corpus = {corpus}
{acl}# as_of = {today}               # freshness is told as on this day; without it, today
# baseline = "baseline.json"

[personas]
admin = "administrator"             # the first is scored, unless a question names others
everyone = ["public"]
# payments-oncall = ["team:payments", "role:oncall"]

# [floors]                          # the gate fails under these, baseline or not
# "recall@5" = 0.9
"""


def suite_head(
    *, folder: str, name: str, corpus: str, acl: Iterable[str] | None, today: str
) -> str:
    """A `suite.toml` that says what to do next."""
    told = "" if acl is None else f"acl = {json.dumps(sorted(acl))}\n"
    return _HEAD.format(
        folder=folder,
        name=json.dumps(name, ensure_ascii=False),
        corpus=json.dumps(corpus, ensure_ascii=False),
        acl=told,
        today=today,
    )


def lines(cases: Iterable[Mapping[str, Any]]) -> str:
    """Questions as they stand in a file of theirs."""
    return "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)


def alert_cases(found: Coverage) -> list[Case]:
    """A question for each alert; a draft where no rule or page says which page is its own."""
    cases: dict[str, Case] = {}
    for match in found.matches:
        gold = [document.path for document in match.documents]
        sure = match.by is not Covered.NAME
        case = _alert(match.rule, gold, None if sure else "found by its name alone")
        cases.setdefault(case["id"], case)
    for rule in found.without_runbook:
        case = _alert(rule, [], "no page names this alert, and its rule names no page")
        cases.setdefault(case["id"], case)
    return list(cases.values())


def page_cases(pages: Iterable[tuple[Document, Sequence[Chunk]]]) -> list[Case]:
    """Drafts of how-to questions: one for each section of a runbook that has a first step."""
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
    """The first step below each heading that has one; short sections share a chunk."""
    steps: dict[str, str] = {}
    for chunk in chunks:
        heading, fenced = chunk.section[-1] if chunk.section else title, False
        for line in chunk.text.splitlines():
            fenced ^= bool(_FENCE.match(line))
            if fenced:
                continue
            if found := _HEADING.match(line):
                heading = found[1]
            elif found := _STEP.match(line):
                steps.setdefault(heading, found[1])
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
    """A heading inside a sentence; what is written in capitals stays so."""
    return heading if heading[:2].isupper() else heading[:1].lower() + heading[1:]


def _slug(path: str) -> str:
    return _NO_WORD.sub("-", path.rsplit(".", 1)[0].lower()).strip("-")
