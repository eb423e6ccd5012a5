"""`runbook coverage`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from api.cli import exit_codes
from api.cli.terminal import echo_json, echo_lines
from api.settings import Settings, load_settings
from rag.reports.coverage import AlertRule, Coverage, Orphan, coverage
from rag.reports.unanswered import QuestionGroup, grouped

_QUESTIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Report:
    """`unkept` questions had no result and are known by their number alone."""

    rules: int
    found: Coverage
    questions: list[QuestionGroup]
    unkept: int

    @property
    def uncovered(self) -> bool:
        return bool(self.found.without_runbook or self.found.dead_links)


@click.command("coverage")
@click.option(
    "--rules",
    "first",
    required=True,
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE…",
    help="Prometheus rule files, or folders of them.",
)
@click.argument("more", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="")
@click.option("--check", is_flag=True, help="End with 1 if an alert or a link lacks its runbook.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
@click.pass_context
def command(
    ctx: click.Context, first: tuple[Path, ...], more: tuple[Path, ...], check: bool, as_json: bool
) -> None:
    """Compare alerts with runbooks, and list unanswered questions."""
    report = _report(load_settings(ctx.obj), [*first, *more])
    if as_json:
        echo_json(_to_json(report))
    else:
        echo_lines(_plain(report))
    ctx.exit(exit_codes.FAILED if check and report.uncovered else 0)


def _report(settings: Settings, paths: Sequence[Path]) -> _Report:
    from api.compose.local import LOCAL_ADMINISTRATOR, open_catalog
    from ingest.formats import SUFFIXES
    from ingest.reading.rule_files import alert_rules
    from rag.access.acl import access_filter

    rules = alert_rules(paths)
    access = access_filter(LOCAL_ADMINISTRATOR)
    with open_catalog(settings) as catalog:
        catalog.generations.serving()  # raises IndexMissing
        documents = catalog.reader.every_document(access=access)
        names = list(catalog.claims.names())
        unanswered = catalog.usage.unanswered(access=access)
    prefixes = [source.url.split("{")[0] for source in settings.sources if source.url]
    return _Report(
        rules=len(rules),
        found=coverage(rules, documents, names, prefixes, SUFFIXES),
        questions=grouped(unanswered.questions),
        unkept=unanswered.unkept,
    )


def _plain(report: _Report) -> Iterator[str]:
    found = report.found
    yield f"{len(found.matches)} of {report.rules} alerts have a runbook"
    yield from _section(
        "Alerts without a runbook", [f"{_where(one)}: {one.name}" for one in found.without_runbook]
    )
    yield from _section(
        "runbook_url that leads nowhere",
        [f"{_where(one)}: {one.name} -> {one.runbook_url}" for one in found.dead_links],
    )
    yield from _section(
        "Runbooks whose alert no rule defines",
        [f"{path}: {', '.join(alerts)}" for path, alerts in _by_page(found.without_alert)],
    )
    yield from _section(
        "runbook_url that leads elsewhere, not looked at",
        [f"{_where(one)}: {one.name} -> {one.runbook_url}" for one in found.elsewhere],
    )
    yield from _section("Asked and not answered", [_asked(one) for one in _shown(report)])
    if report.unkept:
        yield f"{report.unkept} more questions without a result were not kept"


def _shown(report: _Report) -> list[QuestionGroup]:
    return report.questions[:_QUESTIONS_SHOWN]


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{title} ({len(lines)}):"
        yield from (f"  {line}" for line in lines)


def _by_page(orphans: Sequence[Orphan]) -> Iterator[tuple[str, list[str]]]:
    for path, inside in groupby(orphans, key=lambda one: one.document.path):
        yield path, [one.alert for one in inside]


def _asked(group: QuestionGroup) -> str:
    others = len(group.questions) - 1
    also = f" (and {others} in other words)" if others else ""
    return f"{group.count}x {group.questions[0]}{also}, last on {group.last_asked.date()}"


def _where(rule: AlertRule) -> str:
    return f"{rule.file}:{rule.line}"


def _to_json(report: _Report) -> dict[str, Any]:
    found = report.found
    return {
        "rules": report.rules,
        "covered": [
            {
                **_rule(match.rule),
                "by": match.by.value,
                "runbooks": [document.path for document in match.documents],
            }
            for match in found.matches
        ],
        "without_runbook": [_rule(rule) for rule in found.without_runbook],
        "dead_links": [_rule(rule) for rule in found.dead_links],
        "elsewhere": [_rule(rule) for rule in found.elsewhere],
        "without_alert": [
            {
                "alert": one.alert,
                "source": one.document.source,
                "path": one.document.path,
                "owner": one.document.metadata.owner,
            }
            for one in found.without_alert
        ],
        "unanswered": [
            {
                "questions": list(group.questions),
                "count": group.count,
                "last_asked": group.last_asked.isoformat(),
            }
            for group in report.questions
        ],
        "unanswered_unkept": report.unkept,
    }


def _rule(rule: AlertRule) -> dict[str, object]:
    return {
        "alert": rule.name,
        "file": rule.file,
        "line": rule.line,
        "runbook_url": rule.runbook_url,
    }
