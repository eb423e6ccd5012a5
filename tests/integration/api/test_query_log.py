"""The query log: what it keeps of a question, which document was opened, and deletion."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.cli.main import cli
from api.compose.local import LOCAL_ADMINISTRATOR
from api.records.last_requests import LastRequest, LocalLastRequests
from api.records.question_policy import QuestionPolicy
from api.records.request_memory import RequestMemory, request_memory
from api.settings import Settings
from api.settings.records import FeedbackSettings
from api.workers.last_requests import SharedLastRequests
from rag.access.acl import access_filter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.feedback import FeedbackStore
from rag.adapters.catalog.query_log import QueryLog
from rag.adapters.shared_counts import SharedCounts
from rag.domain.access import Principal
from rag.domain.feedback import Asked, Opened, Score, Shown, Verdict
from rag.domain.search import SearchQuery
from tests.catalogs import open_catalog
from tests.corpus import PAGES
from tests.serving import Served, service_over

EVERYTHING = access_filter(LOCAL_ADMINISTRATOR)
START = datetime(2026, 5, 1, tzinfo=UTC)
CALLER = Principal("key:1", frozenset({"t"}))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service_over(tmp_path_factory.mktemp("queries"), PAGES) as made:
        (made.services.settings.directory / "runbook.toml").touch()
        yield made


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_catalog(tmp_path / "catalog.db")
    yield opened
    opened.close()


def queries(service: Served, *arguments: str) -> Result:
    config = service.services.settings.directory / "runbook.toml"
    return CliRunner().invoke(cli, ["--config", str(config), "queries", *arguments])


def searched(service: Served, key: str, question: str) -> dict[str, Any]:
    found: dict[str, Any] = service.post(key, "/v1/search", {"query": question}).json()
    return found


def of_request(
    service: Served, request_id: str, until: Callable[[Asked], bool] = lambda _: True
) -> Asked:
    """The request, once the service has written it and `until` is true of it."""
    deadline = time.monotonic() + 60
    while True:
        found = service.services.catalog.feedback.request(request_id, principal=None)
        if found is not None and until(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_a_request_is_kept_with_its_score_and_the_document_that_was_opened(
    service: Served,
) -> None:
    key = service.key("team:payments")
    found = searched(service, key, "roll back the checkout deploy")
    hits = found["hits"]
    other = next(hit for hit in hits if hit["document"]["id"] != hits[0]["document"]["id"])
    headers = {"Authorization": f"Bearer {key}"}
    for hit in (other, hits[0]):  # only the first one that is opened counts
        opened = service.client.get(f"/v1/documents/{hit['document']['id']}", headers=headers)
        assert opened.status_code == 200
    kept = of_request(service, found["request_id"], lambda one: one.opened_rank is not None)
    assert kept.score == hits[0]["score"]
    assert kept.similarity == pytest.approx(max(hit["scores"]["dense"] or 0 for hit in hits))
    assert kept.opened_rank == other["rank"]


def test_a_document_that_another_principal_opens_counts_for_no_request(service: Served) -> None:
    found = searched(service, service.key("team:payments"), "roll back the checkout deploy")
    document = found["hits"][0]["document"]["id"]
    headers = {"Authorization": f"Bearer {service.key('team:payments')}"}
    service.client.get(f"/v1/documents/{document}", headers=headers)
    assert of_request(service, found["request_id"]).opened_rank is None


def test_what_a_principal_asked_is_listed_and_deleted(service: Served) -> None:
    key, other = service.key("team:payments"), service.key("team:payments")
    mine, theirs = (searched(service, one, "a question of mine") for one in (key, other))
    for one, found in ((key, mine), (other, theirs)):
        rated = {"request_id": found["request_id"], "score": -1, "comment": "my words"}
        assert service.post(one, "/v1/feedback", rated).status_code == 201
    principal = of_request(service, mine["request_id"]).principal
    listed = json.loads(queries(service, "list", "--json").stdout)
    assert next(one for one in listed if one["principal"] == principal)["requests"] == 1
    done = queries(service, "delete", "--principal", principal, "--json")
    assert json.loads(done.stdout) == {"principal": principal, "requests": 1, "feedback": 1}
    catalog = service.services.catalog
    assert catalog.feedback.request(mine["request_id"], principal=None) is None
    assert [one.asked.principal for one in catalog.feedback.list()].count(principal) == 0
    assert of_request(service, theirs["request_id"]).question == "a question of mine"
    again = queries(service, "delete", "--principal", principal)
    assert again.exit_code == 5
    assert "queries list" in again.stderr


def test_a_deleted_request_does_not_return_when_its_document_is_opened(database: Database) -> None:
    store = FeedbackStore(database)
    store.remember([Asked("r", "key:1", START, "q", (Shown("c", "d", "docs", "a.md"),))])
    QueryLog(database).delete("key:1")
    store.opened([Opened("key:1", "r", 1)])
    assert store.request("r", principal=None) is None


def test_only_administrators_read_the_log(database: Database) -> None:
    FeedbackStore(database).remember([Asked("r", "key:1", START, "q")])
    log, narrow = QueryLog(database), access_filter(CALLER)
    assert log.since(START, access=narrow) == []
    assert log.principals(access=narrow) == []
    assert log.verdicts_since(START, access=narrow) == []
    assert len(log.since(START, access=EVERYTHING)) == 1


@pytest.mark.parametrize("policy", ["hash", "sample"])
def test_a_question_that_is_not_kept_is_nowhere_in_the_catalog(
    tmp_path: Path, database: Database, policy: str
) -> None:
    chosen = {"hash_questions": True} if policy == "hash" else {"sample_questions": 0.0}
    settings = Settings(directory=tmp_path, feedback=FeedbackSettings.model_validate(chosen))
    memory = request_memory(settings, FeedbackStore(database))
    for number, question in enumerate(("Where IS zyzzyva?", "where is  zyzzyva?", "and quetzal?")):
        memory.remember(f"r{number}", CALLER, question, ())
        memory.judge(f"r{number}", CALLER, Verdict(Score.BAD))
    memory.close()
    one, same, other = (
        kept.question_hash for kept in QueryLog(database).since(START, access=EVERYTHING)
    )
    assert (one == same, one == other) == (True, policy == "sample")
    with database.read() as connection:
        dump = "\n".join(connection.connection.iterdump())
    assert "requests" in dump
    assert "zyzzyva" not in dump.lower()
    if policy == "hash":
        assert (settings.state_folder / "queries.key").stat().st_mode & 0o077 == 0


def test_the_share_of_questions_that_are_kept_is_the_one_that_is_set() -> None:
    draws = iter([0.1, 0.29, 0.3, 0.9])
    policy = QuestionPolicy(sample=0.3, random=lambda: next(draws))
    assert [policy.kept("q").text for _ in range(4)] == ["q", "q", None, None]
    always = QuestionPolicy(sample=1.0, random=lambda: 0.999999)
    assert always.kept("q").text == "q"


def test_the_confidence_in_the_first_hit_is_kept(service: Served, database: Database) -> None:
    query = SearchQuery("roll back the checkout deploy", LOCAL_ADMINISTRATOR)
    first, second, *_ = service.services.engine.search(query).hits
    hits = [replace(first, probability=0.7), replace(second, probability=0.9)]
    memory = RequestMemory(FeedbackStore(database), now=lambda: START)
    memory.remember("r", CALLER, query.question, hits)
    memory.close()
    (kept,) = QueryLog(database).since(START, access=EVERYTHING)
    assert kept.confidence == 0.7


def test_a_document_opened_much_later_counts_for_no_request(database: Database) -> None:
    store, clock = FeedbackStore(database), [START]
    last = LocalLastRequests()
    memory = RequestMemory(store, now=lambda: clock[0], last=last)
    shown = Asked("r", "key:1", START, "q", (Shown("c", "d", "docs", "a.md"),))
    last.note("key:1", LastRequest.of(shown))
    store.remember([shown])
    clock[0] += timedelta(hours=2)
    memory.opened(CALLER, "d")
    memory.close()
    kept = store.request("r", principal=None)
    assert kept is not None
    assert kept.opened_rank is None


def test_a_document_counts_for_the_newest_request_whichever_worker_answered_it(
    database: Database, tmp_path: Path
) -> None:
    store = FeedbackStore(database)
    with closing(SharedCounts(tmp_path / "counts.db", "a")) as counts:
        last = [SharedLastRequests(counts) for _ in range(2)]
        workers = [RequestMemory(store, last=one) for one in last]
        for number, one in enumerate(last):
            shown = (Shown("c", "other", "docs", "b.md"), Shown("c", "d", "docs", "a.md"))
            asked = Asked(f"r{number}", "key:1", datetime.now(UTC), "q", shown)
            store.remember([asked])
            one.note("key:1", LastRequest.of(asked))
        for worker in workers:
            worker.opened(CALLER, "another")
            worker.opened(CALLER, "d")
        for worker in workers:
            worker.close()
    ranks = [store.request(f"r{number}", principal=None) for number in range(2)]
    assert [one and one.opened_rank for one in ranks] == [None, 2]


def test_feedback_waits_for_the_worker_that_answered(database: Database) -> None:
    store = FeedbackStore(database)
    asking, judging = RequestMemory(store), RequestMemory(store, seconds_to_write=60)
    asking.remember("r", CALLER, "q", ())
    assert judging.judge("r", CALLER, Verdict(Score.GOOD)).changed
    asking.close()
    judging.close()
