"""`runbook freshness` and `runbook coverage` over a real catalog and recorded requests."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.cli.main import cli
from rag.access.acl import AccessFilter, access_filter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.feedback import FeedbackStore
from rag.adapters.catalog.usage import UsageReader
from rag.domain.access import Principal
from rag.domain.documents import document_id
from rag.domain.feedback import Asked, Shown
from rag.reports.review import Usage
from tests.inprocess import run_json
from tests.processes import ROOT

PAGE = "---\ntitle: {0}\nowner: {1}\nservice: shop\nlast_reviewed: {2}\n{3}---\n# {0}\n"
EVERYTHING = access_filter(Principal("local", administrator=True))
NOW = datetime.now(UTC)


def write(folder: Path, name: str, owner: str, reviewed: str, **more: str) -> None:
    text = PAGE.format(name, owner, reviewed, more.get("keys", "")) + more.get("body", "")
    (folder / f"docs/{name}.md").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pages, a service that changed, and sixty searches that found two of the pages."""
    folder = tmp_path_factory.mktemp("owners")
    (folder / "docs").mkdir()
    today = NOW.date().isoformat()
    write(folder, "old", "team-a", "2020-01-01", keys="alerts: [OldAlert]\n")
    write(folder, "new", "team-a", today, keys="supersedes: old.md\n")
    write(folder, "lonely", "team-b", today, body="See [old](old.md).\n")
    write(folder, "asked", "team-gone", "2024-01-01")
    for path in (folder / "docs").iterdir():
        os.utime(path, (0, 0))
    (folder / "shop").mkdir()
    _commit(folder / "shop")
    (folder / "runbook.toml").write_text(
        '[[sources]]\nname = "d"\npath = "docs"\nurl = "https://git.example/{path}"\n'
        '[review]\nowners = ["team-a", "team-b"]\nservices = { shop = "shop" }\n'
    )
    run_json(folder, "ingest")
    _record(folder)
    return folder


def _commit(folder: Path) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    (folder / "main.py").write_text("")
    dated = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), NOW.isoformat())
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], cwd=folder, env={**os.environ, **dated}, check=True)


def _record(folder: Path) -> None:
    requests = [
        Asked(f"r{n}", "p", NOW - timedelta(days=2), f"question {n}", _shown("asked", "new"))
        for n in range(58)
    ]
    in_vain = ("rotate vpn certificate", "how to rotate the VPN certificates", None)
    requests += [
        Asked(f"v{n}", "p", NOW, text, _shown("lonely"), no_result=True)
        for n, text in enumerate(in_vain)
    ]
    database = Database.open(folder / ".runbook/catalog.db")
    FeedbackStore(database).remember(requests)
    database.close()


def _shown(*names: str) -> tuple[Shown, ...]:
    paths = [f"{name}.md" for name in names]
    return tuple(Shown("c", document_id("d", path), "d", path) for path in paths)


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(folder / "runbook.toml"), *arguments])


@pytest.fixture(scope="module")
def reviews(place: Path) -> dict[str, dict[str, object]]:
    report = json.loads(run(place, "freshness", "--json").stdout)
    assert report["searches"] == 61
    assert [owner["owner"] for owner in report["owners"]] == ["team-gone", "team-a", "team-b"]
    return {page["document"]["path"]: page for owner in report["owners"] for page in owner["pages"]}


def test_each_page_is_reported_with_what_is_known_of_it(
    reviews: dict[str, dict[str, object]],
) -> None:
    assert {path: page["reasons"] for path, page in reviews.items()} == {
        "asked.md": ["stale", "service_changed", "owner_gone"],
        "old.md": ["stale", "service_changed", "superseded_linked"],
        "lonely.md": ["never_found"],
    }
    assert reviews["asked.md"]["answers"] == 58
    assert reviews["old.md"]["linked_from"] == ["lonely.md"]
    assert reviews["old.md"]["superseded_by"] == ["new.md"]
    assert list(reviews["old.md"]["services_changed"]) == ["shop"]  # type: ignore[call-overload]  # a dict


