"""What people do on the pages, in Chromium: with the mouse, with keys alone, without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect
from pydantic import SecretStr

from api.identity.configured import make_identity
from api.settings import ServerSettings, Settings
from api.settings.access import IdentitySettings, OidcSettings, OidcSignInSettings
from rag.domain.documents import document_id
from tests.e2e.web.conftest import Visit, Watched
from tests.issuer import CLIENT, SECRET, issuer
from tests.serving import Served, bound_socket, listening

QUESTION = "roll back the checkout deploy"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture
def window(visit: Visit, served: Served) -> Watched:
    made = visit(**CLIPBOARD)
    made.sign_in(served.key("team:payments"))
    return made


def clipboard(window: Watched) -> str:
    text: str = window.page.evaluate("navigator.clipboard.readText()")
    return text


def test_results_appear_as_one_types_and_the_address_follows(window: Watched) -> None:
    page = window.page
    page.get_by_role("combobox", name="Search runbooks").press_sequentially(QUESTION, delay=15)
    expect(page.get_by_role("heading", name="Checkout API returns 5xx")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/search\?q=roll\+back\+the\+checkout\+deploy"))
    page.reload()
    expect(page.get_by_role("combobox", name="Search runbooks")).to_have_value(QUESTION)
    expect(page.locator(".result").first).to_be_visible()
    window.assert_harmless()


def test_a_late_answer_does_not_replace_a_newer_one(window: Watched) -> None:
    page = window.page

    def answer_late(route: Route) -> None:
        response = route.fetch()
        page.wait_for_timeout(700)
        route.fulfill(response=response)

    page.route(re.compile(r"/search\?q=ledger($|&)"), answer_late)
    box = page.get_by_role("combobox", name="Search runbooks")
    box.fill("ledger")
    page.wait_for_timeout(300)  # longer than the pause after which a search begins
    box.fill(QUESTION)
    expect(page.get_by_role("heading", name="Checkout API returns 5xx")).to_be_visible()
    page.wait_for_timeout(1200)  # the late answer has come
    expect(page.locator(".result .title").first).to_have_text(re.compile("Checkout API"))


def test_keys_alone_lead_to_the_document_at_its_lines(window: Watched) -> None:
    page = window.page
    page.locator("body").press("Escape")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+k")
    page.keyboard.type(QUESTION)
    expect(page.locator(".result").first).to_be_visible()
    box = page.get_by_role("combobox", name="Search runbooks", expanded=True)
    page.keyboard.press("ArrowDown")
    suggestions = page.get_by_role("listbox", name="Suggestions")
    option = suggestions.get_by_role("option", selected=True)
    expect(option).to_have_text(re.compile("Checkout API returns 5xx"))
    expect(box).to_have_attribute("aria-activedescendant", str(option.get_attribute("id")))
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(option).to_have_count(0)
    expect(box).to_have_value(QUESTION)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.locator(".result .title").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator("#announcer")).to_have_text("Command copied")
    assert clipboard(window).startswith("kubectl -n checkout-api")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/documents/\w+\?lines=\d+-\d+#L\d+"))
    expect(page.locator(".cited").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search runbooks")).to_be_focused()
    window.assert_harmless()


def test_a_destructive_command_is_copied_only_after_its_warning(window: Watched) -> None:
    page = window.open("/search?q=rebuild+the+ledger+schema")
    command = page.locator(".command.risk-destructive").first
    command.get_by_role("button").click()
    asked = page.get_by_role("alertdialog")
    expect(asked).to_contain_text("Dropping the schema deletes every booking")
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_be_hidden()
    page.evaluate("navigator.clipboard.writeText('nothing')")
    command.get_by_role("button").click()
    asked.get_by_role("button", name="Copy anyway").click()
    expect(page.locator("#announcer")).to_have_text("Command copied")
    assert clipboard(window) == "kubectl -n ledger delete namespace ledger"
    window.assert_harmless()


def test_an_answer_is_written_on_the_page_and_followed_up(window: Watched) -> None:
    page = window.open(f"/search?q={QUESTION.replace(' ', '+')}")
    page.get_by_role("search").get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", name="Sources")).to_be_visible()
    expect(page.locator("#answer")).to_contain_text("rollout undo")
    page.get_by_label("Follow-up question").fill("which pods are there?")
    page.get_by_label("Follow-up question").press("Enter")
    expect(page.locator("#ask #q")).to_have_value("which pods are there?")
    expect(page.locator("#answer")).to_contain_text("get pods")
    page.get_by_label("No", exact=True).check()
    page.get_by_label("Reason").select_option("wrong-step")
    page.get_by_role("button", name="Send feedback").click()
    expect(page.locator(".notice").last).to_contain_text("Thank you")
    window.assert_harmless()


def test_a_citation_opens_the_document_at_its_lines(window: Watched) -> None:
    page = window.open(f"/ask?q={QUESTION.replace(' ', '+')}")
    page.locator(".citation").first.click()
    expect(page).to_have_url(re.compile(r"/documents/\w+\?lines=\d+-\d+#L\d+"))
    expect(page.locator(".cited").first).to_be_visible()
    window.assert_harmless()


def test_filters_and_saved_searches(window: Watched) -> None:
    page = window.open("/search?q=ledger")
    page.get_by_text("Filters").click()
    page.get_by_label("Service").select_option("ledger")
    expect(page).to_have_url(re.compile("service=ledger"))
    expect(page.locator(".result").first).to_contain_text("ledger")
    page.goto(f"{window.origin}/")
    page.get_by_role("button", name="Pin ledger").click()
    expect(page.get_by_role("button", name="Unpin ledger")).to_be_visible()
    page.get_by_role("link", name="ledger", exact=True).click()
    expect(page).to_have_url(re.compile(r"/search\?q=ledger"))
    window.assert_harmless()


def test_another_team_sees_none_of_it(visit: Visit, served: Served) -> None:
    window = visit()
    page = window.sign_in(served.key("team:other"))
    secret = document_id("docs", "security/rotate.md")
    for address in (
        "/search?q=zanzibar+vault+acquirer",
        f"/documents/{secret}",
        "/ask?q=zanzibar+vault",
        "/owners",
        "/operations",
    ):
        window.open(address)
        page.wait_for_load_state("networkidle")
        text = page.locator("main").inner_text()
        assert "acquirer secrets" not in text
        assert "Ledger" not in text
        assert "security" not in text


def test_everything_works_without_javascript(visit: Visit, served: Served) -> None:
    window = visit(java_script_enabled=False)
    page = window.open("/sign-in")
    page.get_by_label("API key").fill(served.key("team:payments"))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("searchbox").fill(QUESTION)
    page.get_by_role("button", name="Search").click()
    page.locator(".result .title").first.click()
    expect(page.locator(".cited").first).to_be_visible()
    window.open("/ask")
    page.get_by_label("Question").fill(QUESTION)
    page.get_by_role("main").get_by_role("button", name="Ask").first.click()
    expect(page.get_by_role("heading", name="Sources")).to_be_visible()
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Send feedback").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    window.open("/")
    expect(page.get_by_label("API key")).to_be_visible()


def second_generation(served: Served) -> None:
    """Another, empty generation that serves in place of the first."""
    catalog = served.services.catalog
    first = catalog.generations.serving()
    other = catalog.generations.create("other", first.model, first.dimension)
    catalog.generations.finish(other)
    catalog.promotions.promote(other, by="test", kind="promote", gate="passed")


def test_an_administrator_rolls_back(visit: Visit, served: Served) -> None:
    catalog = served.services.catalog
    before = catalog.generations.serving().id
    second_generation(served)
    window = visit()
    page = window.sign_in(served.key("team:payments", rights=("search", "admin")))
    window.open("/operations")
    page.get_by_role("link", name="Roll back").click()
    page.get_by_role("button", name=f"Roll back to generation {before}").click()
    expect(page).to_have_url(f"{served.url}/operations")
    assert catalog.generations.serving().id == before
    window.assert_harmless()


def test_an_incident_is_opened_from_a_pasted_payload(visit: Visit, served: Served) -> None:
    window = visit(**CLIPBOARD)
    page = window.sign_in(served.key("team:payments"), "/incidents")
    page.get_by_label("What is happening").fill("Checkout returns 5xx")
    alerts = [
        {"labels": {"alertname": "CheckoutHighErrorRate"}, "startsAt": f"2026-08-31T{at}Z"}
        for at in ("10:00:00", "12:00:00")
    ]
    page.get_by_label("Log, alerts").fill(json.dumps({"alerts": alerts}))
    page.get_by_role("button", name="Open the incident").click()
    picture = page.get_by_role("group", name="Picture of the timeline")
    expect(picture.locator("circle:visible")).to_have_count(2)
    picture.focus()
    page.keyboard.press("+")
    expect(picture.locator("circle:visible")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(picture.locator("circle:visible")).to_have_count(1)
    page.keyboard.press("0")
    expect(picture.locator("circle:visible")).to_have_count(2)
    page.get_by_text("Status", exact=True).click()
    page.get_by_role("button", name="Copy Status").click()
    expect(page.locator("#announcer")).to_have_text("Draft copied")
    assert "Checkout returns 5xx" in clipboard(window)
    window.assert_harmless()


@pytest.fixture
def with_issuer(served: Served) -> Iterator[str]:
    """The address of the same service with an issuer to sign in at, which is another site."""
    with issuer() as idp, bound_socket() as listener:
        idp.base = idp.base.replace("127.0.0.1", "localhost")
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        idp.redirect_uri = f"{url}/sign-in/oidc/callback"
        sign_in = OidcSignInSettings(client_id=CLIENT, client_secret=SecretStr(SECRET))
        oidc = OidcSettings(issuer=idp.base, audience=CLIENT, jwks_url=idp.url, sign_in=sign_in)
        settings = Settings(
            identity=IdentitySettings(oidc=oidc), server=ServerSettings(public_url=url)
        )
        services = served.services
        identity = make_identity(settings, services.keys, services.metrics)
        changed = replace(services, authenticator=identity.authenticator, sign_in=identity.sign_in)
        with listening(changed, listener):
            yield url


def test_signing_in_at_an_issuer_and_coming_back_by_a_link(visit: Visit, with_issuer: str) -> None:
    page = visit().page
    page.goto(f"{with_issuer}/search?q=roll+back+the+checkout+deploy")
    page.get_by_role("link", name="Sign in with localhost").click()
    expect(page).to_have_url(f"{with_issuer}/search?q=roll+back+the+checkout+deploy")
    expect(page.get_by_role("heading", name="Checkout API returns 5xx")).to_be_visible()
    expect(page.get_by_text("oidc:ada@example.com")).to_be_visible()
    # A link on a page of another site, such as a chat.
    page.goto("data:text/html," + quote(f'<a href="{with_issuer}/owners">owners</a>'))
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", name="For owners")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in with localhost")).to_be_visible()
