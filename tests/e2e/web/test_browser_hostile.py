"""Hostile documents and names in Chromium: no dialog, no violation, no request to elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from rag.domain.documents import document_id
from tests.e2e.web.conftest import Watched
from tests.serving import Served, service_over
from tests.web_payloads import FILE_NAMES, HTML, PAYLOADS

_PER_DOCUMENT = 6
_LONGEST = 300  # of what is put into a title


def hostile_files() -> Mapping[str, str]:
    """Every payload in Markdown and in HTML, in titles, owners and services, and as file names."""
    files = {}
    for at in range(0, len(PAYLOADS), _PER_DOCUMENT):
        payloads = PAYLOADS[at : at + _PER_DOCUMENT]
        title = json.dumps(payloads[0].replace("\0", "")[:_LONGEST])
        head = f"---\ntitle: {title}\nowner: {title}\nservice: {title}\nacl: [public]\n---\n"
        body = "\n\n".join(f"## Broker {one}\n\nbroker {one}\n" for one in payloads)
        files[f"m{at}.md"] = f"{head}{body}".replace("\0", "")
    for at in range(0, len(HTML), _PER_DOCUMENT):
        body = "".join(f"<h2>broker</h2><p>broker {one}</p>" for one in HTML[at : at + 6])
        files[f"h{at}.html"] = body.replace("\0", "")
    for name in FILE_NAMES:
        files[name.replace("/", "_")] = "---\nacl: [public]\n---\nbroker\n"
    return files


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    files = {**hostile_files(), ".runbook-acl.yaml": "acl: [public]\n"}
    with service_over(Path(tmp_path_factory.mktemp("hostile")), files) as made:
        yield made


@pytest.fixture
def window(chromium: Browser, hostile: Served) -> Iterator[Watched]:
    context = chromium.new_context()
    made = Watched(context.new_page(), hostile)
    made.sign_in(hostile.key("team:a"))
    yield made
    context.close()


def test_no_hostile_document_does_anything(hostile: Served, window: Watched) -> None:
    visited = 0
    for path in hostile_files():
        page = window.open(f"/documents/{document_id('docs', path)}?lines=1-40")
        if page.title().startswith("Not found"):
            continue  # in quarantine
        visited += 1
        window.assert_harmless()
    assert visited > 20


def test_no_hostile_result_or_answer_does_anything(window: Watched) -> None:
    for question in ("broker", *PAYLOADS[:12]):
        window.open(f"/search?q={quote(question)}")
        window.assert_harmless()
    page = window.open("/ask?q=broker")
    page.locator(".answer").wait_for()
    page.wait_for_load_state("networkidle")
    window.assert_harmless()
    for address in ("/", "/owners"):
        window.open(address)
        window.assert_harmless()


def test_results_that_htmx_puts_in_do_nothing(window: Watched) -> None:
    page = window.open("/")
    box = page.get_by_label("Search runbooks")
    for question in ("broker", "broker alert", "broker script onerror"):
        box.fill(question)
        page.locator(".result").first.wait_for()
        page.wait_for_timeout(200)
        window.assert_harmless()
    assert page.locator("#results [hx-get], #results [onerror], #results script").count() == 0
