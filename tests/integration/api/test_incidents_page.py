"""docs/incidents.md shows a transcript: its commands run, and print what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from bench.incident_data import generate
from tests.inprocess import run
from tests.processes import ROOT

PAGE = ROOT / "docs" / "incidents.md"
SEED, LINES = 2, 2_000
CONFIG = '[[sources]]\nname = "docs"\npath = "docs"\n[incidents]\nnotes = "incident-notes"\n'
CHECKOUT = """\
---
title: checkout fails after a release
service: checkout
alerts: [HighErrorRate]
acl: [team:payments]
---
# checkout fails after a release

## Check

```bash
kubectl -n checkout get pods
```

## Do not

```bash
kubectl delete namespace checkout
```
"""


def transcript() -> list[tuple[list[str], list[str]]]:
    """The commands of the page, each with the lines that it is to print."""
    [block] = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    steps: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ runbook "):
            steps.append((shlex.split(line)[2:], []))
        elif line != "...":
            steps[-1][1].append(line)
    return steps


def test_the_commands_of_the_page_run_and_print_what_it_says(tmp_path: Path) -> None:
    assert generate(tmp_path, SEED, LINES).service == "checkout"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "checkout.md").write_text(CHECKOUT)
    (tmp_path / "runbook.toml").write_text(CONFIG)
    assert run(tmp_path, "ingest").returncode == 0
    incident = "ID"
    steps = transcript()
    assert len(steps) == 8
    for command, expected in steps:
        done = run(tmp_path, *(incident if word == "ID" else word for word in command))
        assert done.returncode == 0, (command, done)
        if command[:2] == ["incident", "open"]:
            incident = done.stdout.split()[1]
        shown = done.stdout.replace(incident, "ID").splitlines()
        assert not [line for line in expected if line not in shown], (command, done.stdout)
