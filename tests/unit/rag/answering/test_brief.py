"""An answer on one screen: what leads it, what it shows, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest.chunking.chunker import Chunker, ChunkSettings
from ingest.formats import load_text
from rag.access.acl import AccessFilter
from rag.answering.brief import brief
from rag.answering.context import ContextBuilder
from rag.answering.screen import MAX_CHARS, MAX_LINES
from rag.answering.shown_commands import ShownCommands
from rag.command_risk.classify import shipped_classifier
from rag.domain.documents import Chunk, Document, Freshness, FreshnessStatus
from rag.domain.search import Explanation, Hit, Scores
from tests.fakes import HashingEmbedder, document

DAY = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = AccessFilter(frozenset(), everything=True)
EMBEDDER = HashingEmbedder()


class NoPages:
    def document(
        self, document_id: str, *, access: AccessFilter
    ) -> tuple[Document, tuple[Chunk, ...]] | None:
        return None


def hits(path: str, text: str, score: float) -> list[Hit]:
    """Every chunk of a document; the first one has the score, as the one that was found."""
    title = text.removeprefix("# ").partition("\n")[0] if text.startswith("# ") else path
    about = document(path)
    about = replace(about, updated_at=DAY, metadata=replace(about.metadata, title=title))
    fresh = Freshness(FreshnessStatus.FRESH, DAY, None, 0)
    chunks = Chunker(EMBEDDER.count_tokens, ChunkSettings(96, 0)).chunk(
        about.id, path, load_text(".md", text, 1).blocks
    )
    return [
        Hit(1, chunk, about, score, Scores(), fresh, Explanation((), 1.0, score, 1.0))
        for chunk in chunks
    ]


def answer(question: str, **pages: str) -> str:
    """The answer from documents, the best one first; `a` stands for `a.md`."""
    found = [
        hit
        for number, (name, text) in enumerate(pages.items())
        for hit in hits(f"{name}.md", text, 1.0 - 0.1 * number)
    ]
    ranked = [replace(hit, rank=rank) for rank, hit in enumerate(found, start=1)]
    context = ContextBuilder(NoPages(), EMBEDDER.count_tokens, 6000).build(
        question, ranked, access=EVERYTHING
    )
    return brief(question, context, ShownCommands(shipped_classifier()), EMBEDDER).text


STEPS = (
    "## Restart the broker\n\n1. Look at the queue.\n2. Drain the broker.\n3. Restart the broker.\n"
)


def test_one_document_leads_and_others_are_named_at_the_end() -> None:
    answered = answer(
        "how to restart the broker", a=STEPS, b="## Restart a proxy\n\nStop the proxy.\n"
    )
    lines = answered.split("\n")
    assert lines[0].startswith("> a.md > Restart the broker · a.md:3-5 · never reviewed")
    assert lines[-1].startswith("> Also: b.md, Restart a proxy (b.md) [")
    assert "Stop the proxy" not in answered


def test_steps_keep_their_order_and_stand_together() -> None:
    answered = answer("how to restart the broker", a=STEPS)
    assert "1. Look at the queue.\n2. Drain the broker.\n3. Restart the broker." in answered


def test_sections_about_other_problems_are_not_quoted() -> None:
    other = "## Disk full\n\nDelete old segments of the disk.\n"
    answered = answer("how to restart the broker", a=f"{STEPS}\n{other}")
    assert "segments" not in answered


def test_an_answer_fits_on_a_screen_and_says_where_the_rest_is() -> None:
    steps = "".join(
        f"{number}. Restart broker number {number} of the ring.\n" for number in range(1, 60)
    )
    answered = answer("how to restart the broker", a=f"## Restart the broker\n\n{steps}")
    assert answered.count("\n") + 1 <= MAX_LINES
    assert len(answered) <= MAX_CHARS
    assert "more steps of this section are in a.md:" in answered
    assert "1. Restart broker number 1 of the ring.\n2. " in answered


def test_code_is_shown_whole_or_not_at_all() -> None:
    code = "\n".join(f"brokerctl step {number}" for number in range(60))
    answered = answer(
        "how to restart the broker", a=f"## Restart the broker\n\nRun:\n\n```sh\n{code}\n```\n"
    )
    assert "brokerctl" not in answered
    assert "The rest of this section is in a.md:" in answered


def test_of_a_table_the_row_of_the_code_is_shown_alone() -> None:
    table = "## Codes\n\n| code | means |\n|---|---|\n| ORD-1001 | late |\n| ORD-1002 | lost |\n"
    answered = answer("what does ORD-1002 mean", a=table)
    assert "| ORD-1002 | lost |" in answered
    assert "ORD-1001" not in answered


def test_what_a_heading_forbids_is_not_taken_out_of_it() -> None:
    page = f"{STEPS}\n## Never\n\n- Delete the volume of the broker to restart it.\n"
    answered = answer("how to restart the broker", a=page)
    before, _, _ = answered.partition("Delete the volume")
    assert "Delete the volume" not in answered or "> Never" in before


@pytest.mark.parametrize("heading", ["Never do this", "Do not", "What not to do"])
def test_a_section_that_forbids_does_not_lead_where_another_says_what_to_do(heading: str) -> None:
    text = (
        "# The spool is full\n\n"
        "## Fix\n\nMove old files:\n\n```sh\nmv /spool/2023 /archive/\n```\n\n"
        f"## {heading}\n\nThis deletes new jobs:\n\n```sh\nrm -rf /spool/active\n```\n"
    )
    said = answer("spool is full", spool=text)
    assert "The spool is full > Fix · " in said.splitlines()[0]
    assert said.index(heading) < said.index("rm -rf") < said.index("mv /spool")


def test_a_warning_at_the_end_of_a_long_section_comes_before_its_commands() -> None:
    fillers = "\n\n".join(f"Broker {number} is like any other of them." for number in range(30))
    page = (
        "## Restart the broker\n\nRestart the broker by systemctl:\n\n"
        "```sh\nsystemctl restart kafka\n```\n\n"
        f"{fillers}\n\n> [!WARNING]\n> Restarting two at once loses messages.\n"
    )
    answered = answer("restart the broker by systemctl", a=page)
    assert answered.index("Restarting two at once") < answered.index("systemctl restart")


def test_copies_are_quoted_once_with_both_sources() -> None:
    answered = answer("how to restart the broker", a=STEPS, b=STEPS)
    assert answered.count("Drain the broker.") == 1
    assert "> The same text: b.md [" in answered


@pytest.mark.parametrize("command", ["rm -rf /data", "kubectl delete pod x"])
def test_a_command_that_destroys_is_marked_before_it(command: str) -> None:
    answered = answer(
        "how to clean the broker", a=f"## Clean the broker\n\n```sh\n{command}\n```\n"
    )
    assert answered.index("_(destructive)_") < answered.index(command)


def test_a_question_for_when_that_fails_is_answered_by_the_section_on_it() -> None:
    page = f"{STEPS}\n## When the restart does not help\n\nCall the storage team at once.\n"
    answered = answer("how to restart the broker and if that fails?", a=page)
    assert answered.startswith("> a.md > When the restart does not help")


ALERT = (
    "# DiskFilling\n\nThe volume of the broker is filling up.\n\n"
    "## Impact\n\nAt 100 % the broker stops and no message is taken.\n\n"
    "## Diagnosis\n\nList the largest topics.\n\n    du -sh /var/lib/broker\n\n"
    "## Verify\n\nDiskFilling is resolved.\n"
)


def test_an_alert_is_answered_by_its_checks_below_what_it_means_and_its_impact() -> None:
    lines = answer("DiskFilling on broker 4", a=ALERT).split("\n")
    assert lines[0].startswith("> DiskFilling > Diagnosis · ")
    assert lines[2].startswith("The volume of the broker is filling up.")
    assert lines[3].startswith("At 100 % the broker stops and no message is taken.")


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("why did the queue stop on Friday?", "Root cause"),
        ("how do I verify that the queue is back?", "Verify"),
        ("is it safe to purge the queue?", "Do not"),
    ],
)
def test_the_kind_of_a_question_decides_between_sections(question: str, heading: str) -> None:
    text = (
        "# The queue stopped\n\nNothing was taken for an hour.\n\n"
        "## Root cause\n\nA disk was full.\n\n"
        "## Verify\n\nThe rate of the queue is above 100.\n\n## Do not\n\nNever purge the queue.\n"
    )
    assert f"> {heading} · a.md" in answer(question, a=text).split("\n")[0]


def test_the_section_that_explains_a_code_leads_before_one_that_mentions_it() -> None:
    text = (
        "## Restart the broker\n\nA broker that was restarted logs MQX-201 after the restart.\n\n"
        "## Codes\n\n| code | means |\n| --- | --- |\n| MQX-201 | the disk is full |\n"
    )
    assert "> Codes · a.md" in answer("MQX-201 in the log", a=text)


def long_step(rest: str) -> str:
    code = "".join(f"   df -h /var/lib/broker/{number}\n" for number in range(40))
    step = f"1. Look at the size of the volume.\n\n   Mind the unit.\n\n{rest}"
    return f"## Diagnosis\n\n{step}   ```\n{code}   ```\n"


def test_a_step_too_long_for_the_screen_is_cut_between_its_blocks_and_says_so() -> None:
    answered = answer("what is the size of the volume", a=long_step(""))
    assert "1. Look at the size of the volume.\n\n   Mind the unit." in answered
    assert "of this section is in a.md:" in answered
    assert "```" not in answered


def test_a_step_with_a_warning_is_not_cut() -> None:
    answered = answer("what is the size of the volume", a=long_step("   Never delete a file.\n\n"))
    assert "1. Look at the size" not in answered


@pytest.mark.parametrize(("command", "enters"), [("df -h", True), ("rm -rf /data", False)])
def test_a_long_list_is_entered_in_its_middle_unless_its_steps_change_something(
    command: str, enters: bool
) -> None:
    steps = [f"{number}. Something about part {number} of the ring." for number in range(1, 40)]
    steps[29] = f"30. The unit of the volume counter is `{command}` in bytes, per volume."
    answered = answer("which unit has the volume counter", a="## Ring\n\n" + "\n".join(steps))
    assert ("\n1. Something" in answered) != enters
    assert ("\n30. The unit" in answered) == enters
    assert ("> The beginning of this section is in a.md:" in answered) == enters
