"""A prompt that stops asking for citations turns the gate red, though users still see citations.

A sentence without a marker is given that of the passage that bears it out; where no passage does,
the answer quotes the pages. Either way its citations hold: what has broken shows in how much of the
answer, and of its markers, is the model's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.compose.answer_path import make_prompts
from api.evals.evaluation import open_evaluation
from api.settings import Settings
from api.settings.ask import AskSettings, PromptSettings
from evals.gate.gate import Verdict, judge
from evals.metrics.measures import OwnMeasures, RankingMeasures
from evals.metrics.scoring import Scorer
from evals.running.runner import run_suite
from evals.running.runs import Run
from evals.suite.suite import Suite
from ingest.runs.report import Silent
from rag.answering.answering import PROMPT
from tests.answers import WideEmbedder
from tests.eval_cases import small_suite
from tests.model_server import MODEL, Behaviour, ModelServer, model_server

WORDS = ("broker", "proxy", "cache", "ledger", "replica", "queue", "worker", "gateway")
ASKS_FOR_CITATIONS = re.compile(r"number of the passage")
PROMPT_FILE = """\
---
name: answer
version: {version}
models: [any]
changelog:
  - "{version}: tried"
---
You answer from numbered passages. {rule}
--- user ---
Passages:

{{context}}

{{conversation}}Question: {{question}}
"""
BOTH = {("regression", "written_by_model"), ("regression", "cited_by_model")}


def model(messages: list[dict[str, str]]) -> str:
    """Writes the first sentence of the first passage, and cites it where it is told to."""
    system, user = (message["content"] for message in messages)
    [found] = re.findall(r"^\| (When .*\.)$", user, re.MULTILINE)[:1]
    if ASKS_FOR_CITATIONS.search(system):
        return f"{found} [1]"
    return "Perhaps somebody knows why this happens on Mondays." if "freely" in system else found


class Bench:
    """A small suite, answered by a model behind HTTP."""

    def __init__(self, folder: Path, server: ModelServer) -> None:
        lines = [
            f'{{"id": "q-{word}", "question": "what when the {word} is stuck?", '
            f'"kind": "symptom", "gold_documents": ["{word}.md"]}}'
            for word in WORDS
        ]
        self.suite: Suite = small_suite(folder / "suite", lines)
        for word in WORDS:
            page = f"# The {word}\n\nWhen the {word} is stuck, drain the {word} and start it.\n"
            (self.suite.corpus / f"{word}.md").write_text(page, encoding="utf-8")
        self.prompts = folder / "prompts"
        self.prompts.mkdir()
        asked = AskSettings(provider="openai", model=MODEL, base_url=server.base_url, retries=0)
        self.settings = Settings(
            directory=folder, ask=asked, prompts=PromptSettings(folder=self.prompts)
        )

    def prompt(self, version: int, rule: str) -> None:
        text = PROMPT_FILE.format(version=version, rule=rule)
        (self.prompts / f"{PROMPT}-{version}.md").write_text(text, encoding="utf-8")

    def run(self) -> Run:
        with open_evaluation(
            self.settings, self.suite, progress=Silent(), embedder=WideEmbedder()
        ) as system:
            scorers: list[Scorer] = [RankingMeasures(), OwnMeasures()]
            return run_suite(self.suite, system, scorers)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(reply=model) as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path, server: ModelServer) -> Bench:
    return Bench(tmp_path, server)


def blocking(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.rule, finding.subject) for finding in verdict.blocking}


def test_a_prompt_that_stops_citing_is_caught_and_named(bench: Bench) -> None:
    baseline = bench.run()
    assert all(case.response and case.response.written for case in baseline.cases)
    bench.prompt(7, "Answer briefly.")
    run = bench.run()
    # What users see still has citations that hold: nothing else has fallen.
    assert all(case.scores["citation_correctness"] == 1.0 for case in run.cases)
    assert all(case.passed for case in run.cases)
    verdict = judge(run, baseline, bench.suite.rules)
    assert blocking(verdict) == {("regression", "cited_by_model")}
    assert verdict.changes is not None
    [condition] = verdict.changes.conditions
    assert (condition.name, condition.after.split()[0]) == ("prompt", "answer@7")
    assert len(verdict.changes.slipped) == len(WORDS)
    causes = verdict.changes.slipped[0].causes
    assert causes[0] == "the model no longer cites its statements itself"
    assert causes[1].startswith("prompt: answer@2 ")


def test_the_prompt_in_use_is_asked_with(bench: Bench) -> None:
    bench.prompt(7, "Answer briefly.")
    newest = bench.run()
    make_prompts(bench.settings).use(PROMPT, 1)
    chosen = bench.run()
    make_prompts(bench.settings).use(PROMPT, 7)
    found = [run.conditions["prompt"].split()[0] for run in (newest, chosen, bench.run())]
    assert found == ["answer@7", "answer@1", "answer@7"]
    written = [run.cases[0].response for run in (newest, chosen)]
    assert [one and one.cited_by_model for one in written] == [0.0, 1.0]


def test_a_prompt_of_which_nothing_stands_is_caught_and_named(bench: Bench) -> None:
    baseline = bench.run()
    bench.prompt(9, "Answer freely.")
    verdict = judge(bench.run(), baseline, bench.suite.rules)
    assert blocking(verdict) == BOTH
    assert verdict.changes is not None
    causes = verdict.changes.slipped[0].causes
    assert causes[0] == "the model's text is no longer kept: documents are quoted instead"


def test_another_prompt_that_asks_for_citations_is_green(bench: Bench) -> None:
    baseline = bench.run()
    bench.prompt(8, "End each sentence with the number of the passage it comes from, as in [2].")
    assert judge(bench.run(), baseline, bench.suite.rules).passed


def test_a_model_that_fails_is_caught(bench: Bench, server: ModelServer) -> None:
    baseline = bench.run()
    server.behaviour = Behaviour.REFUSES
    verdict = judge(bench.run(), baseline, bench.suite.rules)
    assert blocking(verdict) == BOTH
