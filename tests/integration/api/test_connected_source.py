"""A source of another system, from settings to hits: added, changed, revoked, unreachable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli.main import cli
from tests.hashing_cli import hashing_embedder

CONFIG = """
[[sources]]
name = "wiki"
connector = "tests.connectors:from_file"
options = {{ file = "{0}" }}
acl = {1}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("api.compose.embedding.make_embedder", hashing_embedder)
    (tmp_path / "runbook.toml").write_text(CONFIG.format(tmp_path / "wiki.json", '["team:s"]'))
    return tmp_path


def run_json(folder: Path, *arguments: str, expect: int = 0) -> Any:
    config = ["--config", str(folder / "runbook.toml")]
    done = CliRunner().invoke(cli, [*config, *arguments, "--json"])
    assert done.exit_code in (expect, 5), (done.stdout, done.stderr, done.exception)
    return json.loads(done.stdout)


def paths_found(folder: Path, question: str, *arguments: str) -> list[str]:
    hits = run_json(folder, "search", question, *arguments)["hits"]
    return [hit["document"]["path"] for hit in hits]


def wiki(folder: Path, *pages: tuple[str, str, list[str] | None]) -> None:
    (folder / "wiki.json").write_text(json.dumps(pages))


def test_a_system_is_mirrored_searched_and_never_read_by_others(place: Path) -> None:
    own = "---\nacl: [public]\n---\n# Turbine\n\nRestart the turbine.\n"
    wiki(
        place,
        ("turbine.md", own, ["team:a", "team:b"]),
        ("pump.md", "# Pump\n\nRestart the pump.\n", None),
        ("locked.md", "# Locked\n\nRestart the turbine vault.\n", []),
    )
    assert run_json(place, "ingest")["added"] == 3
    assert run_json(place, "ingest")["unchanged"] == 3
    question = "restart the turbine pump vault"
    assert set(paths_found(place, question)) == {"turbine.md", "pump.md", "locked.md"}
    assert set(paths_found(place, question, "--as", "team:a")) == {"turbine.md"}
    assert set(paths_found(place, question, "--as", "team:s")) == {"pump.md"}
    hits = run_json(place, "search", "restart the pump", "--as", "team:s")["hits"]
    assert hits[0]["document"]["url"] == "https://wiki.example/pump.md"
    assert hits[0]["freshness"]["updated_at"].startswith("2026-05-01")

    # The text stays, the readers change: it counts from the next ingest on.
    wiki(place, ("turbine.md", own, ["team:b"]), ("pump.md", "# Pump\n\nOiled.\n", None))
    report = run_json(place, "ingest")
    assert (report["updated"], report["deleted"]) == (2, 1)
    assert paths_found(place, question, "--as", "team:a") == []
    assert paths_found(place, question, "--as", "team:b") == ["turbine.md"]


def test_a_page_in_quarantine_is_never_read_by_whom_its_system_keeps_out(place: Path) -> None:
    page = "---\nacl: [public]\n---\n# Turbine\n\nRestart the turbine.\n"
    wiki(place, ("turbine.md", page, ["team:a", "team:b"]))
    run_json(place, "ingest")
    wiki(place, ("turbine.md", f"{page}{'Text. ' * 20_000}\0", ["team:b"]))
    (held,) = run_json(place, "ingest", expect=3)["quarantined"]
    assert held["path"] == "turbine.md"
    assert paths_found(place, "turbine", "--as", "team:a") == []
    assert paths_found(place, "turbine", "--as", "team:b") == ["turbine.md"]


def test_a_failing_system_leaves_what_it_held_serving_and_the_other_sources_run(
    place: Path,
) -> None:
    (place / "docs").mkdir()
    (place / "docs/local.md").write_text("# Local\n\nRestart the crane.\n")
    config = (place / "runbook.toml").read_text() + '[[sources]]\nname = "d"\npath = "docs"\n'
    (place / "runbook.toml").write_text(config)
    wiki(place, ("pump.md", "# Pump\n\nRestart the pump.\n", None))
    run_json(place, "ingest")
    (place / "docs/local.md").write_text("# Local\n\nRestart the turbine.\n")
    (place / "wiki.json").write_text("[]")
    (place / "runbook.toml").write_text(config.replace(":from_file", ":failing"))
    report = run_json(place, "ingest", expect=1)
    assert (report["updated"], report["quarantined"]) == (1, [])
    (problem,) = report["unreachable"]
    assert problem.startswith("wiki: ")
    assert "keeps serving" in problem
    assert "pump.md" in paths_found(place, "restart the pump")
    (place / "runbook.toml").write_text(config)
    assert run_json(place, "ingest")["deleted"] == 1
