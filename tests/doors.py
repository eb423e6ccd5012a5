"""Every door to the index, as the access tests go through them: one entry each.

A new door adds an entry to `DOORS`; what it answers is then held against the model of who may read
what, between edits, revocations and changes of groups. `test_every_door.py` names those of its
prefix in `_LEADING`, configures what they need (`_write_config`), and one that takes no key or
token is named in `LOCAL`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from click.testing import CliRunner
from starlette.testclient import TestClient

from api.cli.main import cli
from api.http.chat_wire import MODEL
from api.slack.signature import signature_of
from tests.web_browser import Browser

SLACK_TEAM = "T1"
SLACK_SECRET = "0123456789abcdef"
ALL = 50  # more than there are documents in these tests


@dataclass(frozen=True)
class Asking:
    """A caller with its credential, and what it asks: every door takes what it needs of it."""

    client: TestClient
    config: Path
    key: str
    groups: frozenset[str]
    question: str
    document: str
    service: str
    source: str
    path: str

    def get(self, path: str, **params: str | int) -> str:
        return shown(self.client.get(path, params=params, headers=self.headers))

    def post(self, path: str, body: Any, **more: str) -> str:
        headers = {**self.headers, **more}
        return shown(self.client.post(path, json=body, headers=headers))

    def run(self, *arguments: str) -> str:
        """The command line, which any caller with a shell on the machine may use with `--as`."""
        tags = [part for tag in sorted(self.groups) for part in ("--as", tag)]
        done = CliRunner().invoke(cli, ["--config", str(self.config), *arguments, *tags])
        return f"{done.exit_code}\n{done.output}\n{done.exception or ''}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def shown(response: Any) -> str:
    """All that a caller sees: status, headers, body."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{response.status_code}\n{headers}\n\n{response.text}"


def body_of(seen: str) -> Any:
    """The JSON body of what was shown."""
    return json.loads(seen.split("\n\n", 1)[1])


def search(asking: Asking, **more: Any) -> str:
    return asking.post("/v1/search", {"query": asking.question, "k": ALL, **more})


def narrowed(asking: Asking) -> str:
    filters = {"service": asking.service, "source": asking.source, "since": "2020-01-01"}
    return search(asking, filters=filters)


def ask(asking: Asking, **more: Any) -> str:
    return asking.post("/v1/ask", {"query": asking.question, **more})


def chat(asking: Asking, **more: Any) -> str:
    said = [{"role": "user", "content": asking.question}]
    return asking.post("/v1/chat/completions", {"model": MODEL, "messages": said, **more})


def tool(name: str, arguments: Callable[[Asking], dict[str, Any]]) -> Callable[[Asking], str]:
    def call(asking: Asking) -> str:
        params = {"name": name, "arguments": arguments(asking)}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        accept = "application/json, text/event-stream"
        return asking.post("/mcp", body, Accept=accept, **{"MCP-Protocol-Version": "2025-06-18"})

    return call


def behind(asking: Asking) -> str:
    """A page behind a cursor of the caller's own making."""
    raw = f"{asking.source}\0{asking.path}".encode()
    return asking.get("/v1/documents", cursor=base64.urlsafe_b64encode(raw).decode().rstrip("="))


def slack(asking: Asking) -> str:
    """A slash command, signed as Slack does; its user has the groups of the caller."""
    fields = {
        "team_id": SLACK_TEAM,
        "user_id": slack_user(asking.groups),
        "text": asking.question,
        "trigger_id": secrets.token_hex(8),  # no command is the same as another
    }
    body, now = urlencode(fields).encode(), str(int(time.time()))
    signed = {
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": signature_of(SLACK_SECRET.encode(), now, body),
    }
    return shown(asking.client.post("/slack/command", content=body, headers=signed))


def slack_user(groups: frozenset[str]) -> str:
    """The id of the user who was given these groups in the settings."""
    return "U" + hashlib.sha256(",".join(sorted(groups)).encode()).hexdigest()[:16].upper()


def feedback(asking: Asking) -> str:
    return asking.post(
        "/v1/feedback",
        {"request_id": asking.document, "score": 1, "chunk_id": asking.document},
    )


def web_search(asking: Asking, **more: str) -> str:
    return asking.get("/search", q=asking.question, **more)


def web_signed_in(asking: Asking) -> str:
    """The search page for a browser that signs in with the key, and keeps nothing afterwards."""
    browser = Browser(asking.client)
    done = browser.sign_in(asking.key)
    return shown(browser.get("/search", q=asking.question) if done.status_code == 303 else done)


def web_post(asking: Asking, path: str, **fields: str) -> str:
    """A form that a signed-in browser posts."""
    browser = Browser(asking.client)
    done = browser.sign_in(asking.key)
    return shown(browser.submit("/", path, fields) if done.status_code == 303 else done)


def web_incident(asking: Asking) -> str:
    """An incident of the caller's own, opened in a browser, and its page."""
    browser = Browser(asking.client)
    done = browser.sign_in(asking.key)
    if done.status_code != 303:
        return shown(done)
    fields = {"name": asking.question[:200], "content": asking.question}
    opened = browser.submit("/", "/incidents", fields)
    page = [browser.get(opened.headers["location"])] if opened.status_code == 303 else []
    return "\n".join(map(shown, [opened, *page]))


def alerts(asking: Asking) -> str:
    """The caller's guess as an alert: by name, by link and by search."""
    annotations = {"summary": asking.question}
    return asking.post(
        "/v1/alerts",
        {
            "alerts": [
                {"name": asking.service, "annotations": annotations},
                {"name": asking.path.rsplit("/", 1)[-1].removesuffix(".md")},
                {"annotations": {"runbook_url": f"https://git.example/{asking.path}"}},
                {"annotations": annotations, "labels": {"service": asking.service}},
            ]
        },
    )


