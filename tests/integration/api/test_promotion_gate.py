"""`runbook index promote` behind an eval suite: refused, forced and recorded, or let through."""

from __future__ import annotations

import json
import random
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

import tests.inprocess
from api.compose.local import open_catalog
from api.compose.serving import open_serving
from api.settings import Settings, load_settings
from rag.domain.jobs import Job, JobKind, JobState
from rag.ports import Embedder, Vector
from tests.fakes import HashingEmbedder
from tests.hashing_cli import hashing_embedder
from tests.inprocess import hashing, run, run_json

WORDS = ("broker", "proxy", "cache", "ledger", "replica", "queue")
CONFIG = """\
[evals]
gate_suite = "suite"

[[sources]]
name = "docs"
path = "docs"
acl = ["public"]
"""
SUITE = """\
name = "ours"
corpus = "../docs"
acl = ["public"]
as_of = 2026-11-24

[personas]
everyone = ["public"]
"""


class DeafEmbedder(HashingEmbedder):
    """A model to which no two texts are alike."""

    def embed_question(self, question: str) -> Vector[float]:
        drawn = random.Random(question)
        vector = [drawn.gauss(0, 1) for _ in range(self.dimension)]
        length = sum(part * part for part in vector) ** 0.5
        return array("f", (part / length for part in vector))


def embedder(settings: Settings) -> Embedder:
    if settings.embedding.model == "deaf":
        return DeafEmbedder("deaf")
    return hashing_embedder(settings)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for place in ("docs", "suite"):
        (tmp_path / place).mkdir()
    for word in WORDS:
        page = f"# The {word}\n\nWhen it is stuck, drain the {word} and start it again.\n"
        (tmp_path / f"docs/{word}.md").write_text(page, encoding="utf-8")
    questions = [
        {
            "id": f"q-{word}",
            "question": f"the {word} is stuck",
            "kind": "symptom",
            "gold_documents": [f"{word}.md"],
            "must_pass": True,
        }
        for word in WORDS
    ]
    (tmp_path / "suite/suite.toml").write_text(SUITE, encoding="utf-8")
    lines = "\n".join(json.dumps(question) for question in questions)
    (tmp_path / "suite/questions.jsonl").write_text(lines + "\n", encoding="utf-8")
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    with patch.object(tests.inprocess, "hashing_embedder", embedder):
        run_json(tmp_path, "ingest")
        yield tmp_path


def states(folder: Path) -> dict[int, str]:
    generations = run_json(folder, "index", "list")["generations"]
    return {one["id"]: one["state"] for one in generations}


def test_a_red_gate_refuses_and_force_is_recorded(folder: Path) -> None:
    run_json(folder, "index", "build", "--model", "deaf")
    refused = run(folder, "index", "promote", "2")
    assert refused.returncode == 4
    assert "suite ours, 6 questions: " in refused.stderr
    assert "must-pass: " in refused.stderr
    assert states(folder) == {1: "serving", 2: "ready"}
    assert (folder / ".runbook/evals/promotions/2.json").exists()
    forced = run_json(folder, "index", "promote", "2", "--force", "--reason", "an outage")
    assert forced["reason"] == "an outage"
    assert "must-pass: " in forced["gate"]
    [recorded] = run_json(folder, "index", "list")["promotions"]
    assert recorded == forced
    assert states(folder) == {1: "retired", 2: "serving"}


def test_a_green_gate_lets_through_and_says_so(folder: Path) -> None:
    run_json(folder, "index", "build", "--model", "other")
    report = run_json(folder, "index", "promote", "2")
    assert report["gate"].startswith("passed: suite ours, 6 questions; verified: 6 chunks")
    assert report["reason"] is None


def test_the_suites_baseline_is_what_it_is_held_against(folder: Path) -> None:
    """It measured what is not measured now, which the serving generation alone would not show."""
    run_json(folder, "index", "build", "--model", "other")
    run_json(folder, "eval", "run", "suite", "--save-baseline")
    baseline = json.loads((folder / "suite/baseline.json").read_text(encoding="utf-8"))
    for case in baseline["cases"]:
        case["scores"]["semantic_similarity"] = 1.0
    (folder / "suite/baseline.json").write_text(json.dumps(baseline), encoding="utf-8")
    refused = run(folder, "index", "promote", "2")
    assert refused.returncode == 4
    assert "semantic_similarity is in the baseline and was not measured" in refused.stderr


def test_a_promotion_by_a_running_service_asks_the_same_gate(folder: Path) -> None:
    run_json(folder, "index", "build", "--model", "deaf")
    settings = load_settings(folder / "runbook.toml")
    with hashing(), open_serving(settings) as services:
        services.warm()
        scope = {"generation": 2, "reason": None}
        job = services.jobs.enqueue(JobKind.PROMOTE, scope, "somebody")
        services.wake()
        deadline = time.monotonic() + 60
        while (found := services.jobs.get(job.id)) is None or not _ended(found):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
    assert (found.state, found.error) == (JobState.FAILED, "GateFailed")
    assert "must-pass: " in str(found.reason)
    assert "stuck" not in str(found.reason)  # no question, as it is logged
    with open_catalog(settings) as catalog:
        assert catalog.promotions.history() == []


def _ended(job: Job) -> bool:
    return job.state not in (JobState.QUEUED, JobState.RUNNING)


def test_a_suite_that_is_not_there_is_said(folder: Path) -> None:
    run_json(folder, "index", "build", "--model", "other")
    (folder / "suite/suite.toml").unlink()
    done = run(folder, "index", "promote", "2")
    assert done.returncode == 2
    assert "runbook eval init" in done.stderr
    assert states(folder) == {1: "serving", 2: "ready"}
