"""Starting this project's own commands as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUNBOOK = [str(Path(sys.executable).parent / "runbook")]
HASHING = [sys.executable, "-m", "tests.hashing_cli"]


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def run(
    folder: Path, *arguments: str, program: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `runbook` in a folder until it ends; by default with the hashing embedder."""
    return subprocess.run(
        [*(program or HASHING), *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def run_json(folder: Path, *arguments: str, expect: int = 0) -> Any:
    """Run `runbook … --json`, which must end with the exit code `expect`."""
    done = run(folder, *arguments, "--json")
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


def paths_found(folder: Path, question: str, *arguments: str) -> list[str]:
    """The paths that a search finds, best first; empty when it finds nothing."""
    done = run(folder, "search", question, "--json", *arguments)
    assert done.returncode in (0, 5), (done.returncode, done.stderr)
    return [hit["document"]["path"] for hit in json.loads(done.stdout)["hits"]]
