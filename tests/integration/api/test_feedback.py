"""Feedback: who may give it, what it is joined to, and how an eval case is made of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from api.cli.main import cli
from api.records.question_policy import QuestionPolicy
from api.records.request_memory import RequestMemory
from evals.suite.suite import load_suite
from rag.adapters.catalog.feedback import FeedbackStore
from rag.domain.access import Principal
from rag.domain.feedback import Asked, Score, Shown, Verdict, draft_case
from rag.errors import ConfigurationError, NotFound
from tests.catalogs import open_catalog
from tests.corpus import PAGES
from tests.serving import Served, service_over

QUESTION = "roll back the checkout deploy"
FIRST = {"id": "first", "question": "a question", "kind": "cause", "gold_documents": ["a.md"]}
AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service_over(tmp_path_factory.mktemp("feedback"), PAGES) as made:
        yield made


def asked(service: Served, key: str, request_id: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key}"}
    if request_id:
        headers["X-Request-ID"] = request_id
    answer = service.client.post("/v1/search", json={"query": QUESTION}, headers=headers)
    found: dict[str, Any] = answer.json()
    return found


def judged(service: Served, key: str | None, request_id: str, **more: Any) -> httpx.Response:
    return service.post(key, "/v1/feedback", {"request_id": request_id, "score": -1, **more})


def runbook(service: Served, *arguments: str) -> Result:
    config = service.services.settings.directory / "runbook.toml"
    config.touch()
    return CliRunner().invoke(cli, ["--config", str(config), "feedback", *arguments])


def listed(service: Served, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(runbook(service, "list", "--json", *arguments).stdout)
    return found


def test_feedback_is_joined_to_what_was_asked_and_shown(service: Served) -> None:
    key = service.key("team:payments")
    found = asked(service, key)
    chunk = found["hits"][0]["chunk_id"]
    answer = judged(service, key, found["request_id"], comment="too old", chunk_id=chunk)
    assert answer.status_code == 201
    kept = next(one for one in listed(service) if one["id"] == answer.json()["id"])
    assert kept["question"] == QUESTION
    assert kept["comment"] == "too old"
    assert kept["score"] == -1
    assert kept["chunk_id"] == chunk
    assert kept["principal"].startswith("key:")
    assert [one["chunk_id"] for one in kept["shown"]] == [hit["chunk_id"] for hit in found["hits"]]
    assert "security/rotate.md" not in json.dumps(kept)


def test_a_second_word_takes_the_place_of_the_first(service: Served) -> None:
    key = service.key("t")
    request = asked(service, key)["request_id"]
    first = judged(service, key, request).json()["id"]
    assert judged(service, key, request, score=1, comment="after all").json()["id"] == first
    [kept] = [one for one in listed(service) if one["request_id"] == request]
    assert (kept["score"], kept["comment"]) == (1, "after all")


def test_nobody_judges_the_request_of_another_or_learns_of_it(service: Served) -> None:
    owner, other = service.key("team:payments"), service.key("team:payments")
    found = asked(service, owner)
    foreign = judged(service, other, found["request_id"])
    absent = judged(service, other, "never-was")
    unshown = judged(service, owner, found["request_id"], chunk_id="0" * 32)
    for answer in (foreign, absent, unshown):
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:runbook:problem:not-found"
    assert judged(service, None, found["request_id"]).status_code == 401
    administrator = service.key(rights=("admin",))
    assert judged(service, administrator, found["request_id"]).status_code == 201


def test_a_request_id_that_two_callers_chose_names_two_requests(service: Served) -> None:
    one, two = service.key("team:payments"), service.key("team:security")
    asked(service, one, "mine")
    asked(service, two, "mine")
    number = judged(service, one, "mine").json()["id"]
    kept = next(found for found in listed(service) if found["id"] == number)
    assert "security/rotate.md" not in json.dumps(kept)
    other = judged(service, two, "mine").json()["id"]
    assert other != number


@pytest.mark.parametrize(
    "body",
    [
        {"score": 0},
        {"score": 2},
        {"score": "good"},
        {"comment": "x" * 2001},
        {"comment": "\ud800"},
        {"principal": "root"},
    ],
)
def test_what_is_no_feedback_is_refused(service: Served, body: dict[str, Any]) -> None:
    key = service.key("t")
    content = json.dumps({"request_id": "r", "score": 1, **body}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    assert service.client.post("/v1/feedback", content=content, headers=headers).status_code == 422


def test_verdicts_are_counted_without_labels(service: Served) -> None:
    def counted(line: str) -> float:
        text = service.client.get("/metrics").text
        return float(next(one for one in text.splitlines() if one.startswith(line)).split()[-1])

    bad, every = (
        'runbook_user_feedback_score_bucket{le="-1.0"}',
        "runbook_user_feedback_score_count",
    )
    before = counted(bad), counted(every)
    key = service.key("t")
    request = asked(service, key)["request_id"]
    judged(service, key, request)
    judged(service, key, request)  # said again is not said by two
    judged(service, key, request, comment="too old")
    judged(service, key, request, score=1)
    assert (counted(bad), counted(every)) == (before[0] + 1, before[1] + 2)


def test_a_bad_answer_becomes_a_draft_of_an_eval_case(service: Served, tmp_path: Path) -> None:
    key = service.key("team:payments")
    request = asked(service, key)["request_id"]
    number = judged(service, key, request, comment="not this page").json()["id"]
    suite = tmp_path / "questions.jsonl"
    suite.write_text(json.dumps(FIRST))  # no newline at its end
    assert runbook(service, "to-case", str(number), "--suite", str(suite)).exit_code == 0
    first, case = [json.loads(line) for line in suite.read_text().splitlines()]
    assert first == FIRST
    assert case["id"] == f"feedback-{number}"
    assert case["question"] == QUESTION
    assert case["gold_documents"] == []
    assert case["draft"] is True
    assert case["must_pass"] is False
    assert case["notes"]["comment"] == "not this page"
    assert "payments/checkout-5xx.md" in case["notes"]["shown"]
    again = runbook(service, "to-case", str(number), "--suite", str(suite))
    assert isinstance(again.exception, ConfigurationError)
    assert len(suite.read_text().splitlines()) == 2
    assert_loads_once_it_has_gold(tmp_path, [first, case])
    assert isinstance(
        runbook(service, "to-case", "999999", "--suite", str(suite)).exception, NotFound
    )


def assert_loads_once_it_has_gold(folder: Path, cases: list[dict[str, Any]]) -> None:
    """A draft is never counted in silence; finished, it is a question of the suite."""
    (folder / "pages").mkdir()
    (folder / "suite.toml").write_text(
        'name = "ours"\ncorpus = "pages"\n[personas]\nadmin = "administrator"\n'
    )
    with pytest.raises(ConfigurationError, match="gold"):
        load_suite(folder)
    for case in cases:
        case.pop("draft", None)
    cases[-1]["gold_documents"] = ["payments/checkout-5xx.md"]
    (folder / "questions.jsonl").write_text("\n".join(json.dumps(case) for case in cases))
    assert [question.text for question in load_suite(folder).questions] == ["a question", QUESTION]


def test_a_list_for_people_shows_the_bad_ones(service: Served) -> None:
    key = service.key("t")
    request = asked(service, key)["request_id"]
    judged(service, key, request, comment="wrong\x1b[31m page")
    output = runbook(service, "list", "--bad").stdout
    assert "wrong\\x1b[31m page" in output
    assert "good" not in {line.split()[1] for line in output.splitlines() if line[:1].isdigit()}


def test_a_good_answer_names_its_page(store: FeedbackStore) -> None:
    shown = (Shown("c1", "d1", "s", "a.md"), Shown("c2", "d2", "s", "b.md"))
    judged = store.judge(
        Asked("r", "p", AT, "q", shown, "answer@3", "m"), Verdict(Score.GOOD, "", "c2"), AT
    )
    found = store.get(judged.id)
    assert found is not None
    case = draft_case(found, "q")
    assert case["gold_documents"] == ["b.md"]
    assert case["notes"]["prompt"] == "answer@3"


# --- What is remembered


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    database = open_catalog(tmp_path / "catalog.db")
    yield FeedbackStore(database)
    database.close()


CALLER = Principal("key:1", frozenset({"t"}))


def test_a_request_is_found_before_and_after_it_is_written(store: FeedbackStore) -> None:
    memory = RequestMemory(store)
    memory.remember("r", CALLER, "q", ())
    assert memory.judge("r", CALLER, Verdict(Score.GOOD)).changed
    memory.close()
    kept = store.request("r", principal="key:1")
    assert kept is not None
    assert kept.question == "q"
    later = RequestMemory(store)
    assert later.judge("r", CALLER, Verdict(Score.BAD)).changed
    with pytest.raises(NotFound):
        later.judge("r", Principal("key:2", frozenset({"t"})), Verdict(Score.BAD))
    later.close()


def test_requests_are_written_without_waiting_for_the_end(store: FeedbackStore) -> None:
    memory = RequestMemory(store)
    memory.remember("r", CALLER, "q", ())
    deadline = time.monotonic() + 20
    while store.request("r", principal=None) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    memory.close()


def test_questions_need_not_be_kept(store: FeedbackStore) -> None:
    memory = RequestMemory(store, questions=QuestionPolicy(keep=False))
    memory.remember("r", CALLER, "a private matter", (), prompt="answer@1", model="m")
    memory.judge("r", CALLER, Verdict(Score.BAD))
    memory.close()
    [kept] = store.list()
    assert kept.asked.question is None
    assert kept.asked.prompt == "answer@1"


def test_old_requests_are_forgotten_and_their_feedback_is_not(store: FeedbackStore) -> None:
    old, new = AT - timedelta(days=40), AT - timedelta(days=1)
    store.remember([Asked("old", "p", old, "q"), Asked("new", "p", new, "q")])
    store.judge(Asked("old", "p", old, "q"), Verdict(Score.BAD), old)
    memory = RequestMemory(store, now=lambda: AT)
    memory.remember("now", CALLER, "q", ())
    memory.close()
    assert store.request("old", principal=None) is None
    assert store.request("new", principal=None) is not None
    assert [one.asked.id for one in store.list()] == ["old"]


def test_the_oldest_of_too_many_requests_are_forgotten(store: FeedbackStore) -> None:
    store.remember([Asked(f"r{n}", "p", AT + timedelta(minutes=n), "q") for n in range(9)])
    store.prune(AT, older_than=timedelta(days=1), beyond=3)
    left = [n for n in range(9) if store.request(f"r{n}", principal="p")]
    assert left == [6, 7, 8]
