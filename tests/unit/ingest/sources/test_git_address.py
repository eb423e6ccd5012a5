"""Addresses of git repositories as people paste them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ingest.sources.git_address import GitAddress, parse_git_address
from ingest.sources.git_source import default_branch
from rag.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://github.com/acme/rb", GitAddress("https://github.com/acme/rb", "rb")),
        ("https://github.com/acme/rb.git/", GitAddress("https://github.com/acme/rb.git", "rb")),
        ("git@host.example:ops/rb.git", GitAddress("ssh://git@host.example/ops/rb.git", "rb")),
        ("ssh://git@host.example/rb.git", GitAddress("ssh://git@host.example/rb.git", "rb")),
        ("file:///srv/git/rb.git", GitAddress("file:///srv/git/rb.git", "rb")),
        (
            "https://github.com/acme/rb/tree/dev/docs/on%20call/",
            GitAddress("https://github.com/acme/rb", "rb", "dev", "docs/on call"),
        ),
        (
            "https://gitlab.example/a/b/rb/-/tree/dev",
            GitAddress("https://gitlab.example/a/b/rb", "rb", "dev"),
        ),
        (
            "https://gitea.example/a/rb/src/branch/dev/docs",
            GitAddress("https://gitea.example/a/rb", "rb", "dev", "docs"),
        ),
    ],
)
def test_an_address_gives_a_repository_a_branch_and_a_folder(
    text: str, address: GitAddress
) -> None:
    assert parse_git_address(text) == address


@pytest.mark.parametrize("path", ["docs", "./docs", "/srv/docs", "..", "C:docs", "a@b"])
def test_a_path_is_no_address(path: str) -> None:
    assert parse_git_address(path) is None


@pytest.mark.parametrize("text", ["https://me:hunter2@h/rb", "https://hunter2@h/rb"])
def test_credentials_in_an_address_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="credentials_env") as caught:
        parse_git_address(text)
    assert "hunter2" not in str(caught.value)


def test_the_repository_says_which_branch_is_its_default(tmp_path: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-qb", "trunk"], [*who, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert default_branch(tmp_path.as_uri(), "file") == "trunk"
    assert default_branch((tmp_path / "none").as_uri(), "file") is None
