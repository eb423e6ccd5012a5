"""Tables for docs owners and operators."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from api.records.metrics import Metrics
from api.web.owner_tables import alert_names, freshness_by_owner, readership
from api.web.query_plot import query_plot
from rag.domain.documents import Document, FreshnessStatus, Kind, Metadata
from rag.domain.search import Mode
from rag.reports.review import Usage
from tests.fakes import document

TODAY = date(2026, 9, 1)
OLD, NEW = date(2020, 1, 1), date(2026, 8, 31)


def documents() -> list[Document]:
    about = [
        Metadata(title="a", kind=Kind.RUNBOOK, owner="team-a", last_reviewed=NEW, alerts=("A",)),
        Metadata(title="b", kind=Kind.RUNBOOK, owner="team-a", last_reviewed=OLD),
        Metadata(title="c", kind=Kind.NOTE, last_reviewed=NEW),
    ]
    return [replace(document(f"{one.title}.md"), metadata=one) for one in about]


def test_freshness_is_counted_by_owner_and_without_one_last() -> None:
    rows = freshness_by_owner(documents(), TODAY, timedelta(days=180))
    assert [row.owner for row in rows] == ["team-a", None]
    assert rows[0].counts[FreshnessStatus.FRESH] == 1
    assert rows[0].counts[FreshnessStatus.STALE] == 1
    assert rows[1].counts[FreshnessStatus.STALE] == 0


def test_what_is_read_most_comes_first_and_what_nobody_found_apart() -> None:
    first, second, third = documents()
    answers = {first.id: 2, second.id: 5, "gone": 9}
    usage = Usage(7, None, answers, frozenset(answers))
    read = readership([first, second, third], usage)
    assert read.top == ((second, 5), (first, 2))
    assert read.never == (third,)
    assert readership([first], Usage()).never == ()


def test_runbooks_that_name_their_alerts_are_counted() -> None:
    assert (alert_names(documents()).named, alert_names(documents()).runbooks) == (1, 2)


def test_the_plot_shows_every_search_by_its_duration() -> None:
    metrics = Metrics()
    assert query_plot(metrics.query_counts()).bars == ()
    for seconds, no_result in ((0.004, False), (0.004, True), (0.2, False)):
        metrics.searched(Mode.HYBRID, seconds, no_result, ())
    plot = query_plot(metrics.query_counts())
    assert (plot.counts.searches, plot.counts.without_result) == (3, 1)
    assert plot.bars[0].height == 2 * plot.bars[-1].height == 40
    assert sum(int(bar.title.rsplit(" ", 1)[1]) for bar in plot.bars) == 3
    assert round(plot.mean_ms) == 69
