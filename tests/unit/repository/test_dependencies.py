"""What the service is built from: pinned, from a package index alone, and free to be used."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted(path.name for path in ROOT.glob("requirements*.txt"))
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.+!]+)")
# Licences that ask more of whoever runs a service than this project does.
_REFUSED = re.compile(r"\b(AGPL|SSPL|BUSL|Commons Clause)|Affero", re.IGNORECASE)


def lines(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_one_version_and_no_address(name: str) -> None:
    for line in lines(name):
        assert _PIN.fullmatch(line) or line.startswith("-r requirements"), line


def test_no_package_is_pinned_to_two_versions() -> None:
    pins = [match for name in FILES for line in lines(name) if (match := _PIN.fullmatch(line))]
    versions: dict[str, set[str]] = {}
    for match in pins:
        versions.setdefault(match[1].lower().replace("_", "-"), set()).add(match[2])
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_no_licence_is_refused() -> None:
    read = 0
    for name in FILES:
        for line in lines(name):
            match = _PIN.fullmatch(line)
            if match is None:
                continue
            try:
                found = metadata(match[1])
            except PackageNotFoundError:
                continue  # a measurement's, or another platform's
            read += 1
            fields = ("License-Expression", "License", "Classifier")
            quoted_for = [value[:200] for field in fields for value in found.get_all(field) or []]
            named = [
                value for value in quoted_for if not value.startswith(("Topic", "Programming"))
            ]
            assert not _REFUSED.search(" ".join(named)), line
    assert read > 50
