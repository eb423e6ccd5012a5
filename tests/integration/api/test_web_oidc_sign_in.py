"""Signing in to the web pages at an issuer: what a sign-in gives, and how it is attacked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.http.app import create_app
from api.identity.configured import make_identity
from api.identity.issuer_client import IssuerClient, IssuerUnavailable
from api.limits import Limits
from api.settings import ServerSettings, Settings
from api.settings.access import IdentitySettings, OidcSettings, OidcSignInSettings
from tests.http_bench import Bench
from tests.issuer import AUDIENCE, CLIENT, NAME, SECRET, Issuer, issuer
from tests.web_browser import Browser

PUBLIC = "http://testserver"


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with issuer() as made:
        made.redirect_uri = f"{PUBLIC}/sign-in/oidc/callback"
        yield made


@pytest.fixture
def idp(running: Issuer) -> Issuer:
    running.person = {}
    running.exchanged = 0
    return running


@dataclass
class Door:
    """The pages with an issuer to sign in at."""

    bench: Bench
    idp: Issuer
    client: TestClient

    def browser(self) -> Browser:
        return Browser(self.client)

    def start(self, browser: Browser, address: str = "/search?q=certificate") -> str:
        """Go to the issuer and sign in there: the address that it sends the browser back to."""
        sent = browser.get("/sign-in/oidc", next=address)
        assert sent.status_code == 303, sent.text
        endpoint, _, query = sent.headers["location"].partition("?")
        assert endpoint == f"{self.idp.base}/authorize"
        return local(self.idp.authorize(dict(parse_qsl(query))))

    def sign_in(self, browser: Browser, address: str = "/search?q=certificate") -> Any:
        return browser.get(self.start(browser, address))


def local(url: str) -> str:
    assert url.startswith(f"{PUBLIC}/")
    return url.removeprefix(PUBLIC)


def changed(url: str, **parameters: str) -> str:
    """The same address with other parameters."""
    parts = urlsplit(url)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return f"{parts.path}?{urlencode({**given, **parameters})}"


def settings_for(idp: Issuer) -> Settings:
    sign_in = OidcSignInSettings(client_id=CLIENT, client_secret=SecretStr(SECRET))
    oidc = OidcSettings(
        issuer=idp.base, audience=AUDIENCE, jwks_url=idp.url, pause_seconds=0, sign_in=sign_in
    )
    return Settings(
        identity=IdentitySettings(oidc=oidc, rights={"team:platform-admins": frozenset({"admin"})}),
        server=ServerSettings(public_url=f"{PUBLIC}/"),
    )


@pytest.fixture
def door(stocked: Bench, idp: Issuer) -> Door:
    settings = settings_for(idp)
    identity = make_identity(settings, stocked.keys, stocked.services.metrics)
    services = replace(
        stocked.services, authenticator=identity.authenticator, sign_in=identity.sign_in
    )
    return Door(stocked, idp, TestClient(create_app(services)))


def test_the_button_is_there_only_where_an_issuer_is_configured(door: Door) -> None:
    assert 'href="/sign-in/oidc?next=%2Fowners"' in door.browser().get("/owners").text
    plain = Browser(door.bench.client)
    assert "/sign-in/oidc" not in plain.get("/sign-in").text
    assert plain.get("/sign-in/oidc").status_code == 404
    assert plain.get("/sign-in/oidc/callback").status_code == 404


def test_signing_in_opens_the_page_with_what_the_groups_may_read(door: Door) -> None:
    browser = door.browser()
    done = door.sign_in(browser)
    assert (done.status_code, done.headers["location"]) == (303, "/search?q=certificate")
    cookies = SimpleCookie("; ".join(done.headers.get_list("set-cookie")).replace('""', ""))
    assert cookies["runbook-session"]["httponly"]
    assert cookies["runbook-session"]["samesite"] == "lax"
    assert int(cookies["runbook-session"]["max-age"]) == 3600
    page = browser.get("/search?q=certificate")
    assert "checkout.md" in page.text
    assert "secret.md" not in page.text
    assert "oidc:ada@example.com" in page.text
    [event] = [one for one in door.bench.audited.events if one.get("what") == "signed in"]
    assert event["principal"] == "oidc:ada@example.com"


def test_rights_come_from_the_groups_of_the_configuration(door: Door) -> None:
    browser = door.browser()
    door.sign_in(browser)
    assert browser.get("/operations").status_code == 403
    door.idp.person = {"groups": ["team:platform-admins"]}
    door.sign_in(browser)
    assert browser.get("/operations").status_code == 200
    door.idp.person = {"groups": ["Team Payments", 7]}
    door.sign_in(browser)
    assert "checkout.md" not in browser.get("/search?q=certificate").text


def test_signing_out_ends_the_session(door: Door) -> None:
    browser = door.browser()
    door.sign_in(browser)
    kept = browser.cookie
    assert browser.submit("/", "/sign-out", {}).status_code == 303
    assert browser.get("/").status_code == 401
    assert Browser(door.client, kept).get("/").status_code == 401


def assert_refused(door: Door, browser: Browser, answer: Any) -> None:
    assert answer.status_code == 401
    assert "not completed" in answer.text
    assert browser.get("/").status_code == 401


def test_an_answer_with_another_state_is_refused(door: Door) -> None:
    browser = door.browser()
    back = door.start(browser)
    for wrong in ("x", "", "é"):
        assert_refused(door, browser, browser.get(changed(back, state=wrong)))
    assert_refused(door, browser, browser.get(f"{back}&state=x"))
    assert_refused(door, browser, browser.get(changed(back, iss="https://evil.example")))
    assert door.idp.exchanged == 0
    assert browser.get(back).status_code == 303  # the sign-in that it started is not lost


def test_nobody_is_signed_in_with_the_code_of_another(door: Door) -> None:
    """Login CSRF: the attacker has a victim's browser open the answer to his own sign-in."""
    attacker, victim = door.browser(), door.browser()
    back = door.start(attacker)
    assert_refused(door, victim, victim.get(back))
    door.start(victim)
    assert_refused(door, victim, victim.get(back))
    assert door.idp.exchanged == 0


