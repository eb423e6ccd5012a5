"""A team's table of commands reaches the stored risks, and a mistake in it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inprocess import run, run_json

CONFIG = """\
[commands]
tables = "commands.toml"

[[sources]]
name = "docs"
path = "docs"
acl = ["public"]
"""
PAGE = """\
# Load balancer

Look at the pool with `lbctl pool show`.

```bash
lbctl pool show
lbctl host evict web-1
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/lb.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "runbook.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "commands.toml").write_text("", encoding="utf-8")
    run_json(tmp_path, "ingest")
    return tmp_path


def risks(folder: Path) -> dict[str, str]:
    hits = run_json(folder, "search", "load balancer pool")["hits"]
    return {one["text"]: one["risk"] for hit in hits for one in hit["commands"]}


def test_a_changed_table_asks_for_another_index_and_reaches_its_risks(folder: Path) -> None:
    assert risks(folder)["lbctl host evict web-1"] == "unknown"
    table = '[tools.lbctl]\nread_only = ["pool show"]\ndestructive = ["host evict"]\n'
    (folder / "commands.toml").write_text(table, encoding="utf-8")
    refused = run(folder, "ingest")
    assert refused.returncode == 1
    assert "another table of commands" in refused.stderr
    run_json(folder, "ingest", "--full")
    assert risks(folder) == {
        "lbctl pool show": "read_only",
        "lbctl host evict web-1": "destructive",
    }


def test_a_comment_in_the_table_asks_for_nothing(folder: Path) -> None:
    (folder / "commands.toml").write_text("# ours\n", encoding="utf-8")
    assert run_json(folder, "ingest")["unchanged"] == 1


@pytest.mark.parametrize("command", [("ingest",), ("ask", "load balancer pool")])
def test_a_mistake_in_the_table_is_a_mistake_in_the_configuration(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "commands.toml").write_text("[tools.lbctl]\nreadonly = []\n", encoding="utf-8")
    refused = run(folder, *command)
    assert refused.returncode == 2
    assert "commands.toml:2: tools.lbctl.readonly is not a key" in refused.stderr


def test_a_table_that_is_not_there_is_a_mistake_in_the_configuration(folder: Path) -> None:
    (folder / "commands.toml").unlink()
    refused = run(folder, "search", "load balancer pool")
    assert refused.returncode == 2
    assert "commands.toml" in refused.stderr
    assert "commands.tables" in refused.stderr


def test_lint_knows_what_a_team_program_changes(folder: Path) -> None:
    code = "```bash\n   lbctl host evict web-1\n   ```"
    page = f"# Load balancer\n\n1. Evict the host:\n\n   {code}\n"
    (folder / "docs/lb.md").write_text(page, encoding="utf-8")
    assert "step-result" not in run(folder, "lint").stdout
    table = '[tools.lbctl]\ndestructive = ["host evict"]\n'
    (folder / "commands.toml").write_text(table, encoding="utf-8")
    assert "step-result" in run(folder, "lint").stdout
