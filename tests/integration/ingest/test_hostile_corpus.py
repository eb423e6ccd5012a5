"""A corpus of hostile files of every format: honest documents among them are indexed all the same.

It is small by default; `make hostile` runs it with 300 files, which takes about an hour.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hostile_corpus import Corpus, write_corpus
from tests.inprocess import paths_found, run, run_json
from tests.processes import ROOT, environment

FILES = int(os.environ.get("HOSTILE_FILES", "8"))
CONFIG = """\
[[sources]]
name = "docs"
path = "docs"
acl = ["public"]
"""


@dataclass(frozen=True)
class Ingested:
    """A folder with a hostile corpus, and what its ingest reported."""

    folder: Path
    corpus: Corpus
    report: dict[str, Any]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    folder = tmp_path_factory.mktemp("hostile")
    corpus = write_corpus(folder / "docs", files=FILES)
    (folder / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    return Ingested(folder, corpus, run_json(folder, "ingest", expect=3))


def test_every_honest_document_is_found(ingested: Ingested) -> None:
    for path, word in ingested.corpus.honest.items():
        assert path in paths_found(ingested.folder, f"restart the {word}", "--mode", "lexical")


def test_every_hostile_file_is_indexed_or_quarantined_with_a_reason(ingested: Ingested) -> None:
    quarantined = {item["path"]: item["reason"] for item in ingested.report["quarantined"]}
    assert set(quarantined) <= set(ingested.corpus.hostile)
    assert all(quarantined.values())
    indexed = ingested.report["added"]
    assert indexed + len(quarantined) == len(ingested.corpus.hostile) + len(ingested.corpus.honest)


def test_nothing_of_an_unchanged_corpus_is_indexed_again(ingested: Ingested) -> None:
    again = run_json(ingested.folder, "ingest", expect=3)
    assert (again["added"], again["updated"], again["deleted"]) == (0, 0, 0)


def test_no_file_is_read_for_longer_or_with_more_memory_than_the_limits(
    ingested: Ingested,
) -> None:
    """Measured in a process of its own, so that its children are readers alone."""
    command = [sys.executable, "-m", "tests.hostile_corpus", str(ingested.folder / "docs")]
    done = subprocess.run(
        [*command, "--measure"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    measured = json.loads(done.stdout)
    assert set(measured["seconds"]) == {*ingested.corpus.hostile, *ingested.corpus.honest}
    # By the clock a file may take twice the limit of processor time; the rest is a new process.
    assert max(measured["seconds"].values()) < 20
    assert measured["peak_mib"] <= 300
    assert not set(measured["refused"]) & set(ingested.corpus.honest)


def test_lint_reads_the_same_files_to_their_end(ingested: Ingested) -> None:
    done = run(ingested.folder, "lint", "docs/part1", "--json")
    assert done.returncode in (0, 1), done
    assert "findings" in json.loads(done.stdout)
