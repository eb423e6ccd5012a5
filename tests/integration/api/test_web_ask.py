"""Asking on the web pages: with and without streaming, follow-ups and feedback."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest

from rag.domain.feedback import Score
from tests.fakes import document
from tests.http_bench import Bench, index_full, wait_until
from tests.web_browser import Browser, csrf_of

QUESTION = "undo the rollout of the checkout deploy"


@pytest.fixture
def browser(bench: Bench) -> Browser:
    index_full(bench)
    made = Browser(bench.client)
    made.sign_in(bench.key())
    return made


def events_of(text: str) -> list[tuple[str, str]]:
    return [
        (found[1], json.loads(found[2]))
        for found in re.finditer(r"event: (\w+)\ndata: (.*)\n\n", text)
    ]


def test_without_javascript_the_form_gives_the_answer(browser: Browser) -> None:
    page = browser.submit("/ask", "/ask", {"q": QUESTION})
    assert page.status_code == 200
    assert "Undo the rollout" in page.text
    identity = document("payments/checkout-5xx.md").id
    assert f'href="/documents/{identity}?lines=41-63#L41" class="citation"' in page.text
    assert "no model wrote this" in page.text
    assert 'name="earlier" value="undo the rollout' in page.text


def test_the_stream_has_the_parts_of_the_same_page(browser: Browser) -> None:
    streamed = browser.submit("/ask", "/ask/stream", {"q": QUESTION})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    events = events_of(streamed.text)
    names = [name for name, _ in events]
    assert names[0] == "sources"
    assert names[-1] == "answer"
    assert set(names[1:-1]) == {"text"}
    assert "Checkout 5xx" in events[0][1]
    text = [markup for name, markup in events if name == "text"]
    assert all(len(before) <= len(after) for before, after in pairwise(text))
    assert text[-1] in events[-1][1]


def test_an_abstention_says_so(browser: Browser) -> None:
    page = browser.submit("/ask", "/ask", {"q": "zebra giraffe elephant"})
    assert "No document answers this." in page.text


def test_a_question_in_the_address_is_not_answered_by_opening_it(
    bench: Bench, browser: Browser
) -> None:
    page = browser.get("/ask", q=QUESTION)
    assert "data-start" in page.text
    assert "Undo the rollout" not in page.text
    assert not [one for one in bench.audited.events if one["event"] == "ask"]


@pytest.mark.parametrize("question", ["", " ", "a" * 101])
def test_a_question_must_have_a_length(browser: Browser, question: str) -> None:
    for path in ("/ask", "/ask/stream"):
        assert browser.submit("/ask", path, {"q": question}).status_code == 422


def test_a_follow_up_is_understood_with_the_questions_before(browser: Browser) -> None:
    alone = browser.submit("/ask", "/ask", {"q": "and how long does it take?"})
    fields = {"q": "and how do I undo it?", "earlier": "checkout deploy rollout\n" * 9}
    page = browser.submit("/ask", "/ask", fields)
    assert "No document answers this." in alone.text
    assert "No document answers this." not in page.text
    earlier = re.findall(r'name="earlier" value="([^"]*)"', page.text)[-1]
    assert len(earlier.split("\n")) == 5


def test_another_team_is_answered_nothing(bench: Bench, browser: Browser) -> None:
    other = Browser(bench.client)
    other.sign_in(bench.key(frozenset({"team:other"})))
    for path in ("/ask", "/ask/stream"):
        page = other.submit("/ask", path, {"q": QUESTION})
        assert "checkout-5xx" not in page.text


def test_feedback_with_its_reason_is_kept(bench: Bench, browser: Browser) -> None:
    page = browser.submit("/ask", "/ask", {"q": QUESTION})
    identity = re.findall(r'name="request_id" value="([^"]+)"', page.text)[-1]
    fields = {"request_id": identity, "reason": "wrong-step", "comment": "step 2", "score": "bad"}
    assert browser.submit("/ask", "/feedback", fields).status_code == 200
    wait_until(lambda: bool(bench.services.catalog.feedback.list()))
    [kept] = bench.services.catalog.feedback.list()
    assert kept.verdict.score is Score.BAD
    assert kept.verdict.comment == "wrong step: step 2"
    assert kept.asked.question == QUESTION


@pytest.mark.parametrize(
    "changed", [{"score": "great"}, {"reason": "mood"}, {"request_id": "unknown"}]
)
def test_feedback_that_no_form_sends_is_refused(
    bench: Bench, browser: Browser, changed: dict[str, str]
) -> None:
    page = browser.submit("/ask", "/ask", {"q": QUESTION})
    identity = page.headers["x-request-id"]
    fields = {"request_id": identity, "reason": "", "score": "good", **changed}
    assert browser.submit("/ask", "/feedback", fields).status_code in (404, 422)
    assert bench.services.catalog.feedback.list() == []


def test_feedback_on_the_request_of_another_is_refused(bench: Bench, browser: Browser) -> None:
    page = browser.submit("/ask", "/ask", {"q": QUESTION})
    other = Browser(bench.client)
    other.sign_in(bench.key())
    fields = {"request_id": page.headers["x-request-id"], "score": "good"}
    assert other.submit("/ask", "/feedback", fields).status_code == 404


def test_a_search_without_a_result_can_be_reported_to_the_owners(
    bench: Bench, browser: Browser
) -> None:
    page = browser.get("/search", q="zebra giraffe")
    [identity] = re.findall(r'name="request_id" value="([^"]+)"', page.text)
    fields = {"request_id": identity, "score": "bad", "reason": "missing"}
    done = browser.post("/feedback", {**fields, "csrf": csrf_of(page)})
    assert done.status_code == 200
    [kept] = bench.services.catalog.feedback.list()
    assert (kept.verdict.comment, kept.asked.question) == ("missing", "zebra giraffe")


def test_all_that_was_found_can_be_shown(browser: Browser) -> None:
    brief = browser.submit("/ask", "/ask", {"q": QUESTION})
    assert 'name="detail" value="full"' in brief.text
    full = browser.submit("/ask", "/ask", {"q": QUESTION, "detail": "full"})
    assert "### " not in full.text
    assert "<h3>" in full.text
    assert "<h3>" not in brief.text
