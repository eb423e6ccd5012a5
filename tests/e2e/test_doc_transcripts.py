"""The transcripts of the guides, run as they stand against a service over the sample corpus.

A ```python block followed by a ```text block is a script and what it prints; a ```console block
holds commands behind `$ ` and what they print. `...` stands for whatever differs from run to run.
"""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import ROOT, RUNBOOK, environment
from tests.sample_service import SLACK_SECRET, Service

ADDRESS = "http://127.0.0.1:8080"
GUIDES = ("asking.md", "chat.md", "mcp.md", "slack.md")
_SCRIPT = re.compile(r"^```python\n(.+?)^```\n+```text\n(.+?)^```", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.+?)^```", re.MULTILINE | re.DOTALL)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Transcript:
    """What to run, and what it prints."""

    command: list[str]
    printed: str


def transcripts(guide: str) -> list[Transcript]:
    text = (ROOT / "docs" / guide).read_text(encoding="utf-8")
    scripts = [
        Transcript([sys.executable, "-c", match[1]], match[2]) for match in _SCRIPT.finditer(text)
    ]
    return scripts + [_console(match[1]) for match in _CONSOLE.finditer(text)]


def _console(block: str) -> Transcript:
    lines = block.splitlines(keepends=True)
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    printed = [line for line in lines if not line.startswith("$ ")]
    return Transcript(["bash", "-euo", "pipefail", "-c", "".join(commands)], "".join(printed))


ALL = [
    pytest.param(transcript, id=f"{guide}-{number}")
    for guide in GUIDES
    for number, transcript in enumerate(transcripts(guide), start=1)
]


@pytest.fixture(scope="session")
def key(service: Service) -> str:
    return service.key("--group", "team:platform", "--group", "team:payments")


@pytest.mark.parametrize("transcript", ALL)
def test_a_guides_transcript_is_true(transcript: Transcript, service: Service, key: str) -> None:
    served = str(service.client.base_url).rstrip("/")
    path = f"{Path(RUNBOOK[0]).parent}:{environment()['PATH']}"
    done = subprocess.run(
        [part.replace(ADDRESS, served) for part in transcript.command],
        cwd=service.folder,
        env={
            **environment(),
            "PATH": path,
            "RUNBOOK_KEY": key,
            "RUNBOOK_SLACK__SIGNING_SECRET": SLACK_SECRET,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout if done.stdout.endswith("\n") else f"{done.stdout}\n"
    checker = doctest.OutputChecker()
    assert checker.check_output(transcript.printed, printed, _FLAGS), printed


def test_every_guide_has_its_transcripts() -> None:
    assert {guide: len(transcripts(guide)) for guide in GUIDES} == {
        "asking.md": 1,
        "chat.md": 3,
        "mcp.md": 2,
        "slack.md": 1,
    }
