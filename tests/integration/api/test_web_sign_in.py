"""Signing in to the web pages: sessions, CSRF tokens, headers and limits."""

from __future__ import annotations

import re
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.identity.anonymous import Anonymous
from api.identity.api_keys import ApiKeys
from api.identity.authenticator import CombinedAuthenticator
from api.limits import Limits
from api.web.page_route import OpenPage
from api.web.pages import page_routers
from api.web.site import make_site
from rag.access.groups import GroupHierarchy
from rag.domain.access import Right
from tests.http_bench import PAYMENTS, Bench
from tests.web_browser import Browser, csrf_of


@pytest.fixture
def browser(stocked: Bench) -> Browser:
    return Browser(stocked.client)


def test_a_visitor_sees_the_form_in_place_of_any_page(browser: Browser) -> None:
    for path in ("/", "/search?q=certificate"):
        page = browser.get(path)
        assert page.status_code == 401
        assert page.headers["www-authenticate"] == "Bearer"
        assert 'name="key"' in page.text
        assert "checkout.md" not in page.text


def test_a_key_opens_the_page_that_was_asked_for(stocked: Bench, browser: Browser) -> None:
    done = browser.sign_in(stocked.key(), "/search?q=certificate")
    assert (done.status_code, done.headers["location"]) == (303, "/search?q=certificate")
    page = browser.get("/search?q=certificate")
    assert page.status_code == 200
    assert "checkout.md" in page.text
    assert "secret.md" not in page.text


def test_the_cookie_is_kept_from_scripts_and_other_sites(stocked: Bench, browser: Browser) -> None:
    done = browser.sign_in(stocked.key())
    [morsel] = SimpleCookie(done.headers["set-cookie"]).values()
    assert morsel.key == "runbook-session"
    assert morsel["httponly"]
    assert morsel["samesite"] == "lax"
    assert morsel["path"] == "/"
    assert int(morsel["max-age"]) == 12 * 3600
    assert stocked.key() not in done.headers["set-cookie"]


def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(stocked: Bench) -> None:
    stocked.client.base_url = "https://testserver"
    done = Browser(stocked.client).sign_in(stocked.key())
    [morsel] = SimpleCookie(done.headers["set-cookie"]).values()
    assert morsel.key == "__Host-runbook-session"
    assert morsel["secure"]


@pytest.mark.parametrize(
    "key", ["", "rbk_", "rbk_0123456789ab_" + "a" * 43, "a b", "é", "x" * 3000]
)
def test_a_key_that_is_not_valid_opens_nothing(browser: Browser, key: str) -> None:
    done = browser.sign_in(key)
    assert done.status_code == 401
    assert "not valid" in done.text
    assert browser.get("/").status_code == 401


def test_revoking_the_key_ends_the_session(stocked: Bench, browser: Browser) -> None:
    made = stocked.keys.create("a key", PAYMENTS)
    browser.sign_in(made.key)
    assert browser.get("/").status_code == 200
    stocked.keys.revoke(made.id)
    assert browser.get("/").status_code == 401


def test_signing_out_ends_the_session_even_for_who_kept_the_cookie(
    stocked: Bench, browser: Browser
) -> None:
    browser.sign_in(stocked.key())
    kept = browser.cookie
    done = browser.submit("/", "/sign-out", {})
    assert done.status_code == 303
    assert browser.get("/").status_code == 401
    assert Browser(stocked.client, kept).get("/").status_code == 401


def test_signing_in_starts_another_session(stocked: Bench, browser: Browser) -> None:
    """So that nobody can have someone sign in to a session that he knows."""
    browser.get("/sign-in")
    before = browser.cookie
    browser.sign_in(stocked.key())
    assert browser.cookie != before
    assert Browser(stocked.client, before).get("/").status_code == 401


def posting_paths() -> list[str]:
    """The path of every page that takes a form."""
    routes = [route for router in page_routers() for route in router.routes]
    assert all(isinstance(route, OpenPage) for route in routes)
    return sorted(
        route.path
        for route in routes
        if isinstance(route, OpenPage) and "POST" in (route.methods or ())
    )


def test_no_form_is_taken_without_the_token_of_its_session(stocked: Bench) -> None:
    paths = posting_paths()
    assert {"/sign-in", "/sign-out"} <= set(paths)
    admin = frozenset(Right)
    for path in (path.replace("{", "").replace("}", "") for path in paths):
        browser, other = Browser(stocked.client), Browser(stocked.client)
        browser.sign_in(stocked.key(rights=admin))
        other.sign_in(stocked.key(rights=admin))
        foreign = csrf_of(other.get("/"))
        for token in ("", "x", foreign):
            done = browser.post(path, {"csrf": token, "key": stocked.key(), "q": "a"})
            assert done.status_code == 403, (path, token)


