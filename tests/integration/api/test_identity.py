"""Who is asking, tried with real tokens, a real issuer and a real server: what must not get in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.settings.access import (
    AnonymousSettings,
    IdentitySettings,
    OidcSettings,
    ProxySettings,
)
from tests.issuer import AUDIENCE, NAME, Issuer, issuer, new_key
from tests.serving import Served, service_over

FILES = {
    "checkout.md": "---\nacl: [team:payments]\n---\n# Checkout\n\nrestart the broker\n",
    "open.md": "---\nacl: [public]\n---\n# Open\n\nrestart the broker\n",
    "secret.md": "---\nacl: [team:security]\n---\n# Secret\n\nrestart the broker\n",
}
ALL = {"checkout.md", "open.md", "secret.md"}


def oidc(idp: Issuer, **changed: Any) -> OidcSettings:
    return OidcSettings(
        issuer=NAME,
        audience=AUDIENCE,
        jwks_url=idp.url,
        **{"leeway_seconds": 5, "pause_seconds": 0, **changed},
    )


@pytest.fixture(scope="module")
def idp() -> Iterator[Issuer]:
    with issuer() as made:
        yield made


@pytest.fixture(scope="module")
def service(idp: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    identity = IdentitySettings(
        oidc=oidc(idp), rights={"team:platform-admins": frozenset({"admin"})}
    )
    groups = {"role:sre": ["team:security"]}
    folder = tmp_path_factory.mktemp("oidc")
    with service_over(folder, FILES, identity=identity, groups=groups) as made:
        yield made


def ask(service: Served, headers: dict[str, str] | list[tuple[str, str]]) -> httpx.Response:
    return service.client.get("/v1/documents", headers=headers)


def listed(service: Served, token: str) -> set[str]:
    answer = ask(service, {"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return {item["path"] for item in answer.json()["documents"]}


def assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:runbook:problem:unauthenticated"


# --- OpenID Connect


def test_a_token_reads_what_its_groups_may_read(service: Served, idp: Issuer) -> None:
    assert listed(service, idp.token()) == {"checkout.md", "open.md"}
    assert listed(service, idp.token(groups=["role:sre"])) == {"open.md", "secret.md"}
    assert listed(service, idp.token(groups=[])) == set()
    assert listed(service, idp.token(groups=None)) == set()
    assert listed(service, service.key("team:payments")) == {"checkout.md", "open.md"}


def test_rights_come_from_the_table_alone(service: Served, idp: Issuer) -> None:
    assert listed(service, idp.token(groups=["team:platform-admins"])) == ALL
    claims: dict[str, Any] = {
        "rights": ["admin"],
        "administrator": True,
        "scope": "admin",
        "groups": ["admin"],
    }
    assert listed(service, idp.token(**claims)) == {"open.md"}


def test_groups_that_are_no_tags_are_dropped_and_counted(service: Served, idp: Issuer) -> None:
    def dropped() -> float:
        text = service.client.get("/metrics").text
        name = "runbook_identity_groups_dropped_total "
        return float(text.split(f"\n{name}")[1].split("\n")[0])

    before = dropped()
    hostile = ["TEAM:PAYMENTS", "team:pаyments", " team:payments", "Public", 7, None, ["team:x"]]  # noqa: RUF001 - a Cyrillic letter
    assert listed(service, idp.token(groups=hostile)) == {"open.md"}  # TEAM:PAYMENTS is another tag
    assert dropped() == before + len(hostile) - 1
    assert listed(service, idp.token(groups={"team:payments": True})) == set()


def test_a_forged_token_is_refused(service: Served, idp: Issuer) -> None:
    stranger = jwt.encode(idp.claims(), new_key(), "RS256", headers={"kid": "one"})
    head, body, signature = idp.token().split(".")
    more = json.dumps({**idp.claims(), "groups": ["team:security"]}).encode()
    changed = base64.urlsafe_b64encode(more).rstrip(b"=").decode()
    forged = [
        stranger,
        f"{head}.{changed}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.{signature}.{signature}",
        "a.b.c",
        "..",
        "." * 20_000,
    ]
    for token in forged:
        assert_refused(ask(service, {"Authorization": f"Bearer {token}"}))


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "never"},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"iss": "https://id.example.evil"},
        {"iss": None},
        {"aud": "another-service"},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "x" * 300},
    ],
)
def test_an_expired_or_misdirected_token_is_refused(
    service: Served, idp: Issuer, changed: dict[str, Any]
) -> None:
    assert_refused(ask(service, {"Authorization": f"Bearer {idp.token(**changed)}"}))


def test_a_token_may_be_a_little_late(service: Served, idp: Issuer) -> None:
    assert listed(service, idp.token(exp=int(time.time()) - 1))


def test_no_algorithm_but_the_pinned_ones_counts(service: Served, idp: Issuer) -> None:
    public = idp.keys["one"].public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def signed_with_the_public_key(alg: str) -> str:
        head = {"alg": alg, "typ": "JWT", "kid": "one"}
        parts = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
            for part in (head, idp.claims())
        ]
        mac = hmac.new(pem, b".".join(parts), hashlib.sha256).digest()
        return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()

    none = jwt.encode(idp.claims(), "", "none", headers={"kid": "one"})
    curve = ec.generate_private_key(ec.SECP256R1())
    tricks = [
        none,
        none + "AAAA",
        signed_with_the_public_key("HS256"),
        signed_with_the_public_key("none"),
        signed_with_the_public_key("RS256"),
        jwt.encode(idp.claims(), curve, "ES256", headers={"kid": "one"}),
        jwt.encode(idp.claims(), idp.keys["one"], "RS512", headers={"kid": "one"}),
        jwt.encode(idp.claims(), idp.keys["one"], "RS256"),  # names no key
        jwt.encode(idp.claims(), idp.keys["one"], "RS256", headers={"kid": "two"}),
        jwt.encode(
            idp.claims(),
            new_key(),
            "RS256",
            headers={"kid": "mine", "jku": idp.url, "x5u": idp.url},
        ),
    ]
    for token in tricks:
        assert_refused(ask(service, {"Authorization": f"Bearer {token}"}))


def test_keys_rotate_while_tokens_are_in_flight(service: Served, idp: Issuer) -> None:
    old = idp.token()
    assert listed(service, old)
    idp.keys["two"] = new_key()
    assert listed(service, idp.token("two"))
    assert listed(service, old)
    seen: list[int] = []

    def keep_asking(token: str) -> None:
        for _ in range(10):
            seen.append(ask(service, {"Authorization": f"Bearer {token}"}).status_code)

    idp.keys["three"] = new_key()
    threads = [threading.Thread(target=keep_asking, args=(idp.token(kid),)) for kid in idp.keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == [200] * 30
    stolen = idp.token("two")
    del idp.keys["two"]
    idp.keys["four"] = new_key()
    assert listed(service, idp.token("four"))  # which makes the service ask again
    assert_refused(ask(service, {"Authorization": f"Bearer {stolen}"}))


def test_an_issuer_that_is_slow_or_down_holds_up_nobody_else(service: Served, idp: Issuer) -> None:
    key, good = service.key("public"), idp.token()
    assert listed(service, good)
    idp.slow, idp.broken = 1.0, True
    try:
        unknown = jwt.encode(idp.claims(), new_key(), "RS256", headers={"kid": "unknown"})
        guess = threading.Thread(target=ask, args=(service, {"Authorization": f"Bearer {unknown}"}))
        guess.start()
        started = time.monotonic()
        assert listed(service, key) == {"open.md"}
        assert listed(service, good)
        assert time.monotonic() - started < 0.9
        guess.join(10)
    finally:
        idp.slow, idp.broken = 0.0, False


def test_a_persons_name_stands_in_no_log_metric_or_answer(
    service: Served, idp: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(service, {"Authorization": f"Bearer {idp.token(sub='ada-lovelace')}"})
    response = answer.text + str(answer.headers) + service.client.get("/metrics").text + caplog.text
    assert "lovelace" not in response
    audited = (service.services.settings.state_folder / "audit.jsonl").read_text()
    assert '"principal": "oidc:ada-lovelace"' in audited


def test_a_nested_groups_claim_is_followed_and_nothing_else_is(tmp_path: Path) -> None:
    with issuer() as idp:
        identity = IdentitySettings(
            oidc=oidc(idp, groups_claim=("realm_access", "roles")), api_keys=False
        )
        with service_over(tmp_path, FILES, identity=identity) as service:
            nested: dict[str, Any] = {
                "realm_access": {"roles": ["team:security"]},
                "groups": ["team:payments"],
            }
            assert listed(service, idp.token(**nested)) == {"open.md", "secret.md"}
            others: list[dict[str, Any]] = [
                {},
                {"realm_access": ["roles"]},
                {"realm_access": {"roles": 7}},
            ]
            for other in others:
                assert listed(service, idp.token(**other)) == set()
            key = service.key("team:payments")  # keys are switched off
            assert_refused(ask(service, {"Authorization": f"Bearer {key}"}))


# --- A trusted proxy


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Our client is the proxy."""
    identity = IdentitySettings(proxy=ProxySettings(addresses=(ip_network("127.0.0.1/32"),)))
    with service_over(tmp_path_factory.mktemp("proxy"), FILES, identity=identity) as made:
        yield made


