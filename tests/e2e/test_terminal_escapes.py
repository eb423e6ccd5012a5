"""No command lets text of a document or a file name reach the terminal as a control sequence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from api.cli.main import COMMANDS
from tests.inprocess import run

ESCAPES = "\x1b]0;PWNED\x07\x1b[31mRED\x1b[2J \u202eRTL\u202c \u2066iso\u2069 \x9b31m \x7f\u2028"
IN_YAML = json.dumps(ESCAPES)
NAME = "evil\n\x1b[2J\u202e.md"
PAGE = f"""\
---
title: {IN_YAML}
owner: {IN_YAML}
service: {IN_YAML}
alerts: [{IN_YAML}]
tags: [{IN_YAML}]
supersedes: {IN_YAML}
last_reviewed: 2020-01-01
acl: [public]
---
# wombat

wombat text {ESCAPES} and [a link]({ESCAPES})

## Steps {ESCAPES}

1. Restart the wombat:

   ```bash
   systemctl restart wombat{ESCAPES}
   ```
"""
RULES = f"""\
groups:
  - name: wombats
    rules:
      - alert: {IN_YAML}
        expr: up == 0
        annotations: {{runbook_url: {IN_YAML}}}
"""
CONFIG = '[[sources]]\nname = "kb"\npath = "kb"\nacl = ["public"]\n'
# C0 but line breaks and tabs, DEL, C1, bidirectional controls, line separators.
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
TEXT = (
    ("ingest", "--full"),
    ("search", "wombat"),
    ("search", "wombat", "--explain"),
    ("search", f"wombat {ESCAPES}"),
    ("ask", "wombat"),
    ("ask", f"zebra {ESCAPES}"),
    ("freshness",),
    ("freshness", "--format", "markdown"),
    ("freshness", "--format", "digest"),
    ("lint",),
    ("lint", "--rules"),
    ("coverage", "--rules", "rules.yaml"),
    ("alerts", "alerts.json"),
    ("incident", "open", f"Wombat {ESCAPES}"),
    ("incident", "list"),
    ("incident", "show", f"nowhere{ESCAPES}"),
    ("doctor",),
    ("index", "list"),
    ("index", "verify"),
    ("feedback", "list"),
    ("feedback", "to-case", "1", "--suite", f"{ESCAPES}.jsonl"),
    ("keys", "create", "--name", "one", "--group", "public"),
    ("keys", "create", "--name", f"two{ESCAPES}", "--group", "public"),
    ("keys", "list"),
    ("queries", "list"),
    ("queries", "delete", "--principal", f"key:{ESCAPES}"),
    ("drift",),
    ("prompt", "list"),
    ("prompt", "show", "answer"),
    ("prompt", "show", f"answer{ESCAPES}"),
    ("backup", f"out\n{ESCAPES}.tar"),
    ("restore", f"no\n{ESCAPES}.tar"),
    ("init",),
    ("eval", "init", f"suite{ESCAPES}"),
    ("eval", "lint", f"suite{ESCAPES}"),
    ("eval", "run", f"nowhere{ESCAPES}"),
    ("search", "--batch", f"nowhere{ESCAPES}"),
    ("--config", f"nowhere{ESCAPES}", "search", "wombat"),
    (f"unknown{ESCAPES}",),
)
JSON = (
    ("ingest", "--full"),
    ("search", "wombat"),
    ("ask", "wombat"),
    ("freshness",),
    ("lint",),
    ("coverage", "--rules", "rules.yaml"),
    ("doctor",),
    ("index", "list"),
)
# These run until they are stopped; what they print is printed by the same functions.
LONG_RUNNING = {"serve", "watch", "mcp"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("escapes")
    (made / "kb").mkdir()
    (made / "kb" / NAME).write_text(PAGE, encoding="utf-8")
    (made / "kb" / f"bad{NAME}").write_bytes(b"---\nacl: [" + ESCAPES.encode() + b"]\n---\n# x\n")
    alert = {"name": ESCAPES, "labels": {"service": ESCAPES}, "annotations": {"summary": ESCAPES}}
    (made / "alerts.json").write_text(json.dumps({"alerts": [alert]}), encoding="utf-8")
    (made / "rules.yaml").write_text(RULES, encoding="utf-8")
    (made / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    run(made, "ingest")
    return made


@pytest.mark.parametrize("arguments", TEXT, ids=lambda one: repr(one)[:60])
def test_no_control_character_comes_out(folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(folder, *arguments)
    assert "Traceback" not in done.stderr
    assert done.stdout + done.stderr
    assert HARMFUL.findall(done.stdout + done.stderr) == []


@pytest.mark.parametrize("arguments", JSON, ids=lambda one: one[0])
def test_json_is_exact_and_has_no_control_character(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    done = run(folder, *arguments, "--json")
    assert HARMFUL.findall(done.stdout + done.stderr) == []
    parsed = json.loads(done.stdout)
    if arguments[0] == "search":
        [hit] = parsed["hits"]
        assert hit["document"]["path"] == NAME
        assert hit["document"]["title"] == ESCAPES.strip()
        assert ESCAPES in hit["text"]


def test_a_file_name_with_a_line_break_stays_on_its_line(folder: Path) -> None:
    done = run(folder, "search", "wombat")
    assert "evil\\n\\x1b[2J\\u202e.md:" in done.stdout
    report = run(folder, "ingest", "--full")
    assert "quarantined  badevil\\n\\x1b[2J\\u202e.md:" in report.stdout


def test_every_command_with_text_output_is_run_here() -> None:
    assert {arguments[0] for arguments in TEXT} >= set(COMMANDS) - LONG_RUNNING
