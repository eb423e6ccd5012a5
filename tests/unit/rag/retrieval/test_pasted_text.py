"""What a pasted trace, log or payload asks."""

from __future__ import annotations

import json

import pytest

from rag.retrieval.pasted_text import asked_by, without_incidentals

PYTHON = """Traceback (most recent call last):
  File "/srv/venv/lib/python3.11/site-packages/starlette/routing.py", line 758, in handle
    await self.app(scope, receive, send)
shop.errors.CartLockedError: CRT-118: cart of tenant 9 is locked
"""
JAVA = """java.lang.RuntimeException: start failed
\tat com.shop.Main.run(Main.java:12)
Caused by: com.zaxxer.hikari.PoolTimeoutException: connection is not available
\tat com.zaxxer.hikari.Pool.get(Pool.java:99)
\t... 12 more"""
GO = """panic: runtime error: invalid memory address or nil pointer dereference

goroutine 1 [running]:
main.(*Server).Start(0xc000010200)
\t/srv/app/main.go:42 +0x1d"""
NODE = """Error: Cannot find module 'express'
    at Function.Module._resolveFilename (node:internal/modules/cjs/loader:933:15)
    at node:internal/main/run_main_module:17:47 {
  code: 'MODULE_NOT_FOUND'
}"""


@pytest.mark.parametrize(
    ("trace", "asked"),
    [
        (PYTHON, "CartLockedError: CRT-118: cart of tenant 9 is locked CRT-118"),
        (JAVA, "PoolTimeoutException: connection is not available"),
        (
            GO,
            "panic: runtime error: invalid memory address or nil pointer dereference",
        ),
        (NODE, "Error: Cannot find module 'express'"),
    ],
)
def test_a_stack_trace_is_asked_by_its_cause(trace: str, asked: str) -> None:
    assert asked_by(trace) == asked


def test_what_is_written_above_a_trace_is_asked_too() -> None:
    assert asked_by(f"checkout fails since noon\n{JAVA}").endswith("checkout fails since noon")


def test_a_line_of_a_log_is_asked_by_its_message() -> None:
    line = (
        "2024-03-05T10:00:00Z ERROR [main] Connection refused to 10.0.0.1:5432 at /var/run/x/y.sock"
    )
    assert asked_by(line) == "Connection refused to at"
    assert asked_by('{"level":"error","ts":1700000000,"msg":"mvcc: database space exceeded"}') == (
        "mvcc: database space exceeded"
    )


def test_the_last_lines_of_a_log_and_its_codes_are_asked() -> None:
    log = "\n".join(
        [
            "2024-03-05 10:00:00,123 INFO worker started",
            "2024-03-05 10:00:01,123 WARN PGW-504 from the gateway",
            "2024-03-05 10:00:02,123 ERROR payment was not captured",
        ]
    )
    assert asked_by(log) == "payment was not captured PGW-504"


def test_alerts_as_json_are_asked_by_name_and_texts() -> None:
    alert = {
        "labels": {"alertname": "KubePodCrashLooping", "pod": "x-1"},
        "annotations": {"summary": "Pod restarts all the time"},
    }
    for payload in ({"status": "firing", "alerts": [alert]}, alert, [alert]):
        assert asked_by(json.dumps(payload)) == "KubePodCrashLooping Pod restarts all the time"


@pytest.mark.parametrize(
    "question",
    [
        "how do I restart the broker?",
        "Pods fail.\nWhat now?\n- look at the node\n- look at the log",
        "TypeError: cannot read properties of undefined",
        "Node 10.0.0.1 is down since 10:00:00",
        "{not json",
        '{"a": 1}',
        "[]",
    ],
)
def test_a_question_stays_as_it_is(question: str) -> None:
    assert asked_by(question) == question


def test_incidentals_are_left_out() -> None:
    message = "open /var/lib/a/b.db 0xdeadbeef 550e8400-e29b-41d4-a716-446655440000 on 10.0.0.1"
    assert without_incidentals(message) == "open on"
