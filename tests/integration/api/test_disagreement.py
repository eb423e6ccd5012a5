"""Pages of one answer that give different values: both are shown, and the reader decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.compose.answer_path import make_generator
from api.settings.ask import AskSettings
from rag.answering.disagreement import HEADING
from rag.domain.answers import Answered, TextPart
from rag.domain.search import SearchQuery
from tests.answers import PAYMENTS, Desk
from tests.fakes import HashingEmbedder
from tests.model_server import MODEL, model_server

QUESTION = "how many replicas of the payment worker and which queue limit when the queue is slow"
FRONT = """\
---
service: [payments]
alerts: [{alert}]
last_reviewed: {reviewed}
kind: {kind}
{more}---
# Payment worker queue

## Scale the payment worker

When the queue of the payment worker is slow, set the queue limit and scale:

"""
SCALE = """\
```bash
kubectl -n payments scale deploy/payment-worker --replicas={}
```
"""
LIMIT = "The queue limit of the payment worker is `queue_limit = {}`.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(Desk(tmp_path)) as made:
        yield made


def page(
    body: str,
    reviewed: str = "2026-08-01",
    *,
    alert: str = "PaymentQueueSlow",
    kind: str = "runbook",
    more: str = "",
) -> str:
    return FRONT.format(reviewed=reviewed, alert=alert, kind=kind, more=more) + body


def remarks_of(desk: Desk, one: str, other: str) -> list[str]:
    """The lines in which the answer says that its pages disagree."""
    desk.page("new.md", one)
    desk.page("old.md", other)
    text = desk.answerer().answer(SearchQuery(QUESTION, PAYMENTS)).text
    behind = text.partition(f"### {HEADING}")[2]
    return [line for line in behind.split("\n") if line.startswith("> ")]


def test_both_values_are_shown_with_their_citations_and_the_later_review(desk: Desk) -> None:
    [line] = remarks_of(desk, page(SCALE.format(6)), page(SCALE.format(12), "2024-02-01"))
    assert "`--replicas` of `kubectl" in line
    assert "says `6` [1]" in line or "says `6` [2]" in line
    assert "old.md (reviewed 2024-02-01" in line
    assert "new.md was reviewed later. Which one holds is for you to decide." in line


def test_it_is_said_behind_what_a_model_writes_and_in_its_stream(desk: Desk) -> None:
    reply = "When the queue of the payment worker is slow, set the queue limit and scale: [1][2]\n"
    with model_server(reply=reply) as server:
        chosen = AskSettings(provider="openai", model=MODEL, base_url=server.base_url)
        desk.page("new.md", page(LIMIT.format(200)))
        desk.page("old.md", page(LIMIT.format(300)))
        answerer = desk.answerer(make_generator(chosen, HashingEmbedder()))
        *events, last = answerer.stream(SearchQuery(QUESTION, PAYMENTS))
    assert isinstance(last, Answered)
    assert last.answer.model == MODEL
    assert last.answer.text.startswith("When the queue")
    assert f"### {HEADING}\n\n> The pages disagree on `queue_limit`" in last.answer.text
    texts = [event.text for event in events if isinstance(event, TextPart)]
    assert "".join(texts) == last.answer.text


def test_a_setting_is_compared_in_prose_in_tables_and_in_files(desk: Desk) -> None:
    table = "| setting | value |\n| --- | --- |\n| `queue_limit` | 500 |\n"
    assert len(remarks_of(desk, page(LIMIT.format(200)), page(table))) == 1
    assert len(remarks_of(desk, page(table), page("```ini\nqueue_limit = 800\n```\n"))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (page(SCALE.format(6)), page(SCALE.format(6))),
        (page(SCALE.format(6)), page(SCALE.format(12) + "\nAnd back:\n\n" + SCALE.format(6))),
        (page(SCALE.format(6)), page(SCALE.format(12).replace("worker", "gateway"))),
        (page(SCALE.format(6)), page(SCALE.format(12), kind="postmortem")),
        (page(SCALE.format(6), more="supersedes: old.md\n"), page(SCALE.format(12))),
        (page(SCALE.format(6), more="supersedes: ./old.md\n"), page(SCALE.format(12))),
        (page(SCALE.format("<n>")), page(SCALE.format(12))),
        (page(LIMIT.format(200)), page(LIMIT.format("the team's choice"))),
        (page(LIMIT.format(200)), page(SCALE.format(12))),
        (
            page(SCALE.format(6)),
            page(SCALE.format(12), alert="Other").replace("Scale the payment worker", "Stop all"),
        ),
        (
            page("```bash\nkubectl -n payments logs deploy/payment-worker --since=1h\n```\n"),
            page("```bash\nkubectl -n payments logs deploy/payment-worker --since=2h\n```\n"),
        ),
        (
            page(LIMIT.format(200)),
            page(LIMIT.format(300), alert="Other").replace("[payments]", "[ledger]"),
        ),
    ],
)
def test_pages_that_say_the_same_or_speak_of_something_else_do_not_disagree(
    desk: Desk, one: str, other: str
) -> None:
    assert remarks_of(desk, one, other) == []


def test_what_a_reader_may_not_read_disagrees_with_nothing(desk: Desk) -> None:
    desk.page("new.md", page(SCALE.format(6)))
    desk.page("secret.md", page(SCALE.format(12)), acl=["team:secret"])
    assert HEADING not in desk.answerer().answer(SearchQuery(QUESTION, PAYMENTS)).text
