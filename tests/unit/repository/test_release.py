"""What a distribution contains, and where its version stands."""

from __future__ import annotations

import importlib.util
import subprocess
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def contents() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "contents", ROOT / "deploy" / "release" / "contents.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tracked(package: str) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", package], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return done.stdout.splitlines()


def test_every_data_file_of_a_package_is_package_data(contents: ModuleType) -> None:
    patterns = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, found in PROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in found
    ]
    data = [
        name
        for package in contents.PACKAGES
        for name in tracked(package)
        if not name.endswith(".py") and not name.startswith(contents.NOT_SHIPPED)
    ]
    assert len(data) > 10
    assert [name for name in data if not any(fnmatch(name, one) for one in patterns)] == []


def wheel_of(folder: Path, *names: str) -> Path:
    path = folder / "runbook_search-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*names, "runbook_search-1.dist-info/METADATA"):
            archive.writestr(name, "")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in ("rag/search.py", "rag/prompts/answer.md", "evals/suites/shipped/suite.toml"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text("")
    return tmp_path / "source"


@pytest.mark.parametrize(
    ("names", "code", "says"),
    [
        (("rag/search.py", "rag/prompts/answer.md"), 0, "2 files"),
        (("rag/search.py",), 1, "missing from the wheel: rag/prompts/answer.md"),
        (
            ("rag/search.py", "rag/prompts/answer.md", "tests/x.py"),
            1,
            "in the wheel and not in the source: tests/x.py",
        ),
    ],
)
def test_a_wheel_is_compared_with_its_source(
    contents: ModuleType,
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    names: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    assert contents.main(str(source), str(wheel_of(tmp_path, *names))) == code
    assert says in capsys.readouterr().out


def test_the_version_is_written_once_in_the_code() -> None:
    version = PROJECT["project"]["version"]
    for package in ("rag", "ingest", "api", "evals"):
        for name in tracked(package):
            if name.endswith(".py"):
                text = (ROOT / name).read_text(encoding="utf-8")
                assert f'"{version}"' not in text, name
