"""Alerts beside runbooks: what leads from one to the other, and what leads nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.reading.rule_files import alert_rules
from rag.alerts.claims import DocumentNames
from rag.domain.documents import Document, Kind, Metadata
from rag.errors import ConfigurationError
from rag.reports.coverage import AlertRule, Coverage, MatchedBy, coverage
from tests.fakes import document
from tests.processes import ROOT

OURS = "https://git.example.com/ops/blob/main/"
SUFFIXES = frozenset({".md"})


def page(path: str, title: str = "A page", **about: object) -> Document:
    return replace(document(path), metadata=Metadata(title, **about))  # type: ignore[arg-type]  # as told


def rule(name: str, url: str | None = None) -> AlertRule:
    return AlertRule(name, "rules.yaml", 1, url)


def compared(rules: list[AlertRule], *pages: Document) -> Coverage:
    names = [
        DocumentNames(
            one.id,
            one.path,
            one.metadata.kind,
            one.metadata.title,
            one.metadata.url,
            one.metadata.alerts,
        )
        for one in pages
    ]
    return coverage(rules, pages, names, [OURS], SUFFIXES)


@pytest.mark.parametrize(
    ("alert", "found", "by"),
    [
        (rule("X", OURS + "pay/disk.md"), page("pay/disk.md"), MatchedBy.RUNBOOK_URL),
        (rule("X", OURS + "pay/disk.md#fix?x=1"), page("pay/disk.md"), MatchedBy.RUNBOOK_URL),
        (rule("X", "pay/disk.md"), page("pay/disk.md"), MatchedBy.RUNBOOK_URL),
        (rule("X", OURS + "with%20space.md"), page("with space.md"), MatchedBy.RUNBOOK_URL),
        (
            rule("X", "https://wiki.example/1/"),
            page("a.md", url="https://wiki.example/1"),
            MatchedBy.RUNBOOK_URL,
        ),
        (
            rule("X", "https://wiki.example/view?page=7#fix"),
            page("a.md", url="https://wiki.example/view?page=7"),
            MatchedBy.RUNBOOK_URL,
        ),
        (rule("DiskFull"), page("a.md", alerts=("Other", "DiskFull")), MatchedBy.ALERTS),
        (rule("DiskFull"), page("pay/disk-full.md"), MatchedBy.NAME),
        (rule("DiskFull"), page("a.md", "What to do on DiskFull"), MatchedBy.NAME),
    ],
)
def test_an_alert_is_led_to_its_runbook(alert: AlertRule, found: Document, by: MatchedBy) -> None:
    (match,) = compared([alert], found, page("unrelated.md")).matches
    assert (match.by, match.documents) == (by, (found,))


def test_pages_that_differ_in_what_follows_the_question_mark_are_distinguished() -> None:
    seven = page("7.md", url="https://wiki.example/view?page=7")
    eight = page("8.md", url="https://wiki.example/view?page=8")
    (match,) = compared([rule("X", "https://wiki.example/view?page=8")], seven, eight).matches
    assert match.documents == (eight,)


def test_the_link_of_a_rule_is_believed_before_its_name() -> None:
    linked, named = page("linked.md"), page("named.md", alerts=("DiskFull",))
    (match,) = compared([rule("DiskFull", OURS + "linked.md")], linked, named).matches
    assert match.documents == (linked,)


def test_an_alert_without_a_runbook_is_reported_and_a_postmortem_is_none() -> None:
    history = page("a.md", alerts=("DiskFull",), kind=Kind.POSTMORTEM)
    found = compared([rule("DiskFull"), rule("Full")], history, page("b.md", "The disk is full"))
    assert [one.name for one in found.without_runbook] == ["DiskFull", "Full"]
    assert found.without_alert == ()


def test_a_runbook_whose_alert_no_rule_defines_is_reported() -> None:
    found = compared([rule("There")], page("a.md", alerts=("There", "Gone")))
    assert [(one.document.path, one.alert) for one in found.without_alert] == [("a.md", "Gone")]


def test_a_link_that_should_lead_to_a_page_of_ours_and_does_not_is_dead() -> None:
    rules = [
        rule("A", OURS + "gone.md"),
        rule("B", "https://other.example/gone.md"),
        rule("C", "https://wiki.example/page"),
        rule("D", OURS + "{{ $labels.service }}.md"),
        rule("E", "https://[broken"),
        rule("F", OURS + "there.md"),
    ]
    found = compared(rules, page("there.md"), page("a.md", alerts=("A",)))
    assert [one.name for one in found.dead_links] == ["A", "B"]
    assert [one.name for one in found.elsewhere] == ["C", "D", "E"]
    assert [one.rule.name for one in found.matches] == ["A", "F"]


def test_rules_are_read_with_their_lines_from_both_kinds_of_file() -> None:
    rules = alert_rules([ROOT / "runbooks/fernhill-alerts.yaml"])
    lines = (ROOT / "runbooks/fernhill-alerts.yaml").read_text().split("\n")
    assert all(f"alert: {one.name}" in lines[one.line - 1] for one in rules)
    by_name = {one.name: one for one in rules}
    assert {"CheckoutHighErrorRate", "PatroniNoLeader"} <= by_name.keys()
    assert "event_bus:lag_seconds:max" not in by_name
    assert (by_name["PatroniNoLeader"].runbook_url or "") == ""
    assert (by_name["CheckoutHighErrorRate"].runbook_url or "").endswith("after-deploy.md")


def test_a_folder_gives_the_rules_of_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    text = "groups: [{name: g, rules: [{alert: %s, expr: up == 0}]}]\n"
    (tmp_path / "a.yaml").write_text(text % "One")
    (tmp_path / "sub/b.yml").write_text(text % "Two")
    (tmp_path / "values.yaml").write_text("image: x\n")
    assert [one.name for one in alert_rules([tmp_path])] == ["One", "Two"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image: x\n", "is it a rule file"),
        ("", "is it a rule file"),
        ("groups:\n  - name: {{ .Values.x }\n   bad\n", "rules.yaml:"),
        ("groups: !!python/object/apply:os.system [ls]\n", "rules.yaml"),
    ],
)
def test_a_file_that_holds_no_rules_is_wrong_usage(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    if "python" in text:
        assert alert_rules([path]) == []  # read as nodes: nothing is made of its tags
        return
    with pytest.raises(ConfigurationError, match=message):
        alert_rules([path])


def test_rules_of_odd_shapes_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    odd = "  - {alert: [a]}\n  - x\n  - {alert: Ok, annotations: y}\n"
    path.write_text(f"groups:\n- rules:\n{odd}- z\n")
    assert [(one.name, one.line) for one in alert_rules([path])] == [("Ok", 5)]
