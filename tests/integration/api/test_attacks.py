"""What an attacker with a key of its own would try on a running service, one test each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from rag.domain.documents import document_id
from rag.errors import InvalidTag
from tests.serving import Served, service_over

SECRET = "zqsecret"
FILES = {
    "open.md": "---\nservice: web\nacl: [public]\n---\n# Open\n\nrestart the broker\n",
    "a.md": "---\nservice: web\nacl: [team:a]\n---\n# Alpha\n\nrestart the broker\n",
    f"{SECRET}.md": f"---\ntitle: {SECRET} title\nservice: {SECRET}-svc\nowner: {SECRET}-owner\n"
    f"alerts: [{SECRET}Alert]\nacl: [team:security]\n---\n# X\n\nrestart the {SECRET} broker\n",
}
HIDDEN = document_id("docs", f"{SECRET}.md")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service_over(tmp_path_factory.mktemp("attacks"), FILES) as made:
        yield made


@pytest.fixture(scope="module")
def key(service: Served) -> str:
    return service.key("team:a")


def get(at: Served, key: str, path: str, **params: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return at.client.get(path, params=params, headers=headers)


def found(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {hit["document"]["path"] for hit in answer.json()["hits"]}


@pytest.mark.parametrize(
    "identity",
    [
        f"../{SECRET}.md",
        f"..%2f{SECRET}.md",
        f"docs/{SECRET}.md",
        f"{HIDDEN}/../{HIDDEN}",
        HIDDEN.upper(),
        f"{HIDDEN}\x00",
        f"{HIDDEN} ",
        f"{HIDDEN[:-1]}%",
        f"{HIDDEN[:-1]}_",
        "%",
        "' OR 1=1 --",
        "*",
        "/etc/passwd",
        "file:///etc/passwd",
    ],
)
def test_no_id_is_a_path_or_a_pattern(service: Served, key: str, identity: str) -> None:
    for address in (quote(identity, safe=""), quote(identity)):
        answer = get(service, key, f"/v1/documents/{address}")
        assert answer.status_code == 404
        assert SECRET not in answer.text


def test_not_there_and_not_yours_are_one_answer(service: Served, key: str) -> None:
    def answer_for(identity: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        answer = get(service, key, f"/v1/documents/{identity}")
        body = {k: v for k, v in answer.json().items() if k != "request_id"}
        headers = {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "date")}
        return answer.status_code, headers, body

    assert answer_for(HIDDEN) == answer_for(document_id("docs", "never.md")) == answer_for("x")


@pytest.mark.parametrize(
    "value",
    [
        f"{SECRET}-svc",
        "' OR '1'='1",
        '") OR (1=1',
        "web' UNION SELECT title FROM versions --",
        "%",
        "*",
        '{"$ne": ""}',
        '"web" OR acl_set > 0',
        "web\x00",
        "\uff57\uff45\uff42",
    ],
)
def test_no_filter_is_more_than_a_value(service: Served, key: str, value: str) -> None:
    for name in ("service", "source"):
        answer = service.post(key, "/v1/search", {"query": "broker", "filters": {name: value}})
        assert found(answer) == set()
        listing = get(service, key, "/v1/documents", **{name: value})
        assert listing.json() == {"documents": [], "next_cursor": None}
    for name in ("kind", "since"):
        body = {"query": "broker", "filters": {name: value}}
        refused = service.post(key, "/v1/search", body)
        assert refused.status_code == 422
        assert SECRET not in refused.text
    for shape in ({"$ne": "x"}, ["web"], 1, True):
        body = {"query": "broker", "filters": {"service": shape}}
        assert service.post(key, "/v1/search", body).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        f'"{SECRET}"',
        f"{SECRET}*",
        f"title:{SECRET}",
        f"broker OR {SECRET}",
        f"NEAR({SECRET} broker)",
        f"broker'; DROP TABLE chunks; --{SECRET}",
        f"{SECRET}Alert",
    ],
)
def test_no_question_reaches_past_its_filter(service: Served, key: str, query: str) -> None:
    for mode in ("hybrid", "dense", "lexical"):
        body = {"query": query, "k": 100, "mode": mode, "explain": True}
        answer = service.post(key, "/v1/search", body)
        assert SECRET not in answer.text
        assert found(answer) <= {"open.md", "a.md"}


@pytest.mark.parametrize(
    "lookalike",
    [
        "team:\u0430",  # a Cyrillic letter
        "team\uff1aa",  # a full-width colon
        "team:\uff41",
        "team:a\u200b",
        " team:a",
        "team:a ",
        "team:a\n",
        "team:a\x00",
        "PUBLIC",
        "\u1d56ublic",
    ],
)
def test_no_group_that_looks_like_another_is_made(service: Served, lookalike: str) -> None:
    with pytest.raises(InvalidTag):
        service.key(lookalike)


def test_case_makes_another_group(service: Served) -> None:
    for group in ("Team:a", "TEAM:A", "team:A"):
        answer = service.post(service.key(group), "/v1/search", {"query": "broker", "k": 100})
        assert found(answer) == {"open.md"}


def test_a_principal_with_500_groups_reads_what_each_of_them_may(service: Served) -> None:
    many = [f"team:{'x' * 60}-{number}" for number in range(499)]
    for groups, expected in (
        (["team:a", *many], {"open.md", "a.md"}),
        ([*many, "team:security"], {"open.md", f"{SECRET}.md"}),
        (many, {"open.md"}),
    ):
        key = service.key(*groups)
        for mode in ("hybrid", "dense", "lexical"):
            body = {"query": "broker", "k": 100, "mode": mode}
            assert found(service.post(key, "/v1/search", body)) == expected
        listing = get(service, key, "/v1/documents").json()["documents"]
        assert {item["path"] for item in listing} == expected


def test_a_request_id_is_no_way_into_a_log_or_a_header(service: Served, key: str) -> None:
    for hostile in ("a b", "x" * 65, "<script>", '{"a":1}'):
        headers = {"Authorization": f"Bearer {key}", "X-Request-ID": hostile}
        answer = service.client.get("/v1/documents", headers=headers)
        assert hostile not in str(answer.headers) + answer.text


def test_open_routes_tell_no_words(service: Served, key: str) -> None:
    service.post(key, "/v1/search", {"query": f"{SECRET} peculiar"})
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/nowhere", "/v1/x"):
        response = service.client.get(path)
        for word in (SECRET, "peculiar", "team:", HIDDEN, json.dumps("docs")):
            assert word not in response.text
