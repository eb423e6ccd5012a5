"""Addresses of files at the host of their repository."""

from __future__ import annotations

import pytest

from rag.addresses.repository import Repository, repository_at, repository_cloned_from
from rag.addresses.site_rules import Preset

GITHUB = Repository("https://github.com/acme/ops", "main/docs")
GITLAB = Repository("https://git.example/acme/ops/-", "main/docs")


def test_a_file_is_edited_and_followed_at_its_host() -> None:
    path = "db/Disk full?.md"
    assert GITHUB.edit_url(path) == (
        "https://github.com/acme/ops/edit/main/docs/db/Disk%20full%3F.md"
    )
    assert GITLAB.history_url("a.md") == "https://git.example/acme/ops/-/commits/main/docs/a.md"
    commit = "0123456789" * 4
    assert GITLAB.commit_url(commit) == f"https://git.example/acme/ops/-/commit/{commit}"
    assert GITHUB.commit_url("sha256:0123") is None


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/acme/ops/blob/main/docs/", GITHUB),
        ("https://git.example/acme/ops/-/blob/main/docs", GITLAB),
        ("https://docs.example/ops/", None),
        ("https://github.com/acme/ops/blob/{revision}/docs/{path}", None),
    ],
)
def test_a_repository_is_known_by_where_its_files_are_shown(
    url: str, repository: Repository | None
) -> None:
    assert repository_at(url) == repository


@pytest.mark.parametrize(
    ("address", "preset", "repository"),
    [
        ("https://github.com/acme/ops.git", None, GITHUB),
        ("ssh://git@github.com/acme/ops.git", Preset.MKDOCS, GITHUB),
        ("https://git.example/acme/ops", Preset.GITLAB, GITLAB),
        ("https://git.example/acme/ops", None, None),
        ("file:///srv/ops.git", Preset.GITHUB, None),
    ],
)
def test_a_repository_is_known_by_its_git_address(
    address: str, preset: Preset | None, repository: Repository | None
) -> None:
    assert repository_cloned_from(address, "main", "docs", preset) == repository
