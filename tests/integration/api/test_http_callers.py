"""Who gets in at the HTTP door, and what each caller sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from api.http.app import create_app
from api.identity.api_keys import ApiKeys
from api.identity.authenticator import CombinedAuthenticator
from rag.access.groups import GroupHierarchy
from rag.adapters.catalog.keys import KeyStore
from rag.adapters.catalog.schema import api_keys
from rag.domain.access import Right
from rag.errors import StoreError
from tests.fakes import document
from tests.http_bench import (
    MAX_BODY,
    PAYMENTS,
    Bench,
    Caller,
    assert_problem,
    without_request_id,
)


@pytest.mark.parametrize("method", ["search", "documents", "document"])
def test_nobody_gets_in_without_a_valid_key(stocked: Bench, method: str) -> None:
    valid = stocked.key()
    revoked = stocked.keys.create("gone", PAYMENTS)
    stocked.keys.revoke(revoked.id)
    bad = [
        {},
        {"Authorization": ""},
        {"Authorization": valid},
        {"Authorization": f"Basic {valid}"},
        {"Authorization": f"Bearer {valid} {valid}"},
        {"Authorization": f"Bearer {valid}, Bearer {valid}"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {valid[:-1]}"},
        {"Authorization": f"Bearer rbk_{'0' * 12}_{'a' * 43}"},
        {"Authorization": f"Bearer {revoked.key}"},
    ]
    ask: dict[str, Callable[[dict[str, str]], Any]] = {
        "search": lambda headers: stocked.client.post(
            "/v1/search", json={"query": "certificate"}, headers=headers
        ),
        "documents": lambda headers: stocked.client.get("/v1/documents", headers=headers),
        "document": lambda headers: stocked.client.get("/v1/documents/x", headers=headers),
    }
    answers = [ask[method](headers) for headers in bad]
    for answer in answers:
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert len({json.dumps(without_request_id(answer)) for answer in answers}) == 1
    assert ask[method]({"Authorization": f"bearer {valid}"}).status_code in (200, 404)


def test_two_credentials_are_no_credential(stocked: Bench) -> None:
    header = ("Authorization", f"Bearer {stocked.key()}")
    assert_problem(
        stocked.client.get("/v1/documents", headers=[header, header]), 401, "unauthenticated"
    )


def test_an_expired_key_is_refused(stocked: Bench) -> None:
    made = stocked.keys.create("n", PAYMENTS, expires_at=datetime.now(UTC) + timedelta(hours=1))
    caller = Caller(stocked.client, made.key)
    assert caller.get("/v1/documents").status_code == 200
    past = datetime.now(UTC) - timedelta(seconds=1)
    with stocked.database.write() as connection:
        connection.execute(api_keys.update().values(expires_at=past.isoformat()))
    assert_problem(caller.get("/v1/documents"), 401, "unauthenticated")


def test_a_revocation_counts_from_the_next_request_on(stocked: Bench) -> None:
    made = stocked.keys.create("n", PAYMENTS)
    caller = Caller(stocked.client, made.key)
    assert caller.paths("certificate")
    stocked.keys.revoke(made.id)
    assert_problem(caller.search("certificate"), 401, "unauthenticated")


def test_a_key_without_the_search_right_is_known_and_refused(stocked: Bench) -> None:
    caller = stocked.caller(rights=frozenset({Right.INDEX}))
    assert_problem(caller.search("certificate"), 403, "forbidden")
    assert_problem(caller.get("/v1/documents"), 403, "forbidden")
    assert_problem(caller.get("/v1/documents/x"), 403, "forbidden")


def test_the_caller_is_known_before_the_body_is_looked_at(stocked: Bench) -> None:
    for body in (b"{", b"x" * (MAX_BODY + 1), b'{"k": 0}'):
        answer = stocked.client.post("/v1/search", content=body)
        assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize(
    ("failure", "status"), [(StoreError("disk gone"), 503), (KeyError("secret"), 500)]
)
def test_a_failure_while_checking_a_key_lets_nobody_in(
    stocked: Bench, failure: Exception, status: int
) -> None:
    class BrokenKeys(KeyStore):
        def authenticate(self, key: str, now: datetime) -> Any:
            raise failure

    broken = CombinedAuthenticator([ApiKeys(BrokenKeys(stocked.database))], None, GroupHierarchy)
    services = replace(stocked.services, authenticator=broken)
    caller = Caller(TestClient(create_app(services)), stocked.key())
    with structlog.testing.capture_logs():
        answer = caller.search("certificate")
    assert answer.status_code == status
    assert "certificate" not in answer.text
    assert "disk gone" not in answer.text
    assert "secret" not in answer.text


def test_every_hit_is_readable_by_its_caller(stocked: Bench) -> None:
    for mode in ("hybrid", "dense", "lexical"):
        found = stocked.caller().search("gateway certificate", mode=mode).json()["hits"]
        assert {hit["document"]["path"] for hit in found} == {"checkout.md", "open.md"}
    nosy = stocked.caller(frozenset({"team:other"}))
    assert nosy.paths("gateway certificate secret.md") == {"open.md"}
    administrator = stocked.caller(frozenset(), frozenset({Right.ADMIN}))
    assert administrator.paths("certificate") == {"checkout.md", "open.md", "secret.md"}


def test_a_key_without_groups_finds_nothing_at_all(stocked: Bench) -> None:
    caller = stocked.caller()
    with stocked.database.write() as connection:
        connection.execute(api_keys.update().values(groups="[]"))
    answer = caller.search("certificate").json()
    assert answer["hits"] == []
    assert answer["no_result"] is True
    assert caller.get("/v1/documents").json() == {"documents": [], "next_cursor": None}
    assert_problem(caller.get(f"/v1/documents/{document('open.md').id}"), 404, "not-found")


def test_a_listing_shows_nothing_of_what_others_may_read(stocked: Bench) -> None:
    caller = stocked.caller()
    assert caller.listed() == ["checkout.md", "open.md"]
    answer = caller.get("/v1/documents", limit=2).json()
    assert answer["next_cursor"] is None  # the third document is not hinted at
    assert "secret" not in json.dumps(answer)
    assert "team:" not in json.dumps(answer)


def test_absent_and_forbidden_documents_are_not_distinguished(stocked: Bench) -> None:
    caller = stocked.caller()
    forbidden = caller.get(f"/v1/documents/{document('secret.md').id}")
    absent = caller.get(f"/v1/documents/{document('never.md').id}")
    assert_problem(forbidden, 404, "not-found")
    assert without_request_id(forbidden) == without_request_id(absent)
    ids = {"x-request-id", "content-length"}
    assert {k: v for k, v in forbidden.headers.items() if k not in ids} == {
        k: v for k, v in absent.headers.items() if k not in ids
    }
