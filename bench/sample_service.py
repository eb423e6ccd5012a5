"""The sample corpus as services are measured over it: its questions, its index, and a key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from api.compose.local import open_catalog
from api.settings import load_settings
from bench.corpora import ROOT

QUESTIONS = tuple(
    json.loads(line)["query"]
    for line in (ROOT / "bench" / "sample_questions.jsonl").read_text("utf-8").splitlines()
)
# Without limits that a measurement would meet.
CONFIG = """\
[[sources]]
name = "runbooks"
path = "runbooks"
acl = ["public"]
[limits]
requests_per_minute = 1000000
concurrent = 64
"""
_QUARANTINED = 3  # the exit code of an ingest that leaves files out


def prepare(
    folder: Path,
    config: str,
    environment: Mapping[str, str],
    hostile: Iterable[tuple[str, str]] = (),
) -> str:
    """Index the sample in `folder` and return a key that reads all of it.

    `hostile` are names and texts of further documents, which may end in quarantine.
    """
    shutil.copytree(ROOT / "runbooks", folder / "runbooks")
    allowed = {0}
    for name, text in hostile:
        (folder / "runbooks" / name).write_text(text, encoding="utf-8")
        allowed.add(_QUARANTINED)
    (folder / "runbook.toml").write_text(config, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - this project's own command
        [str(Path(sys.executable).with_name("runbook")), "ingest"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode not in allowed:
        raise RuntimeError(f"ingest failed: {done.stderr[-500:]}")
    with open_catalog(load_settings(folder / "runbook.toml")) as catalog:
        created = catalog.keys.create("bench", frozenset({"public"}), frozenset({"search"}))
    return created.key