def named(user: str = "ada", groups: str = "team:payments") -> dict[str, str]:
    return {"X-Forwarded-User": user, "X-Forwarded-Groups": groups}


def test_the_proxy_names_the_caller(behind_proxy: Served) -> None:
    answer = ask(behind_proxy, named(groups="team:payments, TEAM:SECURITY,"))
    assert {item["path"] for item in answer.json()["documents"]} == {"checkout.md", "open.md"}
    assert ask(behind_proxy, {"X-Forwarded-User": "ada"}).json()["documents"] == []


def test_several_credentials_are_an_error_and_never_a_choice(behind_proxy: Served) -> None:
    bearer = {"Authorization": f"Bearer {behind_proxy.key('public')}"}
    assert ask(behind_proxy, bearer).status_code == 200
    assert_refused(ask(behind_proxy, {**named(), **bearer}))
    assert_refused(ask(behind_proxy, [*named().items(), ("X-Forwarded-User", "root")]))
    assert_refused(ask(behind_proxy, [*named().items(), ("x-forwarded-groups", "team:security")]))
    assert_refused(ask(behind_proxy, {"X-Forwarded-Groups": "team:security"}))
    assert_refused(ask(behind_proxy, {}))


def test_headers_from_outside_the_proxys_addresses_are_refused(tmp_path: Path) -> None:
    identity = IdentitySettings(proxy=ProxySettings(addresses=(ip_network("10.9.8.7/32"),)))
    with service_over(tmp_path, FILES, identity=identity) as service:
        bearer = {"Authorization": f"Bearer {service.key('public')}"}
        assert_refused(ask(service, named()))
        for spoofed in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP"):
            assert_refused(ask(service, {**named(), spoofed: "10.9.8.7"}))
        assert_refused(ask(service, {**named(), **bearer}))
        assert ask(service, bearer).status_code == 200