def test_a_form_from_another_site_is_refused_even_with_the_token(
    stocked: Bench, browser: Browser
) -> None:
    browser.sign_in(stocked.key())
    token = csrf_of(browser.get("/"))
    done = browser.post("/sign-out", {"csrf": token}, **{"Sec-Fetch-Site": "cross-site"})
    assert done.status_code == 403
    assert browser.get("/").status_code == 200


def test_a_form_must_be_a_form(stocked: Bench, browser: Browser) -> None:
    browser.sign_in(stocked.key())
    headers = {"Cookie": browser.cookie, "Content-Type": "application/json"}
    done = stocked.client.post("/sign-out", content=b"{}", headers=headers)
    assert done.status_code == 400


def limited(bench: Bench, *, requests: int = 100, refusals: int = 100) -> Browser:
    """A browser over the same services with other limits."""
    limits = Limits(per_minute=requests, concurrent=10, refusals_per_minute=refusals)
    return Browser(TestClient(create_app(replace(bench.services, limits=limits))))


def test_guessing_keys_is_slowed_down(stocked: Bench) -> None:
    browser = limited(stocked, refusals=3)
    seen = [browser.sign_in("rbk_guess").status_code for _ in range(5)]
    assert seen == [401, 401, 401, 429, 429]


def test_who_is_not_signed_in_uses_up_no_failures(stocked: Bench) -> None:
    browser = limited(stocked, refusals=3)
    assert {browser.get("/").status_code for _ in range(8)} == {401}


def test_pages_count_against_the_limit_of_requests(stocked: Bench) -> None:
    browser = limited(stocked, requests=3)
    browser.sign_in(stocked.key())
    answers = [browser.get("/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_every_page_has_the_security_headers(stocked: Bench, browser: Browser) -> None:
    pages = [browser.get("/sign-in"), browser.get("/"), browser.post("/sign-out", {})]
    browser.sign_in(stocked.key())
    pages += [browser.get("/"), browser.get("/search?q=certificate")]
    nonces = set()
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        found = re.search(r"'nonce-([\w-]{20,})'", policy)
        assert found is not None
        nonces.add(found[1])
        scripts = re.findall(r"<script[^>]*>", page.text)
        assert scripts
        assert all(f'nonce="{found[1]}"' in script for script in scripts)
        assert " style=" not in page.text
        assert not re.search(r"\son[a-z]+=", page.text)
    assert len(nonces) == len(pages)


def test_only_the_files_of_the_pages_are_served(browser: Browser) -> None:
    page = browser.get("/sign-in").text
    addresses = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert len(addresses) == 6
    for address in addresses:
        served = browser.get(address)
        assert served.status_code == 200
        assert "immutable" in served.headers["cache-control"]
        again = browser.get_with({"If-None-Match": served.headers["etag"]}, address)
        assert (again.status_code, again.content) == (304, b"")
    version = addresses[0].split("/")[2]
    for name in ("vendor/vendor.json", "../pages.py", "..%2fpages.py", "app.js"):
        assert browser.get(f"/assets/{version}/{name}").status_code == 404


def test_signing_in_is_audited_without_the_key(stocked: Bench, browser: Browser) -> None:
    made = stocked.keys.create("a key", PAYMENTS)
    browser.sign_in(made.key)
    [event] = [one for one in stocked.audited.events if one.get("what") == "signed in"]
    assert event["principal"] == f"key:{made.id}"
    assert event["door"] == "POST /sign-in"
    assert made.key not in str(stocked.audited.events)


def test_anonymous_callers_need_not_sign_in_and_may(stocked: Bench) -> None:
    methods = CombinedAuthenticator(
        [ApiKeys(stocked.keys)], Anonymous(frozenset({"public"})), GroupHierarchy
    )
    services = replace(stocked.services, authenticator=methods)
    browser = Browser(TestClient(create_app(services)))
    page = browser.get("/search", q="certificate")
    assert page.status_code == 200
    assert "open.md" in page.text
    assert "checkout.md" not in page.text
    assert 'href="/sign-in?next=/search"' in page.text
    browser.sign_in(stocked.key())
    page = browser.get("/search", q="certificate")
    assert "checkout.md" in page.text
    assert "/sign-in" not in page.text


def test_a_session_of_another_version_is_no_session(stocked: Bench) -> None:
    sessions = make_site(stocked.services).sessions
    older = sessions._cipher.encrypt({"id": "x", "user": "y"})
    page = Browser(stocked.client, f"runbook-session={older}").get("/")
    assert page.status_code == 401