def test_one_owner_may_be_asked_about_and_a_digest_made(place: Path) -> None:
    shown = run(place, "freshness", "--owner", "team-a", "--format", "digest").stdout
    assert "*team-a*" in shown
    assert "https://git.example/old.md" in shown
    assert "team-gone" not in shown
    assert "# Pages to look at" in run(place, "freshness", "--format", "markdown").stdout


def test_a_service_whose_folder_has_no_commits_is_reported(place: Path, tmp_path: Path) -> None:
    config = (place / "runbook.toml").read_text().replace('"shop" }', '"nowhere" }')
    (place / "other.toml").write_text(config)
    done = CliRunner().invoke(cli, ["--config", str(place / "other.toml"), "freshness"])
    assert "shop: no commits at nowhere" in done.stderr


def test_coverage_tells_gaps_on_both_sides_and_what_was_asked_in_vain(place: Path) -> None:
    rules = place / "rules.yaml"
    rules.write_text(
        "groups:\n- name: g\n  rules:\n  - alert: MatchedBy\n    annotations:\n"
        "      runbook_url: https://git.example/new.md\n  - alert: Bare\n    annotations:\n"
        "      runbook_url: https://git.example/gone.md\n"
    )
    done = run(place, "coverage", "--rules", str(rules), "--json", "--check")
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert [(one["alert"], one["by"], one["runbooks"]) for one in report["covered"]] == [
        ("MatchedBy", "runbook_url", ["new.md"])
    ]
    assert [(one["alert"], one["line"]) for one in report["without_runbook"]] == [("Bare", 7)]
    assert [one["alert"] for one in report["dead_links"]] == ["Bare"]
    assert [(one["alert"], one["path"]) for one in report["without_alert"]] == [
        ("OldAlert", "old.md")
    ]
    (group,) = report["unanswered"]
    assert (group["count"], report["unanswered_unkept"]) == (2, 1)
    shown = run(place, "coverage", "--rules", str(rules), str(rules)).stdout
    assert "1 of 4 alerts" in shown or "2 of 4 alerts" in shown
    assert "2x how to rotate the VPN certificates" in shown
    assert "1 more questions without a result were not kept" in shown


def test_the_sample_company_has_the_gaps_that_its_rule_file_tells_of(tmp_path: Path) -> None:
    (tmp_path / "runbook.toml").write_text(
        f'[[sources]]\nname = "r"\npath = "{ROOT / "runbooks"}"\n'
        'url = "https://git.fernhill.example/ops/runbooks/blob/main/{path}"\n'
    )
    run_json(tmp_path, "ingest")
    rules = str(ROOT / "runbooks/fernhill-alerts.yaml")
    report = json.loads(run(tmp_path, "coverage", "--rules", rules, "--json").stdout)
    assert [one["alert"] for one in report["without_runbook"]] == [
        "CheckoutVoucherServiceSlow",
        "PostgresVacuumBlocked",
    ]
    assert [one["alert"] for one in report["dead_links"]] == ["CheckoutSessionStoreDown"]
    assert [one["alert"] for one in report["elsewhere"]] == ["EdgeHigh5xxRatio"]
    gone = {one["alert"] for one in report["without_alert"]}
    assert {"KafkaLagMessages", "CheckoutErrors"} <= gone
    assert "KafkaConsumerLagSeconds" not in gone


@pytest.fixture
def usage(place: Path) -> Iterator[UsageReader]:
    database = Database.open(place / ".runbook/catalog.db")
    yield UsageReader(database)
    database.close()


def test_records_of_others_are_for_administrators_alone(usage: UsageReader) -> None:
    limited = AccessFilter(frozenset({"team:a", "public"}))
    assert usage.usage(access=limited) == Usage()
    assert usage.unanswered(access=limited).questions == ()
    assert usage.usage(access=EVERYTHING).searches == 61
    assert len(usage.unanswered(access=EVERYTHING).questions) == 2


def test_without_an_index_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "runbook.toml").write_text("")
    done = run(tmp_path, "freshness")
    assert "runbook ingest" in str(done.exception)
