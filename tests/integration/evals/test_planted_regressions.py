"""Regressions planted on purpose: each turns the gate red, for its own reason, and is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import rag.retrieval.priors
from api.evals.evaluation import open_evaluation
from api.settings import Settings
from evals.gate.gate import Verdict, judge
from evals.metrics.measures import OwnMeasures, RankingMeasures
from evals.metrics.scoring import Scorer
from evals.running.runner import run_suite
from evals.running.runs import Run
from evals.suite.suite import QuestionKind, Suite, load_suite, shipped_suite
from ingest.chunking.chunker import Chunker
from ingest.reading.blocks import Block, BlockKind
from ingest.runs.report import Silent
from rag.access.acl import AccessFilter
from rag.domain.documents import Chunk
from rag.ports import Embedder
from tests.fakes import HashingEmbedder
from tests.reading import reading_in_process

DELETED = "payments/double-charges.md"


class Bench:
    """A part of the shipped suite over a copy of its corpus, with a baseline."""

    def __init__(self, folder: Path, embedder: Embedder, every: int = 6) -> None:
        shipped = load_suite(shipped_suite())
        self.original = shipped.corpus
        self.folder = folder
        self.settings = Settings(directory=folder)
        self.embedder = embedder
        self.suite = replace(shipped, questions=_part_of(shipped, every))
        self.baseline = self.run()

    def run(
        self,
        corpus: Path | None = None,
        *,
        embedder: Embedder | None = None,
        suite: Suite | None = None,
        every_persona: bool = False,
    ) -> Run:
        asked = suite or self.suite
        with open_evaluation(
            self.settings,
            asked,
            progress=Silent(),
            embedder=embedder or self.embedder,
            corpus=corpus,
        ) as system:
            scorers: list[Scorer] = [RankingMeasures(), OwnMeasures()]
            return run_suite(asked, system, scorers, every_persona=every_persona)

    def copy(self, name: str) -> Path:
        """The corpus, to be changed."""
        made = self.folder / name
        shutil.copytree(self.original, made)
        return made

    def judge(self, run: Run) -> Verdict:
        # The suite's floors are those of all its questions, and of metrics that take a library.
        return judge(run, self.baseline, replace(self.suite.rules, floors={}))


def _part_of(shipped: Suite, every: int) -> tuple[Any, ...]:
    """One question in `every`, and those that the tests below are about."""
    return tuple(
        question
        for number, question in enumerate(shipped.questions)
        if number % every == 0
        or question.kind in (QuestionKind.CONFLICT, QuestionKind.COMMAND)
        or DELETED in question.gold_documents
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, caching_embedder: Embedder) -> Bench:
    return Bench(tmp_path_factory.mktemp("planted"), caching_embedder)


def rules_of(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.blocking}


def regressed(verdict: Verdict) -> set[str]:
    return {finding.subject for finding in verdict.blocking if finding.rule == "regression"}


def test_the_same_twice_is_green(bench: Bench) -> None:
    again = bench.run()
    assert [case.scores for case in again.cases] == [case.scores for case in bench.baseline.cases]
    assert [case.documents for case in again.cases] == [
        case.documents for case in bench.baseline.cases
    ]
    assert bench.judge(again).passed


def test_a_harmless_rewording_of_ten_pages_is_green(bench: Bench) -> None:
    corpus = bench.copy("reworded")
    pages = [path for path in sorted(corpus.rglob("*.md")) if "archive" not in path.parts]
    changed = 0
    for page in pages:
        text = page.read_text("utf-8")
        again = re.sub(r"\bOnly when\b", "Just when", re.sub(r"\bAlso\b", "Besides", text))
        again = re.sub(r"\bnearly\b", "almost", re.sub(r"\bperhaps\b", "maybe", again))
        again = re.sub(r"\bWhen\b", "Whenever", re.sub(r"\bThen\b", "After that", again))
        if again != text and changed < 10:
            page.write_text(again, "utf-8")
            changed += 1
    assert changed == 10
    verdict = bench.judge(bench.run(corpus))
    assert verdict.passed, verdict.blocking
    assert verdict.changes is not None
    assert len(verdict.changes.pages.edited) == 10


def test_a_chunker_that_drops_code_blocks_is_caught(bench: Bench) -> None:
    whole = Chunker.chunk

    def without_code(
        self: Chunker, document_id: str, title: str, blocks: Sequence[Block]
    ) -> tuple[Chunk, ...]:
        kept = [block for block in blocks if block.kind is not BlockKind.CODE]
        return whole(self, document_id, title, kept)

    with patch.object(Chunker, "chunk", without_code), reading_in_process():
        verdict = bench.judge(bench.run())
    assert regressed(verdict) == {"passage_recall@5"}  # commands stand in blocks of code


def test_an_access_filter_switched_off_is_caught(bench: Bench) -> None:
    everything = AccessFilter(frozenset(), everything=True)
    few = replace(bench.suite, questions=bench.suite.questions[:8])
    assert bench.run(suite=few, every_persona=True).leaks == ()
    with (
        patch("rag.retrieval.search.access_filter", lambda principal: everything),
        patch("rag.answering.answering.access_filter", lambda principal: everything),
    ):
        run = bench.run(suite=few, every_persona=True)
    verdict = bench.judge(run)
    assert "access" in rules_of(verdict)
    assert {leak.where for leak in run.leaks} >= {"hits", "citations"}
    readers = {leak.persona for leak in run.leaks}
    assert "everyone" in readers
    assert "admin" not in readers


def test_a_stale_page_above_its_successor_is_caught(bench: Bench) -> None:
    with (
        patch.object(rag.retrieval.priors, "SUPERSEDED", 3.0),
        patch.object(rag.retrieval.priors, "_BELOW_SUCCESSOR", 2.0),
    ):
        verdict = bench.judge(bench.run())
    assert not verdict.passed
    assert verdict.changes is not None
    instead = {found.document for flip in verdict.changes.broken for found in flip.instead}
    assert any("archive" in path for path in instead)
    assert "must-pass" in rules_of(verdict)


def test_a_deleted_runbook_is_caught_and_named(bench: Bench) -> None:
    corpus = bench.copy("deleted")
    (corpus / DELETED).unlink()
    verdict = bench.judge(bench.run(corpus))
    named = [finding for finding in verdict.blocking if finding.rule == "gold"]
    assert [finding.subject for finding in named] == [DELETED]
    assert verdict.changes is not None
    assert verdict.changes.pages.removed == (DELETED,)
    assert any(
        f"{DELETED} is no longer in the index" in flip.causes for flip in verdict.changes.broken
    )


def test_a_swapped_embedding_model_is_caught_and_named(
    tmp_path: Path, caching_embedder: Embedder
) -> None:
    # Words alone find most of the corpus: it takes more questions to see what the model adds.
    bench = Bench(tmp_path, caching_embedder, every=3)
    verdict = bench.judge(bench.run(embedder=HashingEmbedder()))
    assert regressed(verdict) & {"ndcg@10", "mrr@10", "success@1", "answered"}
    assert verdict.changes is not None
    assert "embedding model" in {one.name for one in verdict.changes.conditions}
    broken = verdict.changes.broken[0]
    assert any(cause.startswith("embedding model: ") for cause in broken.causes)
