"""Which pages a lint is about: paths of a command line, or every configured source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.formats import TEXT_SUFFIXES
from ingest.lint.run import Target
from ingest.sources.selection import missing_path
from ingest.sources.source import Source
from ingest.sources.walk import walk
from rag.addresses.site_rules import SiteRules
from rag.errors import ConfigurationError


def lint_targets(paths: Sequence[Path], sources: Sequence[Source]) -> list[Target]:
    """A target for each root; a path in a configured source is compared with all of that source.

    Raises ConfigurationError for a path that is not there, or when there is nothing to look at.
    """
    if not paths and not sources:
        raise ConfigurationError(
            "there is nothing to lint: give a path, or run `runbook init` and name your sources "
            "in runbook.toml"
        )
    asked: dict[tuple[Path, bool], set[str]] = {}
    known_files: dict[Path, tuple[str, ...]] = {}
    for path in paths or [source.root for source in sources]:
        root, scope, guessed = _placed(path, sources)
        asked.setdefault((root, guessed), set()).update(_files(root, scope))
        if any(root == source.root for source in sources) and root not in known_files:
            known_files[root] = walk(root, TEXT_SUFFIXES).files
    sites = {source.root: source.site for source in sources}
    return [
        _target(root, files, known_files.get(root, ()), guessed, sites.get(root))
        for (root, guessed), files in asked.items()
    ]


def _placed(path: Path, sources: Sequence[Source]) -> tuple[Path, str, bool]:
    """A path's root, what of the root it names, and whether the root is a guess."""
    if not path.exists():
        raise ConfigurationError(missing_path(path))
    resolved = path.resolve()
    for source in sources:
        root = source.root.resolve()
        if resolved.is_relative_to(root):
            return source.root, resolved.relative_to(root).as_posix(), False
    if resolved.is_dir():
        return resolved, ".", False
    # Files that a commit hook names share the root of their checkout.
    checkout = next((up for up in resolved.parents if (up / ".git").exists()), resolved.parent)
    return checkout, resolved.relative_to(checkout).as_posix(), True


def _files(root: Path, scope: str) -> tuple[str, ...]:
    if scope != "." and (root / scope).is_file():
        if Path(scope).suffix.lower() not in TEXT_SUFFIXES:
            known = ", ".join(sorted(TEXT_SUFFIXES))
            raise ConfigurationError(f"{root / scope}: lint reads {known}")
        return (scope,)
    return walk(root, TEXT_SUFFIXES, None if scope == "." else scope).files


def _target(
    root: Path, asked: set[str], known_files: Sequence[str], guessed: bool, site: SiteRules | None
) -> Target:
    return Target(root, tuple(sorted(asked | set(known_files))), frozenset(asked), guessed, site)
