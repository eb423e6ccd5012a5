"""Identifiers and their parts."""

from __future__ import annotations

import pytest

from rag.text.identifiers import identifiers_in, parts, phrases, spelled_out


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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("KubePodCrashLooping fires on node-3", ["KubePodCrashLooping", "node-3"]),
        ("is ORA-00060 a deadlock?", ["ORA-00060"]),
        ("set --max-lag-seconds, not max_lag.", ["max-lag-seconds", "max_lag"]),
        ("apps.k8s.io is gone; see job:lag:rate5m", ["apps.k8s.io", "job:lag:rate5m"]),
        ("The disk is full. It is 95% full at 10.0.0.1", []),
        ("", []),
    ],
)
def test_identifiers_are_distinguished_from_words(text: str, found: list[str]) -> None:
    assert identifiers_in(text) == found


def test_an_identifier_is_looked_up_whole_and_in_parts_that_lose_nothing() -> None:
    assert phrases("KubePodCrashLooping") == ["kubepodcrashlooping", "kube pod crash looping"]
    assert phrases("checkout_http_total") == ["checkout http total"]
    assert phrases("worker-3") == ["worker 3"]
