"""What an answer is made from: pieces, neutral text, follow-ups, the context, and quotes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking.chunker import Chunker, ChunkSettings
from ingest.formats import load_text
from rag.access.acl import AccessFilter
from rag.answering import extractive
from rag.answering.answer_parts import Part
from rag.answering.context import Context, ContextBuilder, newest_among_equals
from rag.answering.conversation import standalone
from rag.answering.extract import Extract
from rag.answering.shown_commands import ShownCommands
from rag.command_risk.classify import shipped_classifier
from rag.domain.answers import Detail, Turn
from rag.domain.documents import Chunk, Document, Freshness, FreshnessStatus, Kind, LineSpan
from rag.domain.search import Explanation, Hit, Scores, SearchQuery
from rag.guardrails.injection import signs_in
from rag.guardrails.neutralising import neutralised_prose
from tests.answers import PAYMENTS, Desk
from tests.fakes import HashingEmbedder, document

CORPUS = sorted((Path(__file__).parents[4] / "runbooks").rglob("*.md"))
EVERYTHING = AccessFilter(frozenset(), everything=True)
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def hit(path: str, text: str, rank: int = 1, score: float = 1.0, day: datetime = DAY) -> Hit:
    about = replace(document(path), updated_at=day)
    chunk = Chunk(about.id, rank, text, (), LineSpan(1, text.count("\n") + 1))
    fresh = Freshness(FreshnessStatus.FRESH, day, None, 0)
    return Hit(rank, chunk, about, score, Scores(), fresh, Explanation((), 1.0, score, 1.0))


def extract(question: str, context: Context) -> Extract:
    return extractive.extract(question, context, ShownCommands(shipped_classifier()))


class NoPages:
    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None:
        return None


def context_of(*hits: Hit, budget: int = 3000) -> Context:
    return ContextBuilder(NoPages(), HashingEmbedder().count_tokens, budget).build(
        "word", hits, access=EVERYTHING
    )


@given(st.text())
def test_what_was_made_harmless_once_stays_as_it_is(text: str) -> None:
    once = neutralised_prose(text)
    assert not signs_in("\n".join(line for line in once.split("\n") if "left out" not in line)) or (
        "[" in once or "<" in once
    )


def test_no_page_of_the_sample_corpus_is_suspected() -> None:
    assert CORPUS
    assert [path for path in CORPUS if signs_in(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("question", "joined"),
    [
        ("and if that fails?", True),
        ("what about eu-1?", True),
        ("how long?", True),
        ("does it hurt?", True),
        ("customers were charged twice, how do we find and stop it", False),
        ("what does CHK-1101 mean", False),
    ],
)
def test_a_follow_up_is_joined_to_its_topic_and_a_new_question_is_not(
    question: str, joined: bool
) -> None:
    history = [Turn("user", "checkout returns 5xx"), Turn("assistant", "FORGED TOPIC")]
    rewritten = standalone(question, history)
    assert rewritten == (f"checkout returns 5xx {question}" if joined else question)


def test_a_follow_up_of_a_follow_up_keeps_the_topic() -> None:
    history = [Turn("user", "checkout returns 5xx"), Turn("user", "and if that fails?")]
    assert standalone("and then?", history).startswith("checkout returns 5xx and if that fails?")


def test_the_context_keeps_to_its_budget_in_whole_chunks() -> None:
    hits = [hit(f"{n}.md", "word " * 50, rank=n) for n in range(1, 9)]
    context = context_of(*hits, budget=300)
    assert 0 < len(context.passages) < 8
    assert all(passage.text.count("word") == 50 for passage in context.passages)
    assert [passage.marker for passage in context.passages] == [1, 2]
    assert len(context_of(hit("a.md", "word " * 5000), budget=500).passages) == 1


def test_among_equals_the_newest_page_comes_first() -> None:
    old = hit("old.md", "a", rank=1, score=1.0)
    new = hit("new.md", "b", rank=2, score=0.99, day=datetime(2026, 6, 1, tzinfo=UTC))
    worse = hit("worse.md", "c", rank=3, score=0.5, day=datetime(2026, 9, 1, tzinfo=UTC))
    assert [one.document.path for one in newest_among_equals([old, new, worse])] == [
        "new.md",
        "old.md",
        "worse.md",
    ]


def test_a_superseded_and_a_stale_page_are_marked_where_they_are_quoted() -> None:
    old, new = hit("old.md", "Restart all pods.", rank=2), hit("new.md", "Restart one pod.")
    stale = replace(old.freshness, status=FreshnessStatus.STALE)
    context = context_of(new, replace(old, freshness=stale, superseded_by=("new.md",)))
    quoted = extract("restart pods", context).text
    assert "Restart one pod. [1]" in quoted
    assert "Restart all pods. [2] _(superseded by new.md; stale: last reviewed None)_" in quoted


def test_a_command_that_changes_something_is_no_check_whatever_its_heading() -> None:
    page = "## Read-only checks\n\n1. Look:\n\n   ```bash\n   kubectl delete pod x\n   ```"
    blocks = load_text(".md", page, 1).blocks
    [chunk] = Chunker(HashingEmbedder().count_tokens).chunk("d", "t", blocks)
    quoted = extract("look at pods", context_of(replace(hit("a.md", page), chunk=chunk))).text
    assert Part.CHECK.value not in quoted
    assert quoted.index(Part.MITIGATION.value) < quoted.index("kubectl delete pod x")
    assert "_(destructive)_" in quoted


def quoted_for(question: str, page: str, kind: Kind = Kind.RUNBOOK) -> str:
    """An answer from one page, whose sections are chunks of their own."""
    about = hit("a.md", page)
    document = replace(about.document, metadata=replace(about.document.metadata, kind=kind))
    chunks = Chunker(HashingEmbedder().count_tokens, ChunkSettings(64, 0)).chunk(
        document.id, "t", load_text(".md", page, 1).blocks
    )
    hits = [
        replace(about, rank=rank, chunk=chunk, document=document)
        for rank, chunk in enumerate(chunks, start=1)
    ]
    return extract(question, context_of(*hits)).text


def test_a_prohibition_stands_under_the_heading_that_forbids() -> None:
    page = "## Never\n\n- Restart two brokers at once.\n- Delete the volume of the claim.\n"
    quoted = quoted_for("restart brokers", page)
    assert quoted.startswith("### Take care\n\n> In a.md > Never\n\n- Restart two brokers")


def test_what_is_cited_beside_stays_a_warning_under_its_heading() -> None:
    best = hit("a.md", "Restart one broker.", score=1.0)
    beside = hit("b.md", "## Never\n\n- Delete the volume of a broker.", rank=2, score=0.6)
    quoted = extract("broker volume", context_of(best, beside)).text
    assert (
        quoted.index("### Take care")
        < quoted.index("> In b.md > Never")
        < quoted.index("Delete the volume")
    )
    assert "### See also" not in quoted


def test_bare_code_is_marked_and_so_is_each_step_for_itself() -> None:
    page = (
        "## Fix\n\n```bash\nkubectl delete pod x\n```\n\n## Steps\n\n"
        "1. Page somebody.\n\n2. Stop it:\n\n   ```bash\n   kubectl scale deploy/x --replicas=0\n"
        "   ```\n\n3. Close the slots:\n\n   ```bash\n   ordersctl slots close --all\n   ```\n"
    )
    quoted = quoted_for("fix it", page)
    assert "```\n\n[1] _(destructive)_" in quoted
    assert "1. Page somebody. [2]\n" in quoted
    assert "2. Stop it: [2] _(changes something)_" in quoted
    assert "3. Close the slots: [2] _(may change something)_" in quoted


def test_a_numbered_list_stays_whole_and_in_order() -> None:
    steps = ["Look at the queue.", "Drop the lock.", "Tell the team.", "Check that it drains."]
    code = {1: "kubectl delete lease x"}
    page = "## Procedure\n\n" + "\n\n".join(
        f"{number}. {step}"
        + (f"\n\n   ```bash\n   {code[number - 1]}\n   ```" if number - 1 in code else "")
        for number, step in enumerate(steps, start=1)
    )
    quoted = quoted_for("procedure", page)
    assert quoted.count("### ") == 2, quoted  # the list, and what is missing
    places = [quoted.index(step) for step in steps]
    assert places == sorted(places)


def test_what_was_decided_after_an_incident_is_no_mitigation() -> None:
    page = "## Action items\n\n- Restart the solver each night.\n"
    assert Part.MITIGATION.value not in quoted_for("restart", page, Kind.POSTMORTEM)
    assert Part.MITIGATION.value in quoted_for("restart", page)


def test_commands_that_only_read_are_checks_under_a_question_of_why() -> None:
    page = "## Why does it stay?\n\nThe slots:\n\n```bash\nkubectl get pods\n```\n"
    quoted = quoted_for("why", page)
    assert Part.CHECK.value in quoted
    assert "No read-only check" not in quoted


def test_names_that_no_document_mentions_are_said_first_and_shortly() -> None:
    log = " ".join(f"2026-11-24T03:02:{second:02}Z" for second in range(30))
    words = "MongoDB ORD-3402 db_worker Redis Kafka Vault NATS again weekend"
    quoted = extract(f"{log} {words} pods", context_of(hit("a.md", "Restart the pods."))).text
    absent = "MongoDB, ORD-3402, db_worker, Redis, Kafka, and 2 more names of the question"
    assert quoted.startswith(f"> No document here mentions: {absent}\n\n### ")


def test_an_everyday_word_that_no_document_holds_is_not_remarked_on() -> None:
    quoted = extract("again at the weekend pods", context_of(hit("a.md", "Restart the pods."))).text
    assert "mentions" not in quoted


def test_no_mitigation_is_missed_where_steps_are_quoted() -> None:
    assert "No mitigation" not in quoted_for("pods", "## Pods\n\n1. Open the console.\n2. Wait.\n")
    assert "No mitigation" in quoted_for("pods", "## Pods\n\nPods hold containers.\n")


@pytest.mark.parametrize(
    "text",
    [
        "Run `rm -rf /data` and `kubectl get pods` to see the disk.",
        "See the disk with sudo rm -rf /data and look at the result.",
        "| step | command |\n|---|---|\n| see | `kubectl delete ns prod` |",
        "- Look at ``kubectl delete ns prod``.",
        "> Look with `kubectl delete ns prod`.",
        "Ask `DROP TABLE orders` how it is.",
        "Run `wombatctl wipe all` to see the disk.",
        "See `wombatctl wipe --all`.",
        "```bash\nwombatctl wipe\n```",
        "```\nwombatctl wipe --all\n```",
        "```text\nrm -rf /data\n```",
        "```python\nshutil.rmtree(path)\n```",
    ],
)
def test_nothing_that_is_not_known_to_read_alone_stands_under_the_checks(text: str) -> None:
    quoted = quoted_for("see the disk", f"## Check first\n\n{text}\n")
    assert f"### {Part.CHECK.value}" not in quoted


@pytest.mark.parametrize(
    "text",
    [
        "Run `kubectl get pods` to see the disk.",
        "| step | command |\n|---|---|\n| see | `kubectl get pods` |",
        "Look at `queue_limit = 40` and at the disk.",
        "Look at the disk:\n\n```\nType   Status\nReady  Unknown\n```",
        "```promql\nsum(rate(errors[5m])) > 5\n```",
    ],
)
def test_what_only_reads_stands_under_the_checks(text: str) -> None:
    assert f"### {Part.CHECK.value}" in quoted_for("see the disk", f"## Check first\n\n{text}\n")


def test_a_command_in_prose_or_a_table_is_remarked_on_like_one_in_a_block() -> None:
    page = "## Fix\n\nRun `rm -rf /data`.\n\n| a | b |\n|---|---|\n| x | `kubectl scale d/x` |\n"
    quoted = quoted_for("fix", page)
    assert "Run `rm -rf /data`. [1] _(destructive)_" in quoted
    assert "| x | `kubectl scale d/x` |\n\n[1] _(changes something)_" in quoted


@pytest.mark.parametrize(
    "title", ["Nothing that you may read answers this.", "The pages disagree on x.", "a [9]"]
)
def test_no_title_reads_as_a_remark_or_a_marker(title: str) -> None:
    about = hit("a.md", "Restart the pods.")
    metadata = replace(about.document.metadata, title=title)
    context = context_of(replace(about, document=replace(about.document, metadata=metadata)))
    quoted = extract("restart pods", context).text
    assert f"> {title}" not in quoted
    assert "> In " in quoted
    assert " [9]" not in quoted


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(Desk(tmp_path)) as made:
        yield made


@pytest.mark.parametrize("detail", list(Detail))
def test_every_quoted_sentence_of_the_sample_corpus_is_verbatim_from_its_citation(
    desk: Desk, detail: Detail
) -> None:
    folder = Path(__file__).parents[4] / "runbooks"
    for path in CORPUS[::4]:
        text = path.read_text(encoding="utf-8").replace("acl:", "was_acl:")
        desk.page(str(path.relative_to(folder)), text)
    answerer, seen = desk.answerer(), 0
    for path in CORPUS[::8]:
        query = SearchQuery(path.stem.replace("-", " "), PAYMENTS)
        answer = answerer.answer(query, detail=detail)
        for statement in answer.statements:
            [marker] = statement.markers
            cited = answer.hits[marker - 1].chunk.text.replace("\n> ", "\n")
            assert " ".join(statement.text.split()) in " ".join(cited.split())
            assert " ".join(statement.text.split("\n")[0].split()) in " ".join(answer.text.split())
            seen += 1
        cited_markers = {one.marker for one in answer.citations}
        stated = {m for statement in answer.statements for m in statement.markers}
        if detail is Detail.FULL:
            assert cited_markers == stated
        else:  # other documents are named, and not quoted
            assert stated <= cited_markers
            assert all(f"[{marker}]" in answer.text for marker in cited_markers)
    assert seen > 50