def test_headers_are_nothing_where_no_proxy_is_configured(service: Served) -> None:
    assert_refused(ask(service, named()))
    key = {"Authorization": f"Bearer {service.key('public')}"}
    answer = ask(service, {**named(groups="team:security"), **key})
    assert {item["path"] for item in answer.json()["documents"]} == {"open.md"}


# --- Nobody


def test_an_anonymous_caller_reads_what_it_was_given_by_name(tmp_path: Path) -> None:
    anonymous = AnonymousSettings(enabled=True, groups=frozenset({"public"}))
    with service_over(tmp_path, FILES, identity=IdentitySettings(anonymous=anonymous)) as service:
        answer = ask(service, {})
        assert {item["path"] for item in answer.json()["documents"]} == {"open.md"}


def test_an_anonymous_caller_is_not_the_public(tmp_path: Path) -> None:
    anonymous = AnonymousSettings(enabled=True, groups=frozenset({"team:guests"}))
    with service_over(tmp_path, FILES, identity=IdentitySettings(anonymous=anonymous)) as service:
        assert ask(service, {}).json()["documents"] == []  # a page for `public` is not for guests
        assert service.post(None, "/v1/reindex", {}).status_code == 403
        for bad in ("", "Bearer", "Bearer x", "Bearer a.b.c", "Basic eDp5"):
            assert_refused(ask(service, {"Authorization": bad}))
