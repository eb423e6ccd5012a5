"""Copies of one document for other versions or regions: one leads, the others are its siblings.

Which documents are copies is read from their paths alone: those of one source that differ in a
folder named after a version or a region (`docs/v1.28/upgrade.md`), or in a region at the end of the
file name (`failover-eu-west-1.md`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from rag.domain.search import CandidateDocument
from rag.retrieval.fusion import RankedDocument
from rag.text.searchable import words

# A plain number is no version: years and dates are folders too.
_VERSION = re.compile(
    r"(?:(?:v|version-|release-)(?=\d)|(?=\d{1,4}\.))(\d{1,4}(?:\.(?:\d{1,4}|x)){0,3})"
    r"(?:-(?:rc|beta|alpha)[.\d]*)?",
    re.IGNORECASE,
)
_VERSIONS_ASKED = re.compile(
    r"(?<![\d.])v?(\d{1,4}(?:\.(?:\d{1,4}|x)){0,3})(?!\d|\.\d)", re.IGNORECASE
)
_CURRENT = frozenset(["latest", "stable", "current"])
_UNRELEASED = frozenset(["main", "master", "next"])
_REGIONS = frozenset(["apac", "emea", "eu", "latam", "uk", "us"])
_CLOUD_REGION = re.compile(
    r"(?:af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov|asia|europe|australia|northamerica|southamerica)-"
    r"(?:north|south|east|west|central){1,2}-?\d{1,2}[a-f]?",
    re.I,
)
_REGION_BEHIND = re.compile(
    rf"[-_.]({_CLOUD_REGION.pattern}|{'|'.join(sorted(_REGIONS))})$", re.IGNORECASE
)
_NEWEST = (10_000,)
_PATHS_KEPT = 1 << 14


def without_siblings(
    question: str,
    ranked: Sequence[RankedDocument],
    documents: Mapping[int, CandidateDocument],
) -> tuple[list[RankedDocument], dict[int, tuple[str, ...]]]:
    """One document of each group of copies, and the paths of the others by its version.

    The one leads that the question names by version or region, else that of the newest version,
    else the best. It takes the place of the best.
    """
    groups: dict[tuple[str, str], list[RankedDocument]] = {}
    alone: list[RankedDocument] = []
    for one in ranked:
        document = documents[one.version]
        key = _key(document.path)
        if key is None:
            alone.append(one)
        else:
            groups.setdefault((document.source, key), []).append(one)
    leads: list[RankedDocument] = []
    siblings: dict[int, tuple[str, ...]] = {}
    for group in groups.values():
        lead = _lead(question, group, documents)
        leads.append(RankedDocument(lead.version, group[0].score))
        others = (documents[one.version].path for one in group if one is not lead)
        siblings[lead.version] = tuple(sorted(others))
    order = {one.version: place for place, one in enumerate(ranked)}
    both = sorted([*alone, *leads], key=lambda one: (-one.score, order[one.version]))
    return both, siblings


def _lead(
    question: str, group: Sequence[RankedDocument], documents: Mapping[int, CandidateDocument]
) -> RankedDocument:
    asked = set(words(question))
    said = f" {question.lower()} "

    def standing(one: RankedDocument) -> tuple[bool, tuple[int, ...]]:
        parts = _variable_parts(documents[one.version].path)
        named = any(_is_named(part, said, asked) for part in parts)
        return named, max((_age(part) for part in parts), default=())

    return max(group, key=standing)  # the first of equals, which is the best


@lru_cache(_PATHS_KEPT)
def _key(path: str) -> str | None:
    """The path without versions and regions; None if it has none."""
    folder, name = str(PurePosixPath(path).parent), PurePosixPath(path)
    parts = ["*" if _is_variable(part) else part for part in folder.split("/")]
    stem = _REGION_BEHIND.sub("*", name.stem)
    key = "/".join((*parts, stem + name.suffix))
    return key if "*" in key else None


def _variable_parts(path: str) -> list[str]:
    name = PurePosixPath(path)
    found = [part for part in name.parent.parts if _is_variable(part)]
    behind = _REGION_BEHIND.search(name.stem)
    return [*found, behind[1]] if behind else found


def _is_variable(part: str) -> bool:
    return bool(
        _VERSION.fullmatch(part)
        or part.lower() in _CURRENT | _UNRELEASED
        or part.lower() in _REGIONS
        or _CLOUD_REGION.fullmatch(part)
    )


def _is_named(part: str, said: str, asked: set[str]) -> bool:
    """Whether the question names this version or region."""
    version = _VERSION.fullmatch(part)
    if version is None:
        return part.lower() in asked or f" {part.lower()} " in said
    return version[1] in _VERSIONS_ASKED.findall(said)


def _age(part: str) -> tuple[int, ...]:
    """Greater for newer versions; regions are equal."""
    if part.lower() in _UNRELEASED:
        return (0,)  # not released: behind every release that is named by its number
    if part.lower() in _CURRENT:
        return _NEWEST
    version = _VERSION.fullmatch(part)
    if version is None:
        return ()
    return tuple(int(number) for number in version[1].split(".") if number.isdigit())
