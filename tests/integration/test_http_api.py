"""The HTTP door on a real catalog: who gets in, what they see, and what goes wrong in words."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
import structlog
import uvicorn
from fastapi.openapi.models import OpenAPI
from starlette.testclient import TestClient

from api.audit import AuditLog
from api.http.app import create_app
from api.http.server import server_config
from api.identity.api_keys import ApiKeys
from api.identity.authenticator import OneWay
from api.limits import Limits
from api.metrics import Metrics
from api.request_memory import RequestMemory
from api.services import Services
from api.settings import SearchSection, ServerSettings, Settings
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.feedback import FeedbackStore
from rag.adapters.catalog.generations import Generations
from rag.adapters.catalog.jobs import JobStore
from rag.adapters.catalog.keys import KeyStore, Right
from rag.adapters.catalog.page_facts import PageFacts
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.schema import api_keys
from rag.adapters.catalog.writer import CatalogWriter
from rag.domain import Chunk, Command, Kind, LineSpan, Metadata, Risk
from rag.errors import IndexMissing, RunbookError, StoreError
from rag.groups import GroupHierarchy
from rag.indexing import Draft, IndexWriter
from rag.search import SearchEngine
from tests.engine import answerer_over, engine_over
from tests.fakes import HashingEmbedder, KeptLines, MemoryVectors, document, index_text

TODAY = date(2026, 9, 1)
PAYMENTS = frozenset({"team:payments"})
SEARCH = frozenset({Right.SEARCH})
MAX_BODY = 4096
PROBLEM = "application/problem+json"
type_of = "urn:runbook:problem:{}".format


def do_nothing() -> None: ...


class Bench:
    """Services over a catalog in a folder, with a client and the means to index and make keys."""

    def __init__(self, folder: Path, warm: Callable[[], None] = do_nothing) -> None:
        self.database = Database.open(folder / "catalog.db")
        generations = Generations(self.database)
        generation = generations.create("f", HashingEmbedder.fingerprint, HashingEmbedder.dimension)
        generations.promote(generation)
        embedder, vectors = HashingEmbedder(), MemoryVectors()
        reader, metrics = CatalogReader(self.database), Metrics()
        self.index = IndexWriter(CatalogWriter(self.database, generation), vectors, embedder)
        self.keys = KeyStore(self.database)
        self.audited = KeptLines()
        engine = engine_over(self.database, embedder, vectors, metrics, TODAY)
        self.services = Services(
            settings=Settings(server=ServerSettings(max_query_chars=100, max_body_bytes=MAX_BODY)),
            engine=engine,
            reader=reader,
            answerer=answerer_over(engine, reader, embedder, metrics, folder),
            keys=self.keys,
            authenticator=OneWay([ApiKeys(self.keys)], None, GroupHierarchy),
            limits=Limits(per_minute=10_000, concurrent=100, refusals_per_minute=10_000),
            audit=AuditLog(self.audited),
            metrics=metrics,
            requests=RequestMemory(FeedbackStore(self.database)),
            today=lambda: TODAY,
            warm=warm,
            jobs=JobStore(self.database),
            wake=do_nothing,
        )
        self.client = TestClient(create_app(self.services))

    def key(self, groups: frozenset[str] = PAYMENTS, rights: frozenset[str] = SEARCH) -> str:
        return self.keys.create("a key", groups, rights).key

    def caller(self, groups: frozenset[str] = PAYMENTS, rights: frozenset[str] = SEARCH) -> Caller:
        return Caller(self.client, self.key(groups, rights))


@dataclass(frozen=True)
class Caller:
    """A client with a key."""

    client: TestClient
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def get(self, path: str, **params: str | int) -> Any:
        return self.client.get(path, params=params, headers=self.headers)

    def search(self, query: str, **more: Any) -> Any:
        return self.client.post("/v1/search", json={"query": query, **more}, headers=self.headers)

    def paths(self, query: str) -> set[str]:
        return {hit["document"]["path"] for hit in self.search(query).json()["hits"]}

    def listed(self, **params: str | int) -> list[str]:
        return [item["path"] for item in self.get("/v1/documents", **params).json()["documents"]]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.services.requests.close()
    made.database.close()


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    """Three documents that share their words, for three circles of readers."""
    for path, acl in (
        ("checkout.md", ("team:payments",)),
        ("open.md", ("public",)),
        ("secret.md", ("team:security",)),
    ):
        index_text(bench.index, document(path, acl), f"rotate the gateway certificate {path}")
    return bench


def index_full(bench: Bench) -> None:
    """A document with everything that a hit can carry."""
    about = replace(
        document("payments/checkout-5xx.md", ("team:payments",)),
        metadata=Metadata(
            title="Checkout 5xx",
            kind=Kind.POSTMORTEM,
            service=("checkout-api",),
            owner="team-payments",
            severity=("sev1",),
            alerts=("CheckoutHighErrorRate",),
            tags=("rollback",),
            last_reviewed=date(2026, 2, 10),
            url="https://git.example/checkout-5xx.md",
        ),
    )
    command = Command(47, "kubectl rollout undo deploy/checkout", Risk.MUTATING)
    chunk = Chunk(
        about.id,
        0,
        "Undo the rollout of the checkout deploy.",
        ("Mitigation", "Roll back"),
        LineSpan(41, 63),
        commands=(command,),
    )
    bench.index.replace([Draft(about, (chunk,), tuple(bench.index.embed([chunk])))])


def without_request_id(response: Any) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert body.pop("request_id") == response.headers["x-request-id"]
    return body


def assert_problem(response: Any, status: int, name: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    body = without_request_id(response)
    assert (body["type"], body["status"]) == (type_of(name), status)
    return body


# --- Who gets in


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

    broken = OneWay([ApiKeys(BrokenKeys(stocked.database))], None, GroupHierarchy)
    services = replace(stocked.services, authenticator=broken)
    caller = Caller(TestClient(create_app(services)), stocked.key())
    with structlog.testing.capture_logs():
        answer = caller.search("certificate")
    assert answer.status_code == status
    assert "certificate" not in answer.text
    assert "disk gone" not in answer.text
    assert "secret" not in answer.text


# --- What they see


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


def test_absent_and_forbidden_documents_are_not_told_apart(stocked: Bench) -> None:
    caller = stocked.caller()
    forbidden = caller.get(f"/v1/documents/{document('secret.md').id}")
    absent = caller.get(f"/v1/documents/{document('never.md').id}")
    assert_problem(forbidden, 404, "not-found")
    assert without_request_id(forbidden) == without_request_id(absent)
    ids = {"x-request-id", "content-length"}
    assert {k: v for k, v in forbidden.headers.items() if k not in ids} == {
        k: v for k, v in absent.headers.items() if k not in ids
    }


def test_pages_cover_the_listing_once(bench: Bench) -> None:
    paths = [f"{number:02}-é.md" for number in range(7)]
    for path in paths:
        index_text(bench.index, document(path, ("team:payments",)), path)
        index_text(bench.index, document(f"{path}.hidden", ("team:security",)), path)
    caller, seen, cursor = bench.caller(), list[str](), ""
    while True:
        behind = {"cursor": cursor} if cursor else {}
        answer = caller.get("/v1/documents", limit=3, **behind).json()
        seen += [item["path"] for item in answer["documents"]]
        if answer["next_cursor"] is None:
            break
        cursor = answer["next_cursor"]
        assert len(answer["documents"]) == 3
    assert seen == paths


def test_a_listing_is_narrowed(bench: Bench) -> None:
    index_full(bench)
    index_text(bench.index, document("open.md", source="other"), "certificate")
    caller = bench.caller()
    assert caller.listed(kind="postmortem") == ["payments/checkout-5xx.md"]
    assert caller.listed(service="checkout-api") == ["payments/checkout-5xx.md"]
    assert caller.listed(source="other") == ["open.md"]
    assert caller.listed(source="other", kind="postmortem") == []


def test_a_hit_has_the_shape_of_the_contract(bench: Bench) -> None:
    index_full(bench)
    answer = bench.caller().search("undo rollout").json()
    [hit] = answer["hits"]
    score, scores = hit.pop("score"), hit.pop("scores")
    assert score > 0
    assert scores["dense"] > 0
    assert scores["lexical"] > 0
    assert scores["rerank"] is None
    about = document("payments/checkout-5xx.md")
    assert hit.pop("chunk_id")
    assert hit == {
        "rank": 1,
        "document": {
            "id": about.id,
            "path": "payments/checkout-5xx.md",
            "source": "s",
            "title": "Checkout 5xx",
            "kind": "postmortem",
            "service": ["checkout-api"],
            "owner": "team-payments",
            "revision": "r1",
            "url": "https://git.example/checkout-5xx.md",
        },
        "section": ["Mitigation", "Roll back"],
        "lines": [41, 63],
        "text": "Undo the rollout of the checkout deploy.",
        "freshness": {
            "status": "due",
            "updated_at": "2026-01-01T00:00:00Z",
            "last_reviewed": "2026-02-10",
            "age_days": 203,
        },
        "commands": [
            {"line": 47, "text": "kubectl rollout undo deploy/checkout", "risk": "mutating"}
        ],
    }
    assert answer["no_result"] is False
    assert answer["took_ms"] > 0


def test_a_document_comes_with_its_chunks(bench: Bench) -> None:
    index_full(bench)
    path = f"/v1/documents/{document('payments/checkout-5xx.md').id}"
    answer = bench.caller().get(path).json()
    assert answer["document"]["title"] == "Checkout 5xx"
    assert answer["document"]["alerts"] == ["CheckoutHighErrorRate"]
    assert answer["document"]["freshness"]["status"] == "due"
    [chunk] = answer["chunks"]
    assert chunk["section"] == ["Mitigation", "Roll back"]
    assert chunk["lines"] == [41, 63]
    assert chunk["commands"][0]["risk"] == "mutating"


def test_a_search_is_narrowed_and_cut(bench: Bench) -> None:
    index_full(bench)
    index_text(bench.index, document("other.md"), "undo the rollout of something else")
    caller = bench.caller()
    assert len(caller.search("rollout", k=1).json()["hits"]) == 1
    for filters in ({"kind": "note"}, {"service": "x"}, {"since": "2026-01-02"}, {"source": "x"}):
        assert caller.search("rollout", filters=filters).json()["no_result"] is True
    found = caller.search("rollout", filters={"service": "checkout-api", "since": None}).json()
    assert [hit["document"]["path"] for hit in found["hits"]] == ["payments/checkout-5xx.md"]


# --- What goes wrong


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.query"),
        ({"query": ""}, "body.query"),
        ({"query": "zebra" * 30}, "body.query"),
        ({"query": 7}, "body.query"),
        ({"query": None}, "body.query"),
        ({"query": "zebra", "k": 0}, "body.k"),
        ({"query": "zebra", "k": 101}, "body.k"),
        ({"query": "zebra", "k": "3"}, "body.k"),
        ({"query": "zebra", "k": True}, "body.k"),
        ({"query": "zebra", "k": 2.5}, "body.k"),
        ({"query": "zebra", "mode": "magic"}, "body.mode"),
        ({"query": "zebra", "principal": "root"}, "body.principal"),
        ({"query": "zebra", "filters": {"kind": "zebra"}}, "body.filters.kind"),
        ({"query": "zebra", "filters": {"acl": "x"}}, "body.filters.acl"),
        ({"query": "zebra", "filters": {"service": ""}}, "body.filters.service"),
        ({"query": "zebra", "filters": {"source": "z" * 201}}, "body.filters.source"),
        ({"query": "zebra", "filters": {"since": "zebra"}}, "body.filters.since"),
        ({"query": "zebra", "filters": {"since": 1700000000}}, "body.filters.since"),
        ({"query": "zebra", "filters": {"since": "2026-02-30"}}, "body.filters.since"),
        (["zebra"], "body"),
    ],
)
def test_a_bad_field_is_named_and_its_value_not_repeated(
    bench: Bench, body: Any, field: str
) -> None:
    answer = bench.client.post("/v1/search", json=body, headers=bench.caller().headers)
    errors = assert_problem(answer, 422, "invalid-request")["errors"]
    assert [error["field"] for error in errors] == [field]
    assert errors[0]["reason"]
    assert "zebra" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"{", 422),
        (b'{"query": "zebra \xff"}', 400),
        (b'{"query": "zebra \\ud800"}', 422),
        (b'{"zebra\\ud800": 1, "query": "q"}', 422),
        (b"[" * 4000, 400),
        (b'{"query": "q", "k": ' + b"9" * 4000 + b"}", 422),
        (b'{"query": "q", "k": NaN}', 422),
    ],
)
def test_a_hostile_body_is_a_clients_error(bench: Bench, body: bytes, status: int) -> None:
    headers = {**bench.caller().headers, "Content-Type": "application/json"}
    answer = bench.client.post("/v1/search", content=body, headers=headers)
    assert_problem(answer, status, "invalid-request" if status == 422 else "malformed-request")


def test_a_body_that_is_not_json_by_its_type_is_not_read_as_json(bench: Bench) -> None:
    headers = {**bench.caller().headers, "Content-Type": "text/plain"}
    answer = bench.client.post("/v1/search", content=b'{"query": "zebra"}', headers=headers)
    assert_problem(answer, 422, "invalid-request")


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 201},
        {"cursor": "zebra"},
        {"cursor": "é"},
        {"cursor": "A" * 9000},
        {"kind": "zebra"},
        {"servcie": "zebra"},
    ],
)
def test_a_bad_parameter_is_named(bench: Bench, params: dict[str, str | int]) -> None:
    answer = bench.caller().get("/v1/documents", **params)
    [error] = assert_problem(answer, 422, "invalid-request")["errors"]
    assert error["field"] == f"query.{next(iter(params))}"
    assert "zebra" not in answer.text


def test_a_question_with_odd_characters_is_only_a_question(stocked: Bench) -> None:
    for query in ('"', "* OR NEAR(", "\x00", "certificate\x00'; DROP TABLE", "💥" * 50, "   "):
        assert stocked.caller().search(query).status_code == 200


def test_unknown_routes_and_methods_are_problems_too(bench: Bench) -> None:
    for path in ("/nope", "/v1/nope", "/v1/documents/", "/docs"):
        assert_problem(bench.client.get(path), 404, "not-found")
    answer = bench.client.get("/v1/search")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


def test_a_body_too_large_is_refused_by_its_header_and_by_its_bytes(bench: Bench) -> None:
    headers = {**bench.caller().headers, "Content-Type": "application/json"}
    body = b'{"query": "' + b"a" * MAX_BODY + b'"}'

    def stream() -> Iterator[bytes]:
        yield from (body[start : start + 1000] for start in range(0, len(body), 1000))

    for content in (body, stream()):
        answer = bench.client.post("/v1/search", content=content, headers=headers)
        assert_problem(answer, 413, "body-too-large")
    fits = json.dumps({"query": "a"}).encode().ljust(MAX_BODY)
    assert bench.client.post("/v1/search", content=fits, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("failure", "status", "name"),
    [
        (IndexMissing("run `runbook ingest` first"), 503, "index-unavailable"),
        (StoreError("/var/secret/catalog.db is malformed"), 503, "index-unavailable"),
        (RunbookError("zebra"), 500, "internal"),
        (ValueError("zebra in the text of a document"), 500, "internal"),
    ],
)
def test_a_failure_inside_is_a_problem_that_tells_nothing(
    bench: Bench, failure: Exception, status: int, name: str
) -> None:
    class BrokenEngine(SearchEngine):
        def search(self, question: str, **options: Any) -> Any:
            raise failure

    broken = BrokenEngine(
        [],
        [],
        PageFacts(bench.database),
        bench.services.reader,
        bench.services.metrics,
        lambda: TODAY,
    )
    app = create_app(replace(bench.services, engine=broken))
    caller = Caller(TestClient(app), bench.key())
    with structlog.testing.capture_logs() as logged:
        answer = caller.search("zebra")
    assert_problem(answer, status, name)
    assert str(failure) not in answer.text
    assert [entry for entry in logged if entry["log_level"] == "error"]
    assert answer.headers["x-content-type-options"] == "nosniff"


# --- Every response


def test_a_request_keeps_its_id_if_it_is_harmless(stocked: Bench) -> None:
    caller = stocked.caller()
    given = {**caller.headers, "X-Request-ID": "deploy-7.a_B"}
    answer = stocked.client.post("/v1/search", json={"query": "certificate"}, headers=given)
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "deploy-7.a_B"


@pytest.mark.parametrize("hostile", ["", "a b", "a" * 65, "<script>", "a;b", "é".encode(), "../x"])
def test_a_hostile_request_id_is_replaced(bench: Bench, hostile: str | bytes) -> None:
    value = hostile.encode() if isinstance(hostile, str) else hostile
    answer = bench.client.get("/healthz", headers=[(b"X-Request-ID", value)])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_responses_carry_their_headers(stocked: Bench) -> None:
    caller = stocked.caller()
    answers = [
        caller.search("certificate"),
        caller.search(""),
        caller.get("/v1/documents"),
        stocked.client.get("/v1/documents"),
        stocked.client.get("/v1/nope"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)


def test_metrics_count_freshness_by_the_configured_period(bench: Bench) -> None:
    about = Metadata(title="Broker", last_reviewed=TODAY - timedelta(days=40))
    index_text(bench.index, replace(document("broker.md"), metadata=about), "restart the broker")
    settings = bench.services.settings.model_copy(
        update={"search": SearchSection(review_every_days=30)}
    )
    client = TestClient(create_app(replace(bench.services, settings=settings)))
    for asked, status in ((client, "due"), (bench.client, "fresh")):
        assert f'runbook_document_freshness{{status="{status}"}} 1.0' in asked.get("/metrics").text


def test_logs_and_metrics_hold_templates_and_no_words_of_the_caller(stocked: Bench) -> None:
    caller = stocked.caller()
    with structlog.testing.capture_logs() as logged:
        caller.search("certificate zebra")
        caller.get("/v1/documents/zebra")
        caller.get("/v1/documents", service="zebra")
        stocked.client.get("/zebra?zebra=1")
    told = [(line["method"], line["route"], line["status"]) for line in logged]
    assert told == [
        ("POST", "/v1/search", 200),
        ("GET", "/v1/documents/{document_id}", 404),
        ("GET", "/v1/documents", 200),
        ("GET", "unmatched", 404),
    ]
    key_id = caller.key.split("_")[1]
    assert [line["principal"] for line in logged] == [f"key:{key_id}"] * 3 + [None]
    assert "zebra" not in str(logged)
    assert "certificate" not in str(logged)
    metrics = stocked.client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert 'runbook_request_count_total{route="/v1/search",status="2xx"} 1.0' in metrics.text
    assert 'runbook_request_count_total{route="unmatched",status="4xx"} 1.0' in metrics.text
    assert "runbook_index_documents 3.0" in metrics.text
    for word in ("zebra", "certificate", "checkout.md", key_id, "a key", "team:"):
        assert word not in metrics.text


# --- The OpenAPI document


def validate(api: dict[str, Any], response: Any, method: str, route: str) -> None:
    """The response against what the document says of its status."""
    responses = api["paths"][route][method]["responses"]
    status = str(response.status_code)
    content = responses.get(status, responses.get(f"{status[0]}XX"))["content"]
    schema = content[response.headers["content-type"]]["schema"]
    jsonschema.validate(response.json(), {**schema, "components": api["components"]})


def test_responses_are_what_the_openapi_document_says(bench: Bench) -> None:
    index_full(bench)
    index_text(bench.index, document("open.md"), "certificate")
    api = bench.client.get("/openapi.json").json()
    OpenAPI.model_validate(api)
    caller = bench.caller()
    one = "/v1/documents/{document_id}"
    for query in ("rollout", "certificate", ""):
        validate(api, caller.search(query), "post", "/v1/search")
    validate(api, bench.client.post("/v1/search"), "post", "/v1/search")
    validate(api, caller.get("/v1/documents", limit=1), "get", "/v1/documents")
    validate(api, caller.get("/v1/documents", limit=0), "get", "/v1/documents")
    for path in ("open.md", "payments/checkout-5xx.md", "absent.md"):
        validate(api, caller.get(f"/v1/documents/{document(path).id}"), "get", one)
    validate(api, bench.client.get("/healthz"), "get", "/healthz")
    validate(api, bench.client.get("/readyz"), "get", "/readyz")


def test_every_route_under_v1_asks_for_a_bearer_token(bench: Bench) -> None:
    api = bench.client.get("/openapi.json").json()
    [(name, scheme)] = api["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    # A hook of a code host shows its own signature instead: test_webhook_routes.py.
    hooks = {path for path in api["paths"] if path.startswith("/v1/webhooks/")}
    guarded = {path for path in api["paths"] if path.startswith("/v1/")} - hooks
    assert guarded
    assert len(hooks) == 2
    for path in guarded:
        for method, operation in api["paths"][path].items():
            assert operation["security"] == [{name: []}]
            answer = bench.client.request(method, path)
            assert_problem(answer, 401, "unauthenticated")


def test_the_json_of_a_hit_needs_no_web_framework() -> None:
    loaded = "{'fastapi', 'starlette', 'pydantic'} & set(sys.modules)"
    script = f"import sys, api.http.wire; sys.exit(bool({loaded}))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# --- Readiness, and a real server


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_readiness_waits_for_the_warm_up(tmp_path: Path) -> None:
    go = threading.Event()

    def warm() -> None:
        assert go.wait(10)

    with Bench(tmp_path, warm).client as client:
        body = assert_problem(client.get("/readyz"), 503, "not-ready")
        assert body["reason"] == "warming"
        assert client.get("/healthz").json() == {"status": "ok"}
        go.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(IndexMissing("/secret/place is empty"), "IndexMissing"), (OSError("/secret"), "Error")],
)
def test_a_failed_warm_up_is_told_by_its_class_alone(
    tmp_path: Path, failure: Exception, reason: str
) -> None:
    def warm() -> None:
        raise failure

    with structlog.testing.capture_logs(), Bench(tmp_path, warm).client as client:
        wait_until(lambda: client.get("/readyz").json()["reason"] != "warming")
        answer = client.get("/readyz")
        assert assert_problem(answer, 503, "not-ready")["reason"] == reason
        assert "/secret" not in answer.text
        assert client.get("/healthz").status_code == 200


@contextmanager
def served(services: Services) -> Iterator[tuple[str, int]]:
    """The application behind a real server on a free port."""
    config = server_config(create_app(services), services.settings.limits)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started)
            host, port = listener.getsockname()
            yield host, port
        finally:
            server.should_exit = True
            thread.join(10)


def asked(
    address: tuple[str, int], method: str, path: str, body: Any, headers: dict[str, str]
) -> tuple[int, dict[str, str], Any]:
    connection = HTTPConnection(*address, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        sent = {name.lower(): value for name, value in response.getheaders()}
        return response.status, sent, json.loads(response.read())
    finally:
        connection.close()


def test_a_real_server_answers_searches_and_refuses_large_bodies(stocked: Bench) -> None:
    headers = {**stocked.caller().headers, "Content-Type": "application/json"}
    with served(stocked.services) as address:
        status, sent, answer = asked(
            address, "POST", "/v1/search", b'{"query": "certificate"}', headers
        )
        assert status == 200
        assert sent["x-request-id"] == answer["request_id"]
        assert {hit["document"]["path"] for hit in answer["hits"]} == {"checkout.md", "open.md"}
        large = b"x" * (4 * MAX_BODY)
        status, _, answer = asked(address, "POST", "/v1/search", large, headers)
        assert (status, answer["type"]) == (413, type_of("body-too-large"))
        # Too large with its last piece: a server that has answered reads no more of a body.
        pieces = (b"x" * size for size in (MAX_BODY // 2, MAX_BODY // 2, 1))
        status, _, answer = asked(address, "POST", "/v1/search", pieces, headers)
        assert (status, answer["type"]) == (413, type_of("body-too-large"))


def test_a_body_that_says_it_is_too_large_is_not_waited_for(stocked: Bench) -> None:
    with served(stocked.services) as address:
        connection = HTTPConnection(*address, timeout=10)
        connection.putrequest("POST", "/v1/search")
        for name, value in stocked.caller().headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(MAX_BODY + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_a_real_server_keeps_callers_apart_when_they_come_at_once(stocked: Bench) -> None:
    keys = [stocked.key(), stocked.key(frozenset({"team:security"}))] * 4
    readable = [{"checkout.md", "open.md"}, {"open.md", "secret.md"}] * 4
    found: list[list[set[str]]] = [[] for _ in keys]

    def ask(number: int, address: tuple[str, int]) -> None:
        headers = {"Authorization": f"Bearer {keys[number]}", "Content-Type": "application/json"}
        for _ in range(5):
            answer = asked(address, "POST", "/v1/search", b'{"query": "certificate"}', headers)[2]
            found[number].append({hit["document"]["path"] for hit in answer["hits"]})

    with served(stocked.services) as address:
        threads = [threading.Thread(target=ask, args=(n, address)) for n in range(len(keys))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert found == [[expected] * 5 for expected in readable]
