"""The pages of owners and operators: each with the right that it needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from api.web.operator_page import progress_of, trend_of
from evals.gate.gate import judge
from evals.gate.rules import GateRules
from evals.reports.last_report import write_last_report
from evals.running.history import PastRun, append_run
from rag.domain.access import Right
from rag.domain.documents import Metadata
from rag.domain.index import FileNote, KnownSource, SourceOutcome
from rag.domain.jobs import JobKind
from tests.eval_cases import case, run_of
from tests.fakes import HashingEmbedder, document, index_text
from tests.http_bench import PAYMENTS, Bench
from tests.web_browser import Browser

ADMIN = frozenset({Right.SEARCH, Right.ADMIN})


def signed_in(bench: Bench, rights: frozenset[str] = frozenset({Right.SEARCH})) -> Browser:
    browser = Browser(bench.client)
    browser.sign_in(bench.key(PAYMENTS, rights))
    return browser


@pytest.fixture
def owned(bench: Bench) -> Bench:
    for path, acl, owner in (
        ("a.md", "team:payments", "team-payments"),
        ("b.md", "team:security", "team-security"),
        ("c.md", "public", None),
    ):
        about = Metadata(title=f"Page {path}", owner=owner, last_reviewed=date(2020, 1, 1))
        index_text(bench.index, replace(document(path, (acl,)), metadata=about), "words")
    return bench


def test_owners_see_what_they_may_read_and_no_more(owned: Bench) -> None:
    page = signed_in(owned).get("/owners").text
    assert "team-payments" in page
    assert "Page a.md" in page
    assert "Without an owner" in page
    assert "security" not in page
    assert "Quarantine" not in page
    assert "Feedback" not in page


def test_administrators_see_all_of_it(owned: Bench) -> None:
    page = signed_in(owned, ADMIN).get("/owners").text
    assert "team-security" in page
    assert "Quarantine" in page
    assert "There is no feedback yet" in page


def test_one_owner_can_be_chosen(owned: Bench) -> None:
    page = signed_in(owned).get("/owners", owner="team-payments").text
    assert "Page a.md" in page
    assert "Page c.md" not in page


def test_unanswered_questions_are_for_administrators(owned: Bench) -> None:
    browser = signed_in(owned)
    browser.get("/search", q="zebra giraffe elephant")
    owned.services.requests.close()
    assert "zebra giraffe elephant" not in browser.get("/owners").text
    assert "zebra giraffe elephant" in signed_in(owned, ADMIN).get("/owners").text


@pytest.mark.parametrize("path", ["/operations", "/operations/rollback", "/evals"])
@pytest.mark.parametrize("rights", [{Right.SEARCH}, {Right.SEARCH, Right.INDEX}])
def test_only_administrators_operate(owned: Bench, path: str, rights: set[Right]) -> None:
    page = signed_in(owned, frozenset(rights)).get(path)
    assert page.status_code == 403
    assert "/operations" not in page.text.replace('href="/"', "")


def test_operators_see_generations_jobs_and_counts(owned: Bench) -> None:
    owned.services.jobs.enqueue(JobKind.REINDEX, {"source": None, "paths": []}, "key:x")
    page = signed_in(owned, ADMIN).get("/operations").text
    for shown in ("serving", "hashing/1", "reindex", "key:x", "documents", "chunks"):
        assert shown in page


def test_the_last_run_of_a_source_and_notes_on_its_files_are_shown(owned: Bench) -> None:
    catalog = owned.services.catalog
    writer = catalog.writer(catalog.generations.serving())
    writer.remember_source(KnownSource("docs", "/srv/docs", configured=True))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    writer.record_outcome("docs", SourceOutcome(at, 3, 2, 1, 0, 0, "docs: no route to host"))
    paths = ("a.md", "b.md")
    writer.record_notes("s", [FileNote("s", one, 2, f"of {one}") for one in paths], paths)
    page = signed_in(owned, ADMIN).get("/operations").text
    assert "3 added, 2 updated, 1 deleted" in page
    assert "no route to host" in page
    assert "of a.md" in signed_in(owned).get("/owners").text
    assert "of b.md" not in signed_in(owned).get("/owners").text


def second_generation(bench: Bench) -> None:
    """Another generation that serves in place of the first."""
    catalog = bench.services.catalog
    generation = catalog.generations.create("g", "hashing/2", HashingEmbedder.dimension)
    catalog.generations.finish(generation)
    catalog.promotions.promote(generation, by="test", kind="promote", gate="passed")


def test_a_rollback_is_confirmed_and_recorded(owned: Bench) -> None:
    second_generation(owned)
    browser = signed_in(owned, ADMIN)
    serving = owned.services.catalog.generations.serving().id
    page = browser.get("/operations/rollback").text
    assert "Roll back to generation 1?" in page
    assert owned.services.catalog.generations.serving().id == serving
    done = browser.submit("/operations/rollback", "/operations/rollback", {"generation": "1"})
    assert (done.status_code, done.headers["location"]) == (303, "/operations")
    assert owned.services.catalog.generations.serving().id == 1
    assert [one for one in owned.audited.events if one.get("what", "").startswith("rolled back")]


def test_a_rollback_that_was_confirmed_for_another_generation_does_nothing(owned: Bench) -> None:
    second_generation(owned)
    browser = signed_in(owned, ADMIN)
    serving = owned.services.catalog.generations.serving().id
    done = browser.submit("/operations/rollback", "/operations/rollback", {"generation": "7"})
    assert done.headers["location"] == "/operations/rollback"
    assert owned.services.catalog.generations.serving().id == serving


def test_no_rollback_without_the_right(owned: Bench) -> None:
    second_generation(owned)
    browser = signed_in(owned)
    assert browser.submit("/", "/operations/rollback", {"generation": "1"}).status_code == 403


def test_evals_without_a_run_say_how_to_make_one(owned: Bench) -> None:
    assert "runbook eval run" in signed_in(owned, ADMIN).get("/evals").text


def test_evals_show_the_last_run_with_the_questions_that_flipped(owned: Bench) -> None:
    before = run_of(case("q1", "a.md", passed=True), case("q2", "b.md", passed=False))
    after = run_of(case("q1", "a.md", passed=False), case("q2", "b.md", passed=True))
    folder = owned.services.settings.evals_folder
    verdict = judge(after, before, GateRules())
    append_run(folder, after, passed=verdict.passed)
    write_last_report(folder, after, verdict)
    page = signed_in(owned, ADMIN).get("/evals").text
    fails, passes = page.index("Questions that fail now"), page.index("Questions that pass now")
    assert fails < page.index("q1, asked as") < passes < page.index("q2, asked as")
    assert "the code did" in page


def test_a_report_of_another_version_is_passed_over(owned: Bench) -> None:
    folder = owned.services.settings.evals_folder
    folder.mkdir(parents=True)
    (folder / "last-report.json").write_text('{"suite": 1}')
    append_run(folder, run_of(case("q1", "a.md")), passed=True)
    page = signed_in(owned, ADMIN).get("/evals").text
    assert "Last run" not in page
    assert "Runs" in page


def test_progress_is_by_the_pace_so_far(owned: Bench) -> None:
    job = owned.services.jobs.enqueue(JobKind.REINDEX, {}, "x")
    started = datetime(2026, 1, 1, tzinfo=UTC)
    running = replace(job, started_at=started, found=100, done=25)
    assert progress_of(running, started.timestamp() + 10).seconds_left == 30
    assert progress_of(replace(running, done=0), started.timestamp()).seconds_left is None
    assert progress_of(job, started.timestamp()).share is None


def test_a_trend_goes_from_the_first_run_to_the_last() -> None:
    runs = [PastRun("s", "d", "t", True, 1, 0, 0, {"r": value}, {}) for value in (0.0, 0.5, 1.0)]
    trend = trend_of("r", runs)
    assert trend is not None
    assert trend.points == "0.0,40.0 100.0,20.0 200.0,0.0"
    assert trend_of("r", runs[:1]) is None
    assert trend_of("other", runs) is None
