"""The arrows of the house: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ABOVE = {
    "rag": {"ingest", "api", "evals"},
    "ingest": {"api", "evals"},
    "evals": {"api", "ingest"},
}
# These meet `ingest` on purpose: the composition root, what owns an index, and the command line.
MEETING_PLACES = ("compose/", "index/", "evals/", "cli/")

# Small libraries that the core may use: they hold no state, reach no store, network or model, and
# none of their types is part of a public signature of `rag`.
LIBRARIES_OF_THE_CORE = {"jinja2", "markdown_it", "snowballstemmer", "yaml"}

DOORS = ("cli", "http", "mcp", "slack")
ROOMS_BEHIND_THE_DOORS = ("settings", "records", "wire", "identity", "index", "evals")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module


@pytest.mark.parametrize("package", ABOVE)
def test_no_package_imports_what_stands_above_it(package: str) -> None:
    found = modules(package)
    wrong = [
        (str(path.relative_to(ROOT)), name)
        for path in found
        for name in imported(path)
        if name.split(".")[0] in ABOVE[package]
    ]
    assert not wrong


def test_the_core_imports_no_store_model_web_or_llm_framework() -> None:
    core = [path for path in modules("rag") if "adapters" not in path.parts]
    allowed = sys.stdlib_module_names | LIBRARIES_OF_THE_CORE | {"rag"}
    names = [(path.name, name) for path in core for name in imported(path)]
    assert names
    assert not [pair for pair in names if pair[1].split(".")[0] not in allowed]
    assert not [pair for pair in names if pair[1].startswith("rag.adapters")]


def test_api_meets_ingest_in_the_composition_root_and_the_command_line_alone() -> None:
    meeting = [
        str(path.relative_to(ROOT / "api"))
        for path in modules("api")
        if any(name.split(".")[0] == "ingest" for name in imported(path))
    ]
    assert meeting
    assert not [place for place in meeting if not place.startswith(MEETING_PLACES)]


@pytest.mark.parametrize("room", ROOMS_BEHIND_THE_DOORS)
def test_no_room_behind_the_doors_imports_a_door(room: str) -> None:
    found = modules(f"api/{room}")
    assert found
    wrong = [
        (path.name, name)
        for path in found
        for name in imported(path)
        if name.startswith(tuple(f"api.{door}" for door in DOORS))
    ]
    assert not wrong


def test_the_command_line_starts_without_heavy_libraries() -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from api.cli.main import cli\n"
        "assert 'ingest' in CliRunner().invoke(cli, ['--help']).output\n"
        "heavy = {'torch', 'llama_index', 'chromadb', 'sentence_transformers', 'transformers',\n"
        "         'fastapi', 'sqlalchemy', 'numpy'}\n"
        "print(*sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
