"""The page of a document: for its readers, at the lines that were cited."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.settings import SourceSettings
from rag.domain.documents import Metadata
from tests.fakes import document, index_text
from tests.http_bench import Bench, index_full
from tests.web_browser import Browser


@pytest.fixture
def browser(bench: Bench) -> Browser:
    made = Browser(bench.client)
    made.sign_in(bench.key())
    return made


def test_a_document_is_shown_with_what_is_known_of_it(bench: Bench, browser: Browser) -> None:
    index_full(bench)
    identity = document("payments/checkout-5xx.md").id
    page = browser.get(f"/documents/{identity}").text
    for shown in (
        "Checkout 5xx",
        "Undo the rollout",
        "team-payments",
        "CheckoutHighErrorRate",
        "team:payments",
        "https://git.example/checkout-5xx.md",
        "Review due",
    ):
        assert shown in page


def test_cited_lines_are_highlighted_and_others_are_not(bench: Bench, browser: Browser) -> None:
    about = document("long.md")
    index_text(bench.index, about, "first part", "second part", "third part")
    page = browser.get(f"/documents/{about.id}?lines=2").text
    assert '<p id="L2" class="cited">second part</p>' in page or "second part" in page
    assert page.count('class="cited"') == 1
    assert browser.get(f"/documents/{about.id}").text.count('class="cited"') == 0


@pytest.mark.parametrize("lines", ["0", "x", "5-2", "9999999999", "1-2-3", '"><script>'])
def test_malformed_lines_highlight_nothing_else(bench: Bench, browser: Browser, lines: str) -> None:
    about = document("one.md")
    index_text(bench.index, about, "a part")
    page = browser.get(f"/documents/{about.id}", lines=lines)
    assert page.status_code == 200
    assert 'class="cited"' not in page.text


def test_absent_and_forbidden_documents_look_the_same(stocked: Bench) -> None:
    browser = Browser(stocked.client)
    browser.sign_in(stocked.key())
    identities = (document("secret.md").id, document("absent.md").id, "x")
    for path in ("/documents/{}", "/documents/{}/raw"):
        pages = [browser.get(path.format(identity)) for identity in identities]
        assert {page.status_code for page in pages} == {404}
        texts = {
            page.text.replace(page.headers["x-request-id"], "").replace(
                page.headers["content-security-policy"].split("nonce-")[1].split("'")[0], ""
            )
            for page in pages
        }
        assert len(texts) == 1


def test_raw_text_is_never_a_page(bench: Bench, browser: Browser) -> None:
    about = document("html.md")
    index_text(bench.index, about, "<script>alert(1)</script>", "second")
    raw = browser.get(f"/documents/{about.id}/raw")
    assert raw.text == "<script>alert(1)</script>\nsecond"
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert raw.headers["x-content-type-options"] == "nosniff"


def test_only_readable_documents_are_related(bench: Bench, browser: Browser) -> None:
    about = Metadata(title="Old page", service=("ledger",))
    index_text(bench.index, replace(document("old.md"), metadata=about), "old")
    for path, acl in (("new.md", "team:payments"), ("secluded.md", "team:security")):
        newer = Metadata(title=f"Successor {path}", service=("ledger",), supersedes="old.md")
        index_text(bench.index, replace(document(path, (acl,)), metadata=newer), "new")
    page = browser.get(f"/documents/{document('old.md').id}").text
    assert "Superseded" in page
    assert "Successor new.md" in page
    assert "secluded" not in page


def test_reading_is_audited(bench: Bench, browser: Browser) -> None:
    about = document("one.md")
    index_text(bench.index, about, "a part")
    browser.get(f"/documents/{about.id}")
    [event] = [one for one in bench.audited.events if one["event"] == "read"]
    assert event["door"] == "GET /documents/{document_id}"
    assert [one["id"] for one in event["documents"]] == [about.id]


def test_a_document_of_a_repository_leads_to_its_host(bench: Bench) -> None:
    index_full(bench)
    about = document("payments/checkout-5xx.md")
    source = SourceSettings(
        name=about.source, git="https://github.com/acme/ops.git", subfolder="docs"
    )
    settings = bench.services.settings.model_copy(update={"sources": (source,)})
    browser = Browser(TestClient(create_app(replace(bench.services, settings=settings))))
    browser.sign_in(bench.key())
    page = browser.get(f"/documents/{about.id}").text
    file = "main/docs/payments/checkout-5xx.md"
    assert f'href="https://github.com/acme/ops/edit/{file}"' in page
    assert f'href="https://github.com/acme/ops/commits/{file}"' in page
    assert 'data-copy="last_reviewed: 2026-09-01"' in page
    found = browser.get("/search", q="undo the rollout").text
    assert 'href="https://git.example/checkout-5xx.md"' in found
