"""The architecture: which packages may import which."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("rag", "ingest", "evals", "api")
ABOVE = {
    "rag": {"ingest", "api", "evals"},
    "ingest": {"api", "evals"},
    "evals": {"api", "ingest"},
}
# These may import `ingest`: the composition root, what owns an index, and the command line.
IMPORTERS_OF_INGEST = ("compose/", "index/", "evals/", "cli/")
# These may import adapters: the adapters themselves, and the composition root.
IMPORTERS_OF_ADAPTERS = ("rag.adapters", "api.compose")

# Small libraries that the core may use: they hold no state, reach no store, network or model, and
# none of their types is part of a public signature of `rag`.
LIBRARIES_OF_THE_CORE = {"jinja2", "markdown_it", "snowballstemmer", "yaml"}

INTERFACES = ("cli", "http", "mcp", "slack", "web")
BEHIND_THE_INTERFACES = ("settings", "records", "wire", "identity", "index", "evals")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def import_graph() -> dict[str, set[str]]:
    """Each module with the modules that it imports, inside functions and for typing as well."""
    paths = {module_name(path): path for package in PRODUCT for path in modules(package)}
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        graph[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                found = {one if one in paths else node.module for one in inside}
            else:
                continue
            graph[name] |= found & paths.keys()
    return graph


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = import_graph()
    assert sum(map(len, graph.values())) > len(graph)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_only_the_composition_root_imports_adapters() -> None:
    graph = import_graph()
    wrong = [
        (name, imported)
        for name, found in graph.items()
        for imported in found
        if imported.startswith("rag.adapters") and not name.startswith(IMPORTERS_OF_ADAPTERS)
    ]
    assert any(name.startswith("api.compose") for name in graph)
    assert not wrong


@pytest.mark.parametrize("package", ABOVE)
def test_no_package_imports_a_package_above_it(package: str) -> None:
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


def test_few_packages_of_api_import_ingest() -> None:
    importers = [
        str(path.relative_to(ROOT / "api"))
        for path in modules("api")
        if any(name.split(".")[0] == "ingest" for name in imported(path))
    ]
    assert importers
    assert not [name for name in importers if not name.startswith(IMPORTERS_OF_INGEST)]


@pytest.mark.parametrize("package", BEHIND_THE_INTERFACES)
def test_no_package_behind_the_interfaces_imports_one_of_them(package: str) -> None:
    found = modules(f"api/{package}")
    assert found
    wrong = [
        (path.name, name)
        for path in found
        for name in imported(path)
        if name.startswith(tuple(f"api.{interface}" for interface in INTERFACES))
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
