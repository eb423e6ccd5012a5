"""The HTTP door over a real catalog in a folder, with callers and what tests say of answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.compose.incidents import make_incident_service
from api.compose.search_path import utc_now
from api.compose.services import Services
from api.http.app import create_app
from api.identity.api_keys import ApiKeys
from api.identity.authenticator import CombinedAuthenticator
from api.limits import Limits
from api.records.audit import AuditLog
from api.records.metrics import Metrics
from api.records.request_memory import RequestMemory
from api.settings import ServerSettings, Settings
from rag.access.groups import GroupHierarchy
from rag.adapters.catalog.alert_claims import CatalogClaims
from rag.adapters.catalog.catalog import Catalog
from rag.adapters.catalog.feedback import FeedbackStore
from rag.adapters.catalog.generation_store import Generations
from rag.adapters.catalog.jobs import JobStore
from rag.adapters.catalog.keys import KeyStore
from rag.adapters.catalog.reader import CatalogReader
from rag.adapters.catalog.writer import CatalogWriter
from rag.alerts.matching import AlertMatcher
from rag.alerts.open_alerts import OnePayload
from rag.alerts.triage import AlertTriage
from rag.domain.access import Right
from rag.domain.documents import Chunk, Command, Kind, LineSpan, Metadata, Risk
from rag.indexing.write_protocol import Draft, IndexWriter
from tests.catalogs import open_catalog
from tests.engine import answerer_over, engine_over
from tests.fakes import HashingEmbedder, KeptLines, MemoryVectors, document

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
        self.database = open_catalog(folder / "catalog.db")
        generations = Generations(self.database)
        generation = generations.create("f", HashingEmbedder.fingerprint, HashingEmbedder.dimension)
        generations.promote(generation)
        embedder, vectors = HashingEmbedder(), MemoryVectors()
        reader, metrics = CatalogReader(self.database), Metrics()
        self.index = IndexWriter(CatalogWriter(self.database, generation), vectors, embedder)
        self.keys = KeyStore(self.database)
        self.audited = KeptLines()
        engine = engine_over(self.database, embedder, vectors, metrics, TODAY)
        server = ServerSettings(max_query_chars=100, max_body_bytes=MAX_BODY)
        settings = Settings(directory=folder, server=server)
        matcher = AlertMatcher(
            engine,
            CatalogClaims(self.database),
            reader,
            FeedbackStore(self.database),
            lambda: TODAY,
            timedelta(days=180),
        )
        self.services = Services(
            settings=settings,
            engine=engine,
            reader=reader,
            alerts=AlertTriage(matcher, reader, OnePayload()),
            incidents=make_incident_service(settings, engine, matcher, reader, utc_now),
            answerer=answerer_over(engine, reader, embedder, metrics, folder),
            keys=self.keys,
            authenticator=CombinedAuthenticator([ApiKeys(self.keys)], None, GroupHierarchy),
            limits=Limits(per_minute=10_000, concurrent=100, refusals_per_minute=10_000),
            audit=AuditLog(self.audited),
            metrics=metrics,
            requests=RequestMemory(FeedbackStore(self.database)),
            today=lambda: TODAY,
            now=utc_now,
            warm=warm,
            jobs=JobStore(self.database),
            catalog=Catalog(self.database),
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


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
