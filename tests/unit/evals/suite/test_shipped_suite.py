"""The shipped suite asks what the sample corpus can answer, of those who may read it."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from ingest.reading.acl_rules import AclRules
from ingest.reading.decode import decode
from ingest.reading.front_matter import FrontMatter, parse_front_matter
from ingest.sources.walk import walk
from rag.access.acl import access_filter
from rag.domain.access import Principal

SUITES = Path(__file__).parents[4] / "evals" / "suites"
SHIPPED = SUITES / "shipped"
KINDS = {
    "alert",
    "symptom",
    "how-to",
    "cause",
    "command",
    "identifier",
    "multi-page",
    "conflict",
    "wrong-assumption",
    "unanswerable",
}
SWAPS = {
    "flag",
    "number",
    "namespace",
    "negation",
    "command",
    "entity",
    "order",
    "invented",
    "unit",
    "scope",
}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


HEAD = tomllib.loads((SHIPPED / "suite.toml").read_text("utf-8"))
CORPUS = (SHIPPED / HEAD["corpus"]).resolve()
QUESTIONS = lines(SHIPPED / "questions.jsonl")
ANSWERABLE = [question for question in QUESTIONS if question["kind"] != "unanswerable"]
PAIRS = lines(SUITES / "faithfulness.jsonl")


def front(path: str) -> FrontMatter:
    return parse_front_matter(decode((CORPUS / path).read_bytes()))


RULES = AclRules(CORPUS, None)
PAGES = walk(CORPUS, frozenset({".md"})).files
TEXTS = {path: (CORPUS / path).read_text("utf-8") for path in PAGES}
FRONTS = {path: front(path) for path in PAGES}
ACLS = {path: RULES.resolve(path, FRONTS[path].fields.acl).acl for path in PAGES}


def principal(name: str) -> Principal:
    found = HEAD["personas"][name]
    if found == "administrator":
        return Principal(name, administrator=True)
    return Principal(name, frozenset(found))


READABLE = {
    name: {path for path in PAGES if access_filter(principal(name)).allows(ACLS[path])}
    for name in HEAD["personas"]
}


def shape(row: dict[str, Any]) -> dict[str, str]:
    return {name: type(value).__name__ for name, value in row.items()}


def test_every_question_has_the_same_fields() -> None:
    expected = {
        "id": "str",
        "question": "str",
        "kind": "str",
        "gold_documents": "list",
        "gold_passages": "list",
        "reference": "str",
        "personas": "list",
        "must_pass": "bool",
    }
    assert [row["id"] for row in QUESTIONS if shape(row) != expected] == []
    assert all(row["question"].strip() and row["reference"].strip() for row in QUESTIONS)


def test_no_id_and_no_question_comes_twice() -> None:
    assert len({row["id"] for row in QUESTIONS + PAIRS}) == len(QUESTIONS) + len(PAIRS)
    assert len({row["question"].casefold() for row in QUESTIONS}) == len(QUESTIONS)


def test_there_are_enough_questions_of_each_kind() -> None:
    kinds = Counter(row["kind"] for row in QUESTIONS)
    assert kinds.keys() == KINDS
    assert min(kinds.values()) >= 12
    assert kinds.total() >= 160


def test_about_a_third_must_pass_and_all_of_those_can() -> None:
    must = [row for row in QUESTIONS if row["must_pass"]]
    assert 0.25 < len(must) / len(QUESTIONS) < 0.45
    assert all(row["gold_documents"] for row in must)


def test_only_the_unanswerable_have_no_gold() -> None:
    for row in QUESTIONS:
        answerable = row["kind"] != "unanswerable"
        assert bool(row["gold_documents"]) == answerable, row["id"]
        assert bool(row["gold_passages"]) == answerable, row["id"]


def test_gold_passages_stand_in_their_documents_and_each_document_has_one() -> None:
    for row in ANSWERABLE:
        assert set(row["gold_documents"]) <= TEXTS.keys(), row["id"]
        assert len(set(row["gold_documents"])) == len(row["gold_documents"]), row["id"]
        named = {passage["document"] for passage in row["gold_passages"]}
        assert named == set(row["gold_documents"]), row["id"]
        for passage in row["gold_passages"]:
            text = passage["text"]
            assert text.strip() == text, row["id"]
            assert text.count("\n") < 4, row["id"]
            assert text in TEXTS[passage["document"]], (row["id"], text)


def test_a_question_over_several_pages_needs_several() -> None:
    for row in ANSWERABLE:
        if row["kind"] == "multi-page":
            assert len(row["gold_documents"]) >= 2, row["id"]


def test_no_conflict_is_settled_by_the_page_that_lost() -> None:
    withdrawn = {
        found.fields.supersedes for found in FRONTS.values() if found.fields.supersedes is not None
    } | {"platform/pgbouncer-sizing.md", "storefront/redis-memory-tuning.md"}
    for row in ANSWERABLE:
        assert not withdrawn & set(row["gold_documents"]), row["id"]


def test_the_personas_named_are_all_those_who_may_read_every_gold_document() -> None:
    for row in QUESTIONS:
        readers = {name for name, pages in READABLE.items() if set(row["gold_documents"]) <= pages}
        assert set(row["personas"]) == readers, row["id"]
        assert len(row["personas"]) == len(readers), row["id"]


def test_many_questions_are_kept_from_somebody_and_every_persona_counts() -> None:
    kept = [row for row in ANSWERABLE if "everyone" not in row["personas"]]
    assert len(kept) >= 20
    assert len({frozenset(row["personas"]) for row in kept}) >= 5
    assert {row["personas"][0] for row in QUESTIONS} == HEAD["personas"].keys()


def test_personas_carry_groups_of_the_corpus_and_read_different_pages() -> None:
    tags = frozenset[str]().union(*ACLS.values())
    for name in HEAD["personas"]:
        assert principal(name).groups <= tags, name
    assert len({frozenset(pages) for pages in READABLE.values()}) == len(READABLE)


def test_a_pair_is_unfaithful_by_one_named_swap() -> None:
    expected = {"id", "context", "answer", "faithful", "swap"}
    for row in PAIRS:
        assert row.keys() == expected, row["id"]
        assert row["faithful"] is (row["swap"] is None), row["id"]
        assert row["swap"] is None or row["swap"] in SWAPS, row["id"]
        assert row["answer"].strip(), row["id"]


def test_half_of_the_pairs_are_faithful_and_every_swap_is_tried() -> None:
    swaps = Counter(row["swap"] for row in PAIRS)
    assert len(PAIRS) >= 140
    assert 0.4 < swaps[None] / len(PAIRS) < 0.6
    assert all(swaps[swap] >= 10 for swap in ("flag", "number", "namespace", "negation"))
    assert swaps.keys() - {None} == SWAPS


def test_contexts_stand_in_the_corpus() -> None:
    for row in PAIRS:
        assert 1 <= len(row["context"]) <= 2, row["id"]
        for passage in row["context"]:
            assert any(passage in text for text in TEXTS.values()), (row["id"], passage)


def test_no_answer_is_judged_twice_against_the_same_context() -> None:
    seen = {(tuple(row["context"]), row["answer"].casefold()) for row in PAIRS}
    assert len(seen) == len(PAIRS)
