"""Identifiers and their parts."""

from __future__ import annotations

import pytest

from rag.identifiers import parts, spelled_out


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("KubePodCrashLooping", ["kube", "pod", "crash", "looping"]),
        ("checkout_http_requests_total", ["checkout", "http", "requests", "total"]),
        ("HTTPServerError", ["http", "server", "error"]),
        ("NodeRAIDDegraded", ["node", "raid", "degraded"]),
        ("plain", ["plain"]),
    ],
)
def test_parts(identifier: str, words: list[str]) -> None:
    assert parts(identifier) == words


def test_each_identifier_of_several_parts_is_spelled_out_once() -> None:
    assert spelled_out("KubeNodeNotReady fired, KubeNodeNotReady again") == "kube node not ready"


def test_plain_words_are_left_alone() -> None:
    assert spelled_out("the node is down") == ""


def test_a_very_long_word_takes_no_time() -> None:
    assert spelled_out("a" * 1_000_000) == ""
