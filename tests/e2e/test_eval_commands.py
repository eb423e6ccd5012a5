"""The eval commands as a team uses them: a suite over its own pages, in a git repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.inprocess import run, run_json
from tests.processes import ROOT, environment
from tests.serving import service_over

PUBLIC = "---\nacl: [public]\n---\n"
WORDS = ("broker", "proxy", "cache", "ledger")
SUITE = 'name = "team"\ncorpus = "pages"\nacl = ["public"]\n[personas]\neveryone = ["public"]\n'


def page(folder: Path, word: str, text: str) -> None:
    place = folder / "pages" / f"{word}.md"
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"# About the {word}\n\n{text}\n", encoding="utf-8")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.email=a@example.com", "-c", "user.name=A")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with four pages, and a suite that asks for each."""
    questions = [
        {
            "id": word,
            "question": f"restart the {word}",
            "kind": "how-to",
            "gold_documents": [f"{word}.md"],
            "gold_passages": [{"document": f"{word}.md", "text": f"Restart the {word}"}],
            "must_pass": True,
        }
        for word in WORDS
    ]
    for word in WORDS:
        page(tmp_path, word, f"Restart the {word} by hand.")
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "suite.toml").write_text(SUITE, encoding="utf-8")
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    (suite / "questions.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "runbook.toml").write_text(
        '[[sources]]\nname = "pages"\npath = "pages"\nacl = ["public"]\n', encoding="utf-8"
    )
    (tmp_path / ".gitignore").write_text(".runbook\nout\n*-report\n", encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "pages")
    return tmp_path


def test_a_run_is_reported_gated_and_compared(folder: Path) -> None:
    report = run_json(folder, "eval", "run", "suite", "--report", "out/before", "--save-baseline")
    assert report["passed"]
    assert report["scores"]["pass_rate"]["mean"] == 1.0
    again = run_json(folder, "eval", "run", "suite", "--gate", "--report", "out/again")
    assert again["by_kind"] == report["by_kind"]
    assert again["changes"]["broken"] == again["changes"]["slipped"] == []
    assert all(score["change"] == 0.0 for score in again["scores"].values())
    twice = run_json(folder, "eval", "compare", "out/before/run.json", "out/again/run.json")
    assert twice["differing"] == []
    for name in ("run.json", "summary.json", "summary.md", "junit.xml", "report.html"):
        assert (folder / "out/before" / name).stat().st_size

    (folder / "pages/proxy.md").unlink()
    gated = run(folder, "eval", "run", "suite", "--gate", "--report", "out/after")
    assert gated.returncode == 4, gated.stderr
    assert "proxy.md is not in the index" in gated.stdout
    suites = ElementTree.parse(folder / "out/after/junit.xml").getroot()  # noqa: S314 - our own
    failed = [
        case.get("name", "") for case in suites.iter("testcase") if case.find("failure") is not None
    ]
    assert any(name.startswith("proxy") for name in failed)

    between = run_json(folder, "eval", "compare", "out/before/run.json", "out/after/run.json")
    assert [flip["id"] for flip in between["changes"]["broken"]] == ["proxy"]
    assert between["changes"]["pages"]["removed"] == ["proxy.md"]
    assert "proxy" in between["differing"]


def test_a_change_of_pages_is_held_against_its_base(folder: Path) -> None:
    page(folder, "cache", "Restart the cache by hand, and restart the ledger.")
    (folder / "pages/ledger.md").unlink()
    done = run(folder, "eval", "diff", "suite", "--base", "HEAD", "--gate", "--json")
    assert done.returncode == 4, (done.stdout, done.stderr)
    parsed = json.loads(done.stdout)
    assert parsed["changes"]["pages"]["edited"] == ["cache.md"]
    assert parsed["changes"]["pages"]["removed"] == ["ledger.md"]
    broken = {flip["id"]: flip["causes"] for flip in parsed["changes"]["broken"]}
    assert list(broken) == ["ledger"]
    assert "ledger.md is no longer in the index" in broken["ledger"]
    # No worktree is left behind.
    trees = subprocess.run(
        ["git", "worktree", "list"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert len(trees.stdout.splitlines()) == 1
    unknown = run(folder, "eval", "diff", "suite", "--base", "nowhere")
    assert unknown.returncode == 2
    assert "git revision 'nowhere'" in unknown.stderr


def test_gold_passages_that_are_gone_are_found(folder: Path) -> None:
    assert run_json(folder, "eval", "lint", "suite") == []
    page(folder, "broker", "Ask the queue team.")
    (folder / "pages/proxy.md").unlink()
    found = run_json(folder, "eval", "lint", "suite", expect=1)
    assert {one["question"] for one in found} == {"broker", "proxy"}


@pytest.fixture
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which `runbook` is this project's, with the hashing embedder."""
    made = tmp_path_factory.mktemp("bin") / "runbook"
    made.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m tests.hashing_cli "$@"\n', encoding="utf-8"
    )
    made.chmod(0o755)
    return f"{made.parent}:{os.environ['PATH']}"


def ci(folder: Path, what: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(ROOT / "deploy/ci/eval.sh"), what],
        cwd=folder,
        env={**environment(), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_merge_request_is_checked_in_ci(folder: Path, program: str) -> None:
    page(folder, "cache", "Restart the cache by hand, and wait.")
    fields = {"PATH": program, "SUITE": "suite", "BASE": "main"}
    assert (done := ci(folder, "check", **fields)).returncode == 0, (done.stdout, done.stderr)
    assert "Evals: passed" in (folder / "eval-report/summary.md").read_text(encoding="utf-8")
    (folder / "pages/ledger.md").unlink()
    assert ci(folder, "check", **fields).returncode != 0


def test_a_merge_reindexes_the_service(tmp_path: Path) -> None:
    with service_over(
        tmp_path, {"broker.md": PUBLIC + "# Broker\n\nRestart the broker.\n"}
    ) as served:
        (tmp_path / "docs/proxy.md").write_text(
            PUBLIC + "# Proxy\n\nRestart the proxy.\n", encoding="utf-8"
        )
        key = served.key(rights=("index",))
        done = ci(tmp_path, "merged", RUNBOOK_URL=served.url, RUNBOOK_KEY=key)
        assert done.returncode == 0, done.stderr
        job, deadline = json.loads(done.stdout)["job"], time.monotonic() + 60
        while (found := served.services.jobs.get(job)) is not None and found.is_open:
            assert time.monotonic() < deadline, "the job does not end"
            time.sleep(0.01)
        assert found is not None
        assert found.state == "done"
        found_now = served.post(served.key("public"), "/v1/search", {"query": "restart the proxy"})
        assert found_now.json()["hits"][0]["document"]["path"] == "proxy.md"
        refused = ci(tmp_path, "merged", RUNBOOK_URL=served.url, RUNBOOK_KEY=served.key("public"))
        assert refused.returncode != 0
