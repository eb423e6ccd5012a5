"""Whose push it is, and to which source."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from api.settings import SourceSettings
from api.webhooks import pushed_sources, same, signed

SOURCES = [
    SourceSettings(name="ops", git="https://git.example.com/ops/runbooks.git", branch="main"),
    SourceSettings(name="old", git="https://git.example.com/ops/runbooks.git", branch="v1"),
    SourceSettings(name="other", git="https://git.example.com/ops/other.git"),
]


def test_a_signature_is_that_of_body_and_secret() -> None:
    body = b'{"ref":"refs/heads/main"}'
    good = "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert signed("secret", body, good)
    for wrong in ("", "sha256=", good[:-1], good.replace("sha256", "sha1"), "sha256=é"):
        assert not signed("secret", body, wrong)
    assert not signed("other", body, good)
    assert not signed("secret", body + b" ", good)
    assert same("token", "token")
    assert not same("token", "Token")
    assert not same("token", "")


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        (
            {
                "ref": "refs/heads/main",
                "repository": {"clone_url": "https://Git.example.com/ops/runbooks.git"},
            },
            ["ops"],
        ),
        (
            {
                "ref": "refs/heads/v1",
                "project": {"git_ssh_url": "git@git.example.com:ops/runbooks.git"},
            },
            ["old"],
        ),
        (
            {"ref": "refs/heads/main", "project": {"web_url": "https://git.example.com/ops/other"}},
            ["other"],
        ),
        (
            {
                "ref": "refs/tags/main",
                "repository": {"html_url": "https://git.example.com/ops/runbooks"},
            },
            [],
        ),
        (
            {
                "ref": "refs/heads/main",
                "repository": {"clone_url": "https://evil.example/ops/runbooks"},
            },
            [],
        ),
        ({"ref": "refs/heads/main", "repository": "https://git.example.com/ops/runbooks"}, []),
        ({"ref": ["refs/heads/main"], "repository": {"clone_url": 7}}, []),
        ([], []),
        (None, []),
    ],
)
def test_a_push_is_about_the_sources_of_its_branch(payload: object, names: list[str]) -> None:
    assert pushed_sources(payload, SOURCES) == names
