"""Which page comes first, and why: every signal over a real catalog."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from rag.access.acl import access_filter
from rag.adapters.catalog.reader import CatalogReader
from rag.answering.context import ContextBuilder
from rag.domain.documents import Kind
from rag.domain.search import Mode, SearchQuery, SearchResult
from rag.ports import Vector
from rag.retrieval.synonyms import parse_synonyms
from tests.engine import engine_over
from tests.fakes import CountingObserver, HashingEmbedder
from tests.shelf import READER, TODAY, Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.database.close()


def paths(result: SearchResult) -> list[str]:
    return list(dict.fromkeys(hit.document.path for hit in result.hits))


@pytest.mark.parametrize(
    "question",
    [
        "KubePodCrashLooping",
        "what do I do about KubePodCrashLooping on broker proxy cache",
        "pod crash looping",
    ],
)
def test_a_page_is_found_by_its_alerts_name_whole_and_in_parts(shelf: Shelf, question: str) -> None:
    for number in range(12):
        shelf.put(f"noise{number}.md", "broker proxy cache queue on call, what do I do")
    shelf.put("loops.md", "restart it", alerts=("KubePodCrashLooping",))
    assert "loops.md" in paths(shelf.ask(question))[:3]


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("ORA-00060 deadlock", "we see ORA-00060 in the log of the broker"),
        ("About checkout_http_requests_total", "checkout_http_requests_total is zero, broker"),
        ("The flag --max-lag-seconds", "what does --max-lag-seconds do to the broker"),
        ("apps.k8s.io unavailable", "broker says apps.k8s.io is unavailable"),
    ],
)
def test_an_exact_identifier_puts_its_page_in_the_top_three(
    shelf: Shelf, title: str, question: str
) -> None:
    for number in range(12):
        shelf.put(f"noise{number}.md", f"{question} again and again", "broker broker broker")
    shelf.put("about.md", "short", title=title)
    assert "about.md" in paths(shelf.ask(question))[:3]


def test_the_one_page_that_mentions_an_error_code_comes_first(shelf: Shelf) -> None:
    for number in range(12):
        shelf.put(f"orders{number}.md", "ORD errors of the order service, ORD ORD", "order ord")
    shelf.put("failover.md", "the standby is promoted", "the log says ORD-3402", "then it drains")
    for number in range(5):
        shelf.put(f"pods{number}.md", f"the pod worker-{number} of the order service")
    assert paths(shelf.ask("ORD-3402"))[0] == "failover.md"
    signals = {signal.signal for signal in shelf.ask("worker-3").hits[0].explanation.contributions}
    assert "identifiers" not in signals


def test_words_that_stand_in_different_sections_count_together(shelf: Shelf) -> None:
    shelf.put("both.md", "the queue grows", "drain the gateway")
    shelf.put("one.md", "the queue grows", "call the vendor")
    shelf.put("other.md", "the shard moves", "drain the gateway")
    assert paths(shelf.ask("queue grows, drain gateway", Mode.LEXICAL))[0] == "both.md"


def test_one_page_cannot_fill_the_list(shelf: Shelf) -> None:
    shelf.put("long.md", *[f"drain the gateway, step {number}" for number in range(20)])
    for number in range(8):
        shelf.put(f"short{number}.md", f"gateway note {number}")
    hits = shelf.ask("drain the gateway").hits
    assert [hit.document.path for hit in hits].count("long.md") == 2
    assert hits[0].document.path == "long.md"
    assert len({hit.document.path for hit in hits}) == 9


class CountingEmbedder(HashingEmbedder):
    """Keeps the questions that it embedded."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[str] = []

    def embed_question(self, question: str) -> Vector[float]:
        self.questions.append(question)
        return super().embed_question(question)


def test_a_search_embeds_its_question_once(shelf: Shelf) -> None:
    shelf.put("gateway.md", "drain the gateway")
    counting = CountingEmbedder()
    engine = engine_over(shelf.database, counting, shelf.vectors, CountingObserver(), TODAY)
    result = engine.search(SearchQuery("drain the gateway", READER))
    signals = {
        one.signal for hit in result.hits for one in hit.explanation.contributions if one.points
    }
    assert {"dense", "page_vectors"} <= signals
    assert counting.questions == ["drain the gateway"]


def test_synonyms_find_what_is_written_otherwise(shelf: Shelf) -> None:
    shelf.put("database.md", "postgresql refuses connections")
    shelf.put("noise.md", "the proxy refuses sessions")
    synonyms = parse_synonyms(["pg, postgresql"], "s")
    query = SearchQuery("pg", READER, mode=Mode.LEXICAL)
    assert paths(shelf.engine().search(query)) == []
    assert paths(shelf.engine(synonyms).search(query)) == ["database.md"]


def test_a_superseded_page_ranks_under_its_successor(shelf: Shelf) -> None:
    shelf.put("archive/old.md", "drain the gateway then restart the gateway")
    shelf.put("new.md", "gateway: drain it", supersedes="archive/old.md")
    assert paths(shelf.ask("drain the gateway")) == ["new.md", "archive/old.md"]


