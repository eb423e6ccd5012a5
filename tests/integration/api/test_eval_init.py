"""`runbook eval init`: a suite of one's own from alerts, pages and feedback."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.compose.local import open_catalog
from api.settings import load_settings
from evals.suite.suite import load_suite
from rag.domain.feedback import Asked, Score, Shown, Verdict
from rag.errors import ConfigurationError
from tests.inprocess import run, run_json

CONFIG = """\
[[sources]]
name = "docs"
path = "docs"
acl = ["public"]
"""
PAGES = {
    "payments/queue.md": """\
---
alerts: [PaymentQueueStuck]
---
# The payment queue is stuck

## Mitigation

1. Drain the queue with `drain --all`.
2. Start it again.

## Restart the workers

- Roll the workers one by one.

## Background

It is old.
""",
    "payments/old-queue.md": "# The old queue\n\n## Fix\n\n1. Reboot it.\n",
    "payments/new-queue.md": (
        "---\nsupersedes: payments/old-queue.md\n---\n# The new queue\n\n## Fix\n\n1. Mend it.\n"
    ),
    "postmortems/one.md": "---\nkind: postmortem\n---\n# It broke\n\n## Actions\n\n1. Do better.\n",
    "disk-full.md": "# Disk full\n\nDelete what is old.\n",
}
RULES = """\
groups:
  - name: all
    rules:
      - alert: PaymentQueueStuck
        expr: up == 0
      - alert: DiskFull
        expr: up == 0
      - alert: DiskSlow
        expr: up == 0
        annotations: {runbook_url: "disk-full.md"}
      - alert: NobodyKnows
        expr: up == 0
"""
AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in PAGES.items():
        place = tmp_path / "docs" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    run_json(tmp_path, "ingest")
    return tmp_path


def cases(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    lines = (folder / "evals/ours" / name).read_text(encoding="utf-8").splitlines()
    return {case["id"]: case for case in map(json.loads, lines)}


def judged(folder: Path, request: str, score: Score, question: str | None) -> None:
    shown = (Shown("c1", "d1", "docs", "disk-full.md"),)
    asked = Asked(request, "somebody", AT, question, shown, "answer@1", "m")
    with open_catalog(load_settings(folder / "runbook.toml")) as catalog:
        catalog.feedback.judge(asked, Verdict(score, "wrong page"), AT)


def test_alerts_become_questions_and_all_else_drafts(folder: Path) -> None:
    judged(folder, "a", Score.BAD, "why is it slow?")
    judged(folder, "b", Score.BAD, None)  # the question was not kept
    judged(folder, "c", Score.GOOD, "what of the disk?")
    report = run_json(folder, "eval", "init", "evals/ours", "--rules", "rules.yml")
    questions, drafts = cases(folder, "questions.jsonl"), cases(folder, "drafts.jsonl")
    assert (report["questions"], report["drafts"]) == (len(questions), len(drafts))
    assert {name: case["gold_documents"] for name, case in questions.items()} == {
        "alert-PaymentQueueStuck": ["payments/queue.md"],
        "alert-DiskSlow": ["disk-full.md"],
    }
    assert all(case["draft"] is True for case in drafts.values())
    assert set(drafts) == {
        "alert-DiskFull",  # by its name alone
        "alert-NobodyKnows",
        "how-to-payments-queue-1",
        "how-to-payments-queue-2",
        "how-to-payments-new-queue-1",
        "feedback-1",
    }
    first = drafts["how-to-payments-queue-1"]
    assert first["question"] == "The payment queue is stuck: how to mitigation?"
    assert first["gold_passages"] == [
        {"document": "payments/queue.md", "text": "Drain the queue with `drain --all`."}
    ]
    assert drafts["how-to-payments-queue-2"]["question"].endswith("how to restart the workers?")
    assert drafts["feedback-1"]["question"] == "why is it slow?"


def test_what_was_started_runs_and_its_drafts_never_count(folder: Path) -> None:
    run_json(folder, "eval", "init", "evals/ours", "--rules", "rules.yml")
    place = folder / "evals/ours"
    ran = run_json(folder, "eval", "run", "evals/ours")
    assert ran["questions"] == 2
    drafts = (place / "drafts.jsonl").read_text(encoding="utf-8")
    (place / "questions.jsonl").write_text(drafts, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is a draft"):
        load_suite(place)
    finished = [json.loads(line) for line in drafts.splitlines() if "how-to" in line]
    for case in finished:
        del case["draft"]
    found = "".join(json.dumps(case) + "\n" for case in finished)
    (place / "questions.jsonl").write_text(found, encoding="utf-8")
    assert run_json(folder, "eval", "lint", "evals/ours") == []


def test_nothing_is_written_over(folder: Path) -> None:
    place = folder / "evals/ours"
    place.mkdir(parents=True)
    (place / "drafts.jsonl").write_text("mine", encoding="utf-8")
    done = run(folder, "eval", "init", "evals/ours")
    assert done.returncode == 2
    assert "drafts.jsonl is there already" in done.stderr
    assert [one.name for one in place.iterdir()] == ["drafts.jsonl"]


def test_which_source_is_asked_where_there_are_several(folder: Path) -> None:
    with (folder / "runbook.toml").open("a", encoding="utf-8") as file:
        file.write('[[sources]]\nname = "more"\npath = "evals"\n')
    done = run(folder, "eval", "init", "evals/ours")
    assert done.returncode == 2
    assert "--source, one of docs, more" in done.stderr
    assert run_json(folder, "eval", "init", "evals/ours", "--source", "docs")["drafts"] == 3