def test_a_code_signs_in_once(door: Door) -> None:
    browser = door.browser()
    back = door.start(browser)
    thief = Browser(door.client, browser.cookie)
    assert browser.get(back).status_code == 303
    assert_refused(door, thief, thief.get(back))
    other = door.browser()
    later = door.start(other)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert_refused(door, other, other.get(changed(later, code=code)))


def test_an_id_token_of_another_sign_in_is_refused(door: Door) -> None:
    wrong: list[dict[str, Any]] = [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": AUDIENCE},
        {"azp": "another-client"},
        {"iss": NAME},
        {"exp": 1},
        {"sub": "ada\n"},
    ]
    browser = door.browser()
    for claims in wrong:
        door.idp.person = claims
        assert_refused(door, browser, door.sign_in(browser))


def test_what_the_issuer_refuses_is_refused(door: Door) -> None:
    browser = door.browser()
    state = parse_qs(urlsplit(door.start(browser)).query)["state"][0]
    refused = f"/sign-in/oidc/callback?error=access_denied&state={state}"
    assert_refused(door, browser, browser.get(refused))


def test_signing_in_leads_to_no_other_site(door: Door) -> None:
    for address in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:1",
        "/\t/evil.example",
    ):
        assert door.sign_in(door.browser(), address).headers["location"] == "/"


def test_a_refused_answer_leaves_a_form_that_works(door: Door) -> None:
    browser = door.browser()
    browser.get("/sign-in/oidc/callback?code=x&state=y")
    assert browser.sign_in(door.bench.key()).status_code == 303


def test_a_session_does_not_outlive_its_issuer_in_the_configuration(door: Door) -> None:
    browser = door.browser()
    door.sign_in(browser)
    assert Browser(door.bench.client, browser.cookie).get("/").status_code == 401


def test_more_groups_than_a_cookie_holds_sign_nobody_in(door: Door) -> None:
    browser = door.browser()
    door.idp.person = {"groups": [f"team:{number:030}" for number in range(200)]}
    done = door.sign_in(browser)
    assert done.status_code == 403
    assert "more groups" in done.text
    assert browser.get("/").status_code == 401


def test_failed_sign_ins_are_counted(door: Door) -> None:
    services = replace(
        door.client.app.state.services,  # type: ignore[attr-defined]
        limits=Limits(per_minute=100, concurrent=10, refusals_per_minute=2),
    )
    browser = Browser(TestClient(create_app(services)))
    seen = [browser.get("/sign-in/oidc/callback?code=x&state=y").status_code for _ in range(3)]
    assert seen == [401, 401, 429]


def test_an_issuer_that_is_not_as_it_should_be_is_not_used(
    idp: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = idp.discovery()
    described: list[dict[str, Any]] = [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://id.example/token"},
        {"authorization_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    ]
    for change in described:
        monkeypatch.setattr(idp, "discovery", lambda change=change: {**good, **change})
        with pytest.raises(IssuerUnavailable):
            IssuerClient(idp.base, timeout=5).endpoints()


def test_who_cannot_sign_in_at_the_issuer_sees_why(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door.idp, "discovery", dict)
    done = door.browser().get("/sign-in/oidc")
    assert done.status_code == 503
    assert "identity provider" in done.text
    assert 'name="key"' in done.text


def test_an_issuer_that_fails_is_left_alone_for_a_while() -> None:
    now = [100.0]
    client = IssuerClient("http://127.0.0.1:1", timeout=1, clock=lambda: now[0])
    for moment in (100.0, 109.0):
        now[0] = moment
        with pytest.raises(IssuerUnavailable):
            client.endpoints()
    with pytest.raises(IssuerUnavailable, match="a moment ago"):
        client.endpoints()
    now[0] = 111.0
    with pytest.raises(IssuerUnavailable, match="cannot be reached"):
        client.endpoints()