@pytest.mark.parametrize("named", ["payments/archive/old.md", "archive/old.md", "./archive/old.md"])
def test_a_hit_and_an_answer_name_the_successor_however_the_page_is_named_in_it(
    shelf: Shelf, named: str
) -> None:
    shelf.put("payments/archive/old.md", "drain the gateway then restart the gateway")
    shelf.put("payments/new.md", "gateway: drain it", supersedes=named)
    found = {hit.document.path: hit for hit in shelf.ask("drain the gateway").hits}
    assert found["payments/new.md"].superseded_by == ()
    assert found["payments/archive/old.md"].superseded_by == ("payments/new.md",)
    builder = ContextBuilder(CatalogReader(shelf.database), shelf.embedder.count_tokens, 3000)
    context = builder.build("gateway", list(found.values()), access=access_filter(READER))
    remarks = {one.hit.document.path: one.remark for one in context.passages}
    assert remarks["payments/archive/old.md"] == "superseded by payments/new.md"
    assert remarks["payments/new.md"] == ""


def test_a_successor_that_may_not_be_read_cannot_be_felt(shelf: Shelf) -> None:
    shelf.put("archive/old.md", "drain the gateway then restart the gateway")
    shelf.put("plain.md", "gateway: drain it")
    before = shelf.ask("drain the gateway")
    shelf.put("secret.md", "hidden words", acl="team:b", supersedes="archive/old.md")
    after = shelf.ask("drain the gateway")
    assert paths(after) == paths(before)
    assert [hit.superseded_by for hit in after.hits] == [(), ()]
    priors = [hit.explanation.prior for hit in before.hits]
    assert [hit.explanation.prior for hit in after.hits] == pytest.approx(priors)


def test_age_breaks_a_tie_and_is_shown(shelf: Shelf) -> None:
    shelf.put("a-stale.md", "drain the gateway", title="t", last_reviewed=date(2020, 1, 1))
    shelf.put("b-fresh.md", "drain the gateway", title="t", last_reviewed=date(2026, 5, 1))
    hits = shelf.ask("drain the gateway").hits
    assert [hit.document.path for hit in hits] == ["b-fresh.md", "a-stale.md"]
    assert hits[1].freshness.status.value == "stale"
    assert hits[1].explanation.prior == pytest.approx(0.97)


def test_what_answers_nothing_is_said_to_and_shown_as_nearest(shelf: Shelf) -> None:
    shelf.put("gateway.md", "drain the gateway")
    shelf.put("broker.md", "restart the broker")
    assert not shelf.ask("drain the gateway").no_result
    lost = shelf.ask("bake sourdough bread in an oven")
    assert lost.no_result
    assert lost.hits


def test_an_identifier_that_a_page_is_about_is_an_answer(shelf: Shelf) -> None:
    shelf.put("q.md", "call the vendor", title="QX-77-A")
    assert not shelf.ask("what might QX-77-A possibly mean to anybody awake").no_result


@pytest.mark.parametrize("mode", list(Mode))
def test_a_hit_explains_its_score(shelf: Shelf, mode: Mode) -> None:
    shelf.put("gateway.md", "drain the gateway", "restart the gateway")
    shelf.put("broker.md", "restart the broker")
    for hit in shelf.ask("restart the gateway", mode).hits:
        found = hit.explanation
        points = sum(signal.points for signal in found.contributions)
        assert found.document_score == pytest.approx(points * found.prior)
        assert hit.score == pytest.approx(found.document_score * found.chunk_share, abs=1e-5)
        signals = {signal.signal for signal in found.contributions}
        assert signals <= {"dense", "lexical", "pages", "page_vectors", "identifiers"}
        assert (mode is not Mode.DENSE) or signals == {"dense", "page_vectors"}


class Backwards:
    """A reranker that likes short passages."""

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        return [1.0 / (1 + len(passage)) for passage in passages]


def test_a_reranker_has_the_last_word(shelf: Shelf) -> None:
    shelf.put("long.md", "drain the gateway and then drain the gateway once more, patiently")
    shelf.put("brief.md", "gateway")
    plain = shelf.ask("drain the gateway")
    assert paths(plain) == ["long.md", "brief.md"]
    assert {hit.scores.rerank for hit in plain.hits} == {None}
    again = shelf.engine(reranker=Backwards()).search(SearchQuery("drain the gateway", READER))
    assert paths(again) == ["brief.md", "long.md"]
    assert all(hit.scores.rerank for hit in again.hits)


def test_the_same_question_has_the_same_answer(shelf: Shelf) -> None:
    for number in range(30):
        shelf.put(f"p{number:02}.md", "drain the gateway", title="t", kind=Kind.NOTE)
    first = shelf.ask("drain the gateway")
    assert [hit.chunk.id for hit in first.hits] == [
        hit.chunk.id for hit in shelf.ask("drain the gateway").hits
    ]
