"""`runbook lint` on files: what is looked at, how it is told, and the exit code."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml
from click.testing import CliRunner, Result

from api.cli.main import cli
from ingest.lint.rules import RULES
from tests.processes import HASHING, ROOT, environment

CLEAN = "---\nowner: a\nlast_reviewed: 2026-01-01\n---\n# Clean\n\nNothing.\n"
# What a reader of SARIF 2.1.0 relies on; the whole schema allows much more.
SARIF_SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "additionalProperties": False,
    "$defs": {
        "text": {"type": "object", "required": ["text"], "properties": {"text": {"minLength": 1}}},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name", "rules"],
                            "properties": {"rules": {"items": {"$ref": "#/$defs/rule"}}},
                        }
                    },
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
            "additionalProperties": False,
        },
        "rule": {
            "type": "object",
            "required": ["id", "shortDescription", "defaultConfiguration"],
            "properties": {
                "id": {"type": "string"},
                "shortDescription": {"$ref": "#/$defs/text"},
                "help": {"$ref": "#/$defs/text"},
                "defaultConfiguration": {"properties": {"level": {"$ref": "#/$defs/level"}}},
            },
            "additionalProperties": False,
        },
        "result": {
            "type": "object",
            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
            "properties": {
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"$ref": "#/$defs/level"},
                "message": {"$ref": "#/$defs/text"},
                "locations": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/place"}},
                "partialFingerprints": {"additionalProperties": {"type": "string"}},
            },
        },
        "place": {
            "type": "object",
            "required": ["physicalLocation"],
            "properties": {
                "physicalLocation": {
                    "required": ["artifactLocation", "region"],
                    "properties": {
                        "artifactLocation": {
                            "required": ["uri"],
                            "properties": {"uri": {"pattern": "^[^ ]+$"}},
                        },
                        "region": {
                            "required": ["startLine"],
                            "properties": {"startLine": {"type": "integer", "minimum": 1}},
                        },
                    },
                }
            },
        },
    },
}


def run(folder: Path, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(cli, ["lint", *arguments])


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/clean.md").write_text(CLEAN)
    (tmp_path / "docs/with space.md").write_text(CLEAN + "\n[x](gone.md)\n\n```\nls\n```\n")
    return tmp_path


def test_findings_are_reported_by_file_and_line_and_an_error_ends_with_1(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(docs, "docs", monkeypatch=monkeypatch)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "docs/with space.md:9: error dead-link: the link to gone.md leads to no file",
        "docs/with space.md:11: warning code-language: this block of code names no language",
    ]
    assert "1 errors, 1 warnings, 0 notes" in done.stderr
    assert run(docs, "docs/clean.md", monkeypatch=monkeypatch).exit_code == 0


def test_the_level_that_fails_can_be_chosen(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = docs / "docs/with space.md"
    page.write_text(CLEAN + "\n```\nls\n```\n")
    codes = {
        level: run(docs, "docs", "--fail-on", level, monkeypatch=monkeypatch).exit_code
        for level in ("error", "warning", "note", "never")
    }
    assert codes == {"error": 0, "warning": 1, "note": 1, "never": 0}


def test_sarif_has_the_shape_that_code_hosts_read(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(docs, "docs", "--format", "sarif", monkeypatch=monkeypatch)
    log = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SARIF_SHAPE).validate(log)
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    first = only["results"][0]["locations"][0]["physicalLocation"]
    assert first["artifactLocation"]["uri"] == "docs/with%20space.md"
    assert first["region"] == {"startLine": 9}


def test_json_says_what_to_do(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = json.loads(run(docs, "docs", "--json", monkeypatch=monkeypatch).stdout)["findings"]
    assert [found["rule"] for found in parsed] == ["dead-link", "code-language"]
    assert all(found["mend"] for found in parsed)


def test_a_page_of_a_source_is_compared_with_all_of_it_and_only_it_is_reported(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "runbook.toml").write_text('[[sources]]\nname = "d"\npath = "docs"\n')
    copied = CLEAN + " ".join(f"word{n}" for n in range(100)) + "\n"
    (docs / "docs/one.md").write_text(copied)
    (docs / "docs/two.md").write_text(copied)
    completed = run(docs, "docs/two.md", monkeypatch=monkeypatch).stdout.splitlines()
    assert len(completed) == 1
    assert completed[0].startswith(
        "docs/two.md:1: warning near-duplicate: nearly the same as one.md"
    )
    everything = run(docs, monkeypatch=monkeypatch).stdout
    assert "docs/one.md:1: warning near-duplicate" in everything
    assert "dead-link" in everything


def test_what_cannot_be_looked_at_is_wrong_usage(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, found in (
        ((), "nothing to lint"),
        (("gone.md",), "no such file"),
        (("docs/image.png",), "lint reads"),
    ):
        (docs / "docs/image.png").write_bytes(b"x")
        done = run(docs, *arguments, monkeypatch=monkeypatch)
        assert found in str(done.exception)


def test_the_sample_corpus_has_no_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(ROOT, "runbooks", monkeypatch=monkeypatch)
    assert done.exit_code == 0, done.stdout
    assert "conflicting-commands" not in done.stdout
    assert "near-duplicate" not in done.stdout


def test_every_rule_is_listed_and_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = run(ROOT, "--rules", monkeypatch=monkeypatch).stdout
    page = (ROOT / "docs/documents.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    for rule in RULES.values():
        assert f"{rule.id} ({rule.level.value})" in listed
    assert set(RULES) <= documented


def test_the_hook_runs_on_the_files_of_a_commit(docs: Path) -> None:
    """As pre-commit runs it: the entry, split by a shell's rules, with the files behind it."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    wanted = re.compile(hook["files"])
    files = [
        path for path in ("docs/clean.md", "docs/with space.md", "x.py") if wanted.search(path)
    ]
    assert hook["language"] == "system"
    assert shlex.split(hook["entry"])[0] == "runbook"
    subprocess.run(["git", "init", "-q"], cwd=docs, check=True)
    done = subprocess.run(
        [*HASHING, *shlex.split(hook["entry"])[1:], *files],
        cwd=docs,
        env={**environment(), "HOME": os.fspath(docs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.count("\n")) == (1, 2), done.stderr
    assert "docs/with space.md:9: error dead-link" in done.stdout
