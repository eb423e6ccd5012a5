"""The search page: what it finds, for whom, and what it says when it finds nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from api.settings.doors import WebSettings
from rag.domain.documents import Kind, Metadata
from tests.fakes import document, index_text
from tests.http_bench import PAYMENTS, Bench, index_full, wait_until
from tests.web_browser import Browser


@pytest.fixture
def browser(stocked: Bench) -> Browser:
    made = Browser(stocked.client)
    made.sign_in(stocked.key())
    return made


HTMX = {"HX-Request": "true"}


def test_results_show_what_a_responder_decides_by(bench: Bench) -> None:
    index_full(bench)
    browser = Browser(bench.client)
    browser.sign_in(bench.key())
    page = browser.get("/search", q="undo the rollout of checkout").text
    for shown in (
        "Checkout 5xx",
        "Mitigation › Roll back",  # noqa: RUF001 - the separator of the page
        "payments/checkout-5xx.md:41-63",
        "Review due · reviewed 2026-02-10",
        "owner team-payments",
        "postmortem",
        "checkout-api",
        "sev1",
        "<mark>rollout</mark>",
        "Why it ranks here",
        "lines=41-63#L41",
    ):
        assert shown in page


def test_a_reader_finds_only_what_he_may_read(browser: Browser) -> None:
    page = browser.get("/search", q="rotate the gateway certificate").text
    assert "checkout.md" in page
    assert "open.md" in page
    assert "secret" not in page


def test_counts_are_of_what_the_reader_may_read(stocked: Bench, browser: Browser) -> None:
    assert "You can read 2 documents" in browser.get("/").text
    other = Browser(stocked.client)
    other.sign_in(stocked.key(frozenset({"team:other"})))
    assert "You can read 1 document." in other.get("/").text
    index_text(stocked.index, document("new.md", ("team:payments",)), "a new page")
    assert "You can read 3 documents" in browser.get("/").text


def test_hits_are_folded_by_document(bench: Bench) -> None:
    index_text(
        bench.index, document("one.md"), "rotate the certificate", "renew the certificate", "x"
    )
    browser = Browser(bench.client)
    browser.sign_in(bench.key())
    page = browser.get("/search", q="certificate").text
    assert page.count('class="result card') == 1
    assert "more section" in page


def test_htmx_gets_the_results_alone(browser: Browser) -> None:
    part = browser.get_with(HTMX, "/search", q="certificate")
    assert part.text.count("checkout.md") >= 1
    assert "<html" not in part.text
    assert "<form" not in part.text


def test_what_is_being_typed_is_audited_but_not_remembered(
    stocked: Bench, browser: Browser
) -> None:
    typed = browser.get_with(HTMX, "/search", q="certif")
    asked = browser.get("/search", q="certificate")
    events = [one["query"] for one in stocked.audited.events if one["event"] == "search"]
    assert events == ["certif", "certificate"]
    requests = stocked.services.requests
    store = requests._store
    identity = asked.headers["x-request-id"]
    wait_until(lambda: store.request(identity, principal=None) is not None)
    assert store.request(typed.headers["x-request-id"], principal=None) is None


@pytest.fixture
def described(bench: Bench) -> Bench:
    for name, kind, service, severity, reviewed in (
        ("a.md", Kind.RUNBOOK, "ledger", "sev1", date(2026, 8, 1)),
        ("b.md", Kind.POSTMORTEM, "ledger", "sev2", date(2020, 1, 1)),
        ("c.md", Kind.RUNBOOK, "vault", "sev2", None),
    ):
        about = Metadata(
            title=name, kind=kind, service=(service,), severity=(severity,), last_reviewed=reviewed
        )
        index_text(bench.index, replace(document(name), metadata=about), "rotate the certificate")
    return bench


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, {"a.md", "b.md", "c.md"}),
        ({"service": "ledger"}, {"a.md", "b.md"}),
        ({"kind": "postmortem"}, {"b.md"}),
        ({"severity": "sev2"}, {"b.md", "c.md"}),
        ({"freshness": "stale"}, {"b.md"}),
        ({"freshness": "unknown"}, {"c.md"}),
        ({"service": "ledger", "severity": "sev1"}, {"a.md"}),
        ({"kind": "nonsense", "since": "yesterday"}, {"a.md", "b.md", "c.md"}),
    ],
)
def test_filters_stand_in_the_address(
    described: Bench, chosen: dict[str, str], found: set[str]
) -> None:
    browser = Browser(described.client)
    browser.sign_in(described.key())
    page = browser.get("/search", q="certificate", **chosen).text
    assert {name for name in ("a.md", "b.md", "c.md") if f">{name}</a>" in page} == found
    assert "ledger (2)" in page
    assert "vault (1)" in page


def test_no_result_says_what_was_looked_for(browser: Browser) -> None:
    page = browser.get("/search", q="zebra giraffe", service="nowhere").text
    assert "Nothing answers <q>zebra giraffe</q>" in page
    assert "Searched 2 documents" in page
    assert "search without filters" in page


def test_a_question_is_shown_as_text(browser: Browser) -> None:
    page = browser.get("/search", q='"><script>alert(1)</script>').text
    assert "<script>alert" not in page


def test_a_question_that_is_too_long_is_refused_on_the_page(browser: Browser) -> None:
    page = browser.get("/search", q="a" * 101)
    assert "longer than 100 characters" in page.text


def test_a_key_without_the_right_to_search_may_not(stocked: Bench) -> None:
    browser = Browser(stocked.client)
    browser.sign_in(stocked.key(PAYMENTS, frozenset({"index"})))
    page = browser.get("/search", q="certificate")
    assert page.status_code == 403
    assert "checkout" not in page.text


def test_pages_are_switched_off_by_the_settings(bench: Bench) -> None:
    settings = Settings(web=WebSettings(enabled=False))
    app = create_app(replace(bench.services, settings=settings))
    assert TestClient(app).get("/").status_code == 404


def test_the_first_page_is_small(browser: Browser) -> None:
    page = browser.get("/")
    addresses = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)
    assert len(addresses) == 6
    sizes = [len(browser.get(address).content) for address in addresses]
    assert len(page.content) + sum(sizes) < 100_000
