"""The Slack slash command against a whole service, signed as Slack signs."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.testclient import TestClient

from api.compose.services import Services
from api.http.app import create_app
from api.settings.access import LimitSettings
from api.slack.messages import BUSY, NOBODY, USAGE, WORKING, answer_message
from api.slack.signature import signature_of
from rag.answering.answering import Answerer
from rag.domain.answers import Answer
from rag.domain.search import SearchQuery
from tests.corpus import PAGES
from tests.serving import Served, service_over

SECRET = "a-signing-secret"
GROUPS = {
    "T1": ["public"],
    "T1/C1": ["team:payments"],
    "T1/U1": ["team:security"],
}
QUESTION = "roll back the checkout deploy"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    slack = {"signing_secret": SECRET, "groups": GROUPS}
    with service_over(tmp_path_factory.mktemp("slack"), PAGES, slack=slack) as made:
        yield made


def form(text: str = QUESTION, team: str = "T1", channel: str = "C9", user: str = "U9") -> bytes:
    return urlencode(
        {
            "team_id": team,
            "channel_id": channel,
            "user_id": user,
            "command": "/runbook",
            "text": text,
            "response_url": "https://hooks.slack.com/commands/T1/1/x",
            "trigger_id": str(time.perf_counter_ns()),  # as in life, no two commands are alike
        }
    ).encode()


def headers(body: bytes, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    timestamp = str(int(time.time() if at is None else at))
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature_of(secret.encode(), timestamp, body),
    }


def sent(service: Served, body: bytes, **signed: Any) -> httpx.Response:
    return service.client.post("/slack/command", content=body, headers=headers(body, **signed))


def response_text(service: Served, **command: str) -> str:
    answer = sent(service, form(**command))
    assert answer.status_code == 200, answer.text
    assert answer.json()["response_type"] == "ephemeral"
    return str(answer.json()["text"])


def test_a_signed_command_is_answered_for_its_sender_alone(service: Served) -> None:
    text = response_text(service)
    assert "kubectl -n checkout-api rollout undo deploy/checkout" in text
    assert "payments/checkout-5xx.md:" in text
    assert "stale, reviewed" in text


def test_the_groups_of_team_channel_and_user_apply(service: Served) -> None:
    question = "zanzibar acquirer secrets ledger settlement"
    everywhere = response_text(service, text=question)
    assert "ledger.md" not in everywhere
    assert "rotate.md" not in everywhere
    in_channel = response_text(service, text=question, channel="C1")
    assert "rotate.md" not in in_channel
    assert "rotate.md" in response_text(service, text=question, user="U1")
    assert response_text(service, team="T2", channel="C1", user="U1") == NOBODY


def test_what_slack_did_not_sign_is_refused_before_it_is_read(service: Served) -> None:
    body = form()
    for answer in (
        sent(service, body, secret="another"),
        sent(service, body, at=time.time() - 400),
        sent(service, body, at=time.time() + 400),
        service.client.post("/slack/command", content=b"\xff", headers={}),
        service.client.post("/slack/command", content=b"x" * 70_000, headers=headers(b"x")),
    ):
        assert answer.status_code in (401, 413)
        assert "checkout" not in answer.text
    key = {"Authorization": f"Bearer {service.key(rights=('admin',))}"}
    assert service.client.post("/slack/command", content=body, headers=key).status_code == 401


def test_what_slack_did_not_sign_is_limited_and_audited(tmp_path: Path) -> None:
    slack = {"signing_secret": SECRET, "groups": GROUPS}
    limits = LimitSettings(refusals_per_minute=2)
    with service_over(tmp_path, PAGES, slack=slack, limits=limits) as made:
        body = form("zebra")
        refused = [sent(made, body, secret="another") for _ in range(4)]
        assert [answer.status_code for answer in refused] == [401, 401, 429, 429]
        assert response_text(made)  # a signed one is never held up by them
        audit = (tmp_path / ".runbook" / "audit.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in audit.splitlines()]
    assert [one["door"] for one in lines if one["event"] == "refused"] == [
        "POST /slack/command"
    ] * 2
    assert "zebra" not in audit


def test_a_command_counts_once(service: Served) -> None:
    body = form()
    signed = headers(body)
    first = service.client.post("/slack/command", content=body, headers=signed)
    again = service.client.post("/slack/command", content=body, headers=signed)
    assert (first.status_code, again.status_code) == (200, 401)


def test_what_is_no_command_or_no_question_is_said(service: Served) -> None:
    body = urlencode({"text": "no team"}).encode()
    assert sent(service, body).status_code == 400
    assert response_text(service, text=" ") == USAGE
    assert response_text(service, text="x" * 5000) == USAGE


def test_there_is_no_such_route_without_a_secret(tmp_path: Path) -> None:
    with service_over(tmp_path, PAGES) as plain:
        assert sent(plain, form()).status_code == 404


# --- Late answers


class Hook(ThreadingHTTPServer):
    """Where Slack would receive late answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HookHandler)
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class HookHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Hook)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.put(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


class SlowAnswerer(Answerer):
    """Answers when it is let, as a language model does."""

    def __init__(self, services: Services) -> None:
        self._answerer = services.answerer
        self.may_answer = threading.Event()

    def answer(self, query: SearchQuery, **more: Any) -> Answer:
        assert self.may_answer.wait(30)
        return self._answerer.answer(query, **more)


def slow_door(service: Served, origin: str) -> tuple[TestClient, SlowAnswerer]:
    settings = service.services.settings
    slack = settings.slack.model_copy(
        update={"response_origins": (origin,), "patience_seconds": 0.05}
    )
    slow = SlowAnswerer(service.services)
    services = replace(
        service.services,
        settings=settings.model_copy(update={"slack": slack}),
        answerer=slow,
        warm=lambda: None,
    )
    return TestClient(create_app(services)), slow


def late(client: TestClient, response_url: str) -> str:
    body = form() + b"&" + urlencode({"response_url": response_url}).encode()
    answer = client.post("/slack/command", content=body, headers=headers(body))
    assert answer.status_code == 200
    return str(answer.json()["text"])


def test_a_slow_answer_follows_at_the_address_that_slack_gave(service: Served, hook: Hook) -> None:
    client, slow = slow_door(service, hook.origin)
    with client:
        assert late(client, f"{hook.origin}/commands/1") == WORKING
        slow.may_answer.set()
        message = hook.received.get(timeout=30)
    assert message["response_type"] == "ephemeral"
    assert "rollout undo" in message["text"]


def test_a_slow_answer_goes_nowhere_else(service: Served, hook: Hook) -> None:
    client, slow = slow_door(service, "https://hooks.slack.com")
    with client:
        assert "did not work" in late(client, f"{hook.origin}/commands/1")
        slow.may_answer.set()
    assert hook.received.empty()


def test_too_many_at_once_are_told_to_wait(service: Served, hook: Hook) -> None:
    client, slow = slow_door(service, hook.origin)
    with client:
        words = [late(client, f"{hook.origin}/commands/{n}") for n in range(33)]
        assert words == [WORKING] * 32 + [BUSY]
        slow.may_answer.set()
        assert {hook.received.get(timeout=30)["response_type"] for _ in range(32)} == {"ephemeral"}


def test_nothing_in_a_page_speaks_to_slack() -> None:
    text = "### Now\n**Do** <!channel> & `a<b>`\n```bash\nrm <x>\n```\n" + "x" * 5000
    shown = str(answer_message(Answer(text, abstained=True))["text"])
    assert shown.startswith("*Now*\n\nDo &lt;!channel&gt; &amp; `a&lt;b&gt;`\n\n```\nrm &lt;x&gt;")
    assert len(shown) < 3100