def cli_alerts(asking: Asking, *more: str) -> str:
    payload = {"alerts": [{"name": asking.service, "annotations": {"summary": asking.question}}]}
    path = asking.config.with_name("alerts.json")
    path.write_text(json.dumps(payload), encoding="utf-8")
    return asking.run("alerts", str(path), *more)


def incident(asking: Asking) -> str:
    """An incident of the caller's own: similar ones when it is opened, and its runbooks."""
    opened = asking.post("/v1/incidents", {"name": asking.question[:200]})
    if not opened.startswith("201"):
        return opened
    place = f"/v1/incidents/{body_of(opened)['id']}"
    annotations = {"summary": asking.question}
    at = "2026-01-31T09:00:00Z"
    alert = {"name": asking.service, "annotations": annotations, "starts_at": at}
    body = {"kind": "alerts", "name": "alerts.json", "content": {"alerts": [alert]}}
    added = asking.post(f"{place}/inputs", body)
    seen = [asking.get(f"{place}{part}") for part in ("", "/report", "/status")]
    closed = asking.post(f"{place}/close", {})
    return "\n".join([opened, added, *seen, closed])


def cli_incident(asking: Asking) -> str:
    return asking.run("incident", "open", asking.question[:200], "--json")


DOORS: Mapping[str, Callable[[Asking], str]] = {
    "search": search,
    "search dense": lambda asking: search(asking, mode="dense"),
    "search lexical": lambda asking: search(asking, mode="lexical"),
    "search explained": lambda asking: search(asking, explain=True),
    "search narrowed": narrowed,
    "search wrongly": lambda asking: search(asking, filters={"kind": asking.question}),
    "ask": ask,
    "ask streamed": lambda asking: ask(asking, stream=True),
    "chat": chat,
    "chat streamed": lambda asking: chat(asking, stream=True),
    "models": lambda asking: asking.get(f"/v1/models/{asking.document}"),
    "documents": lambda asking: asking.get("/v1/documents", limit=ALL),
    "documents narrowed": lambda asking: asking.get("/v1/documents", service=asking.service),
    "documents by page": lambda asking: asking.get("/v1/documents", limit=1),
    "documents behind": behind,
    "document": lambda asking: asking.get(f"/v1/documents/{asking.document}"),
    "document by path": lambda asking: asking.get(f"/v1/documents/{asking.path}"),
    "feedback": feedback,
    "reindex": lambda asking: asking.post("/v1/reindex", {"source": asking.source}),
    "jobs": lambda asking: asking.get("/v1/jobs"),
    "job": lambda asking: asking.get(f"/v1/jobs/{asking.document}"),
    "mcp search": tool("search_runbooks", lambda asking: {"query": asking.question, "k": 20}),
    "mcp document": tool("get_runbook", lambda asking: {"id": asking.document}),
    "mcp alert": tool(
        "runbooks_for_alert",
        lambda asking: {
            "name": asking.service,
            "summary": asking.question,
            "runbook_url": f"https://git.example/{asking.path}",
        },
    ),
    "alerts": alerts,
    "incident": incident,
    "slack": slack,
    "web search": web_search,
    "web search typed": lambda asking: shown(
        asking.client.get(
            "/search",
            params={"q": asking.question},
            headers={**asking.headers, "HX-Request": "true"},
        )
    ),
    "web search narrowed": lambda asking: web_search(
        asking, service=asking.service, source=asking.source, since="2020-01-01"
    ),
    "web search signed in": web_signed_in,
    "web document": lambda asking: asking.get(f"/documents/{asking.document}", lines="1-3"),
    "web document raw": lambda asking: asking.get(f"/documents/{asking.document}/raw"),
    "web ask": lambda asking: web_post(asking, "/ask", q=asking.question),
    "web ask streamed": lambda asking: web_post(asking, "/ask/stream", q=asking.question),
    "web feedback": lambda asking: web_post(
        asking, "/feedback", request_id=asking.document, score="good"
    ),
    "web alerts": lambda asking: web_post(
        asking, "/alerts", payload=json.dumps({"alerts": [{"name": asking.question}]})
    ),
    "web incidents": lambda asking: asking.get("/incidents"),
    "web incident": lambda asking: asking.get(f"/incidents/{asking.document}"),
    "web incident opened": web_incident,
    "web owners": lambda asking: asking.get("/owners"),
    "web operations": lambda asking: asking.get("/operations"),
    "web rollback": lambda asking: asking.get("/operations/rollback"),
    "web evals": lambda asking: asking.get("/evals"),
    "web start": lambda asking: asking.get("/"),
    "metrics": lambda asking: asking.get("/metrics"),
    "readyz": lambda asking: asking.get("/readyz"),
    "openapi": lambda asking: asking.get("/openapi.json"),
    "nowhere": lambda asking: asking.get(f"/v1/{asking.path}", q=asking.question),
    "cli search": lambda asking: asking.run("search", asking.question, "-k", str(ALL), "--json"),
    "cli search read": lambda asking: asking.run("search", asking.question, "--explain"),
    "cli alerts": lambda asking: cli_alerts(asking, "--json"),
    "cli alerts read": cli_alerts,
    "cli incident": cli_incident,
    "cli ask": lambda asking: asking.run("ask", asking.question),
}
# What a shell on the machine gives anybody, and Slack its users: these know no key, and no
# revocation of one.
LOCAL = frozenset(name for name in DOORS if name.startswith(("cli ", "slack")))
# What asks for no credential: counts of everything, for whoever watches the service
# (docs/security.md), and addresses that lead nowhere, such as an id with a slash.
OPEN = frozenset({"metrics", "readyz", "openapi", "nowhere", "document by path"})
