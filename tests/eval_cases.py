"""Small suites and runs for tests of the evals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.metrics.scoring import QuestionResult
from evals.running.runs import Case, Page, Run
from evals.running.system import CitedPassage, FoundPassage, IndexedPage, Observation, Response
from evals.suite.suite import GoldPassage, Question, QuestionKind, Suite, load_suite
from rag.domain.access import Principal

HEAD = 'name = "small"\ncorpus = "pages"\n[personas]\nadmin = "administrator"\n'


def question(
    identity: str = "q1",
    *,
    gold: Sequence[str] = ("a.md",),
    kind: QuestionKind = QuestionKind.SYMPTOM,
    passages: Sequence[GoldPassage] = (),
    personas: Sequence[str] = ("admin",),
    must_pass: bool = False,
    reference: str = "Restart the broker.",
) -> Question:
    """A question with nothing remarkable about it."""
    return Question(
        id=identity,
        text=f"what of {identity}?",
        kind=kind,
        gold_documents=tuple(gold),
        gold_passages=tuple(passages),
        reference=reference,
        personas=tuple(personas),
        must_pass=must_pass,
        file="questions.jsonl",
        line=1,
    )


def passage(
    document: str, ordinal: int = 0, text: str = "", freshness: str = "fresh"
) -> FoundPassage:
    """A passage of a document."""
    place = ordinal + 1
    return FoundPassage(
        document, f"{document}#{ordinal}", ("Steps",), (place, place), freshness, text=text
    )


def observed(
    *documents: str, no_result: bool = False, response: Response | None = None
) -> Observation:
    """What came back: the first passage of each document, in order."""
    return Observation(tuple(passage(document) for document in documents), no_result, 5.0, response)


def cited(document: str, *, supported: bool = True, marker: int = 1) -> CitedPassage:
    """A citation of a document's first passage."""
    return CitedPassage(marker, document, f"{document}#0", "fresh", False, supported)


def case(
    identity: str,
    *documents: str,
    gold: Sequence[str] = ("a.md",),
    passed: bool = True,
    must_pass: bool = False,
    scores: Mapping[str, float] | None = None,
) -> Case:
    """A case of a run with the documents that it found."""
    return Case(
        id=identity,
        question=f"what of {identity}?",
        kind=QuestionKind.SYMPTOM,
        persona="admin",
        must_pass=must_pass,
        passed=passed,
        gold_documents=tuple(gold),
        passages=tuple(passage(document) for document in documents),
        abstained=False,
        scores=scores or {},
    )


def run_of(
    *cases: Case,
    pages: Mapping[str, str] | None = None,
    conditions: Mapping[str, str] | None = None,
    judged: Sequence[str] = (),
) -> Run:
    """A run over pages, given as path and hash; without them, over the gold pages."""
    known = pages or {path: "1" for one in cases for path in one.gold_documents}
    return Run(
        suite="small",
        digest="d",
        as_of="2026-11-24",
        conditions=conditions or {"embedding model": "one"},
        pages={path: Page(found, ("public",)) for path, found in known.items()},
        asked=len(cases),
        cases=cases,
        judged=tuple(judged),
    )


def write_suite(folder: Path, lines: Sequence[str], head: str = HEAD) -> Path:
    """A suite on disk, with an empty corpus beside it."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    (folder / "suite.toml").write_text(head, encoding="utf-8")
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def small_suite(folder: Path, lines: Sequence[str], head: str = HEAD) -> Suite:
    """The same, loaded."""
    return load_suite(write_suite(folder, lines, head))


def asked(of: Question, what: Observation) -> QuestionResult:
    """A question with what came back for it."""
    return QuestionResult(of, what)


class ScriptedSystem:
    """A system that answers from a table, by question and persona."""

    def __init__(
        self, pages: Sequence[IndexedPage], observations: Mapping[tuple[str, str], Observation]
    ) -> None:
        self._pages = list(pages)
        self._observations = observations
        self.conditions: Mapping[str, str] = {"embedding model": "scripted"}

    def pages(self) -> list[IndexedPage]:
        return self._pages

    def ask(self, question: str, *, principal: Principal) -> Observation:
        return self._observations.get((question, principal.name), observed(no_result=True))

    def retrieve(self, question: str, *, principal: Principal) -> Observation:
        return self.ask(question, principal=principal)


def page(path: str, *acl: str) -> IndexedPage:
    """A page with its readers."""
    return IndexedPage(path, f"id-of-{path}", frozenset(acl), "h", frozenset({f"{path}#0"}))
