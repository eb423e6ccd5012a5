"""Hits and alerts by the addresses of the site that renders a source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.inprocess import run, run_json

PAGE = """# Disk full

The broker refuses to write.

## Roll back & restart

Roll the broker back and restart the pump when the disk is full, then watch the queue for a while
and close the incident once it is empty again. {filler}
"""
BASE = "https://docs.example/ops"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    page = tmp_path / "docs/Kafka/Disk full.md"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE.format(filler="Tell the owner of the queue what was done. " * 40))
    return tmp_path


def configure(folder: Path, lines: str) -> None:
    source = '[[sources]]\nname = "docs"\npath = "docs"\nacl = ["public"]\n'
    (folder / "runbook.toml").write_text(source + lines)


def best_in_section(folder: Path) -> dict[str, Any]:
    run_json(folder, "ingest")
    hits = run_json(folder, "search", "roll back the broker and restart")["hits"]
    return next(hit for hit in hits if hit["section"])


def section_of_alert(folder: Path, runbook_url: str) -> list[str]:
    """The section that an alert with this address and an unknown name leads to."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "Unheard"},
        "annotations": {"runbook_url": runbook_url},
        "fingerprint": "1",
    }
    (folder / "alert.json").write_text(json.dumps({"version": "4", "alerts": [alert]}))
    [group] = run_json(folder, "alerts", "alert.json")["groups"]
    assert group["matched_by"] == "runbook_url"
    assert group["runbooks"][0]["document"]["path"] == "Kafka/Disk full.md"
    section: list[str] = group["runbooks"][0]["section"]
    return section


@pytest.mark.parametrize(
    ("lines", "page", "anchor"),
    [
        ('site = "mkdocs"', "/Kafka/Disk%20full/", "#roll-back-restart"),
        ('site = "hugo"', "/kafka/disk-full/", "#roll-back--restart"),
        ('site = "docusaurus"', "/Kafka/Disk%20full", "#roll-back--restart"),
        ('site = "github"', "/Kafka/Disk%20full.md", "#roll-back--restart"),
        ('site = "gitlab"', "/Kafka/Disk%20full.md", "#roll-back-restart"),
        ('site = "backstage"', "/Kafka/Disk%20full/", "#roll-back-restart"),
        (
            'site = { preset = "mkdocs", replace = [["^Kafka/", "broker/"]], lower_case = true }',
            "/broker/disk%20full/",
            "#roll-back-restart",
        ),
        ("", "/Kafka/Disk%20full.md", "#roll-back--restart"),
    ],
)
def test_a_hit_links_to_its_section_on_the_site(
    team: Path, lines: str, page: str, anchor: str
) -> None:
    configure(team, f'url = "{BASE}/"\n{lines}\n')
    hit = best_in_section(team)
    assert hit["document"]["url"] == BASE + page
    assert hit["url"] == BASE + page + anchor


def test_an_anchor_that_the_author_declared_is_linked_to_and_found(team: Path) -> None:
    page = team / "docs/Kafka/Disk full.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("& restart\n", "& restart {#undo}\n"), encoding="utf-8")
    configure(team, f'url = "{BASE}/"\nsite = "hugo"\n')
    hit = best_in_section(team)
    assert hit["section"] == ["Roll back & restart"]
    assert hit["url"] == f"{BASE}/kafka/disk-full/#undo"
    assert section_of_alert(team, hit["url"]) == ["Roll back & restart"]


def test_without_an_address_there_is_no_link(team: Path) -> None:
    configure(team, 'site = "mkdocs"\n')
    assert best_in_section(team)["url"] is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "https://h/{pth}"', 'unknown {pth}; did you mean "path"?'),
        ('site = "mkdoc"', "site.preset"),
        ('site = { replace = [["(", ""]] }', "replace"),
        ('site = { replace = [["a", "\\\\2"]] }', "replace"),
        ("site = { lowercase = true }", 'did you mean "lower_case"?'),
    ],
)
def test_rules_that_cannot_be_applied_are_refused(team: Path, lines: str, said: str) -> None:
    configure(team, lines + "\n")
    done = run(team, "ingest")
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        f"{BASE}/kafka/disk-full/#roll-back--restart",
        f"{BASE}/kafka/disk-full#roll-back--restart",
        f"{BASE}/kafka/disk-full/index.html#roll-back--restart",
        "https://github.com/acme/ops/blob/main/docs/Kafka/Disk%20full.md#roll-back--restart",
    ],
)
def test_the_runbook_url_of_an_alert_finds_the_section_of_the_page(
    team: Path, address: str
) -> None:
    configure(team, f'url = "{BASE}/"\nsite = "hugo"\n')
    run_json(team, "ingest")
    assert section_of_alert(team, address) == ["Roll back & restart"]
