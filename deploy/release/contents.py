"""Compare the files in a wheel with those of the source: `contents.py SOURCE WHEEL`."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

PACKAGES = ("rag", "ingest", "api", "evals")
# What a checkout has and an installation does not need.
NOT_SHIPPED = (
    "evals/suites/",
    "evals/baselines/",
    "rag/adapters/catalog/migrations/script.py.mako",
)


def main(source: str, wheel: str) -> int:
    root = Path(source)
    tracked = {
        path.relative_to(root).as_posix()
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
    }
    expected = {name for name in tracked if not name.startswith(NOT_SHIPPED)}
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if not name.split("/")[0].endswith("-info")}
    for name in sorted(expected - shipped):
        print(f"missing from the wheel: {name} (add it to package-data in pyproject.toml)")
    for name in sorted(shipped - tracked):
        print(f"in the wheel and not in the source: {name}")
    print(f"{Path(wheel).name}: {len(shipped)} files")
    return int(bool(expected - shipped) or bool(shipped - tracked))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
