"""A generated incident whose truth is known, scaled down: `bench/incident_data.py` writes it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.incident_data import Truth, generate, log_names
from bench.incidents import grouping_accuracy
from rag.adapters.drain_templates import DrainMiner
from rag.errors import InvalidPayload
from rag.incidents.analysis import Analysis, analyse
from rag.incidents.anomalies import anomalies_in
from rag.incidents.facts import Facts, InputKind
from rag.incidents.inputs import parse_changes, parse_cluster_events, parse_metrics
from rag.incidents.instants import Clock
from rag.incidents.log_events import log_events
from rag.incidents.log_formats import Level
from rag.incidents.reading import ReadingTools, read_input
from rag.incidents.templates import TemplateCounter, masked

CLOCK = Clock(datetime(2026, 3, 14, 12, tzinfo=UTC))
TOOLS = ReadingTools(CLOCK, DrainMiner)
LINES = 3_000
Generated = tuple[Truth, Path, Analysis]


def opened(text: str) -> io.BufferedReader[io.BytesIO]:
    return io.BufferedReader(io.BytesIO(text.encode()))


def facts_of(folder: Path) -> Facts:
    facts = Facts()
    kinds = [(name, InputKind.LOGS) for name in log_names()]
    kinds += [(f"{kind}.json", kind) for kind in InputKind if kind is not InputKind.LOGS]
    for name, kind in kinds:
        with (folder / name).open("rb") as data:
            facts = facts.joined(read_input(name, kind, data, TOOLS))
    return facts


@pytest.fixture(scope="module", params=range(3))
def incident(
    request: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Truth, Path, Analysis]:
    folder = tmp_path_factory.mktemp("incident")
    truth = generate(folder, request.param, LINES)
    return truth, folder, analyse(facts_of(folder))


def test_the_first_symptom_is_found(incident: Any) -> None:
    truth, _, found = incident
    assert found.onset.first.service == truth.service
    assert found.onset.first.at == datetime.fromisoformat(truth.first_symptom_at)
    assert truth.error in found.onset.first.what
    assert not found.onset.is_weak


def test_the_true_change_is_first_among_those_before(incident: Any) -> None:
    truth, _, found = incident
    best = found.suspects[0].change.change
    assert (best.what, best.service) == (truth.cause, truth.service)
    assert all(one.change.change.at <= found.onset.first.at for one in found.suspects)
    assert found.hypotheses[0].strength == "strong"
    assert truth.cause in found.hypotheses[0].claim


def test_the_timeline_is_in_order_and_has_every_change_and_the_first_symptom(
    incident: Any,
) -> None:
    truth, _, found = incident
    times = [one.at for one in found.timeline]
    assert times == sorted(times)
    assert sum(1 for one in found.timeline if one.is_change) == 5
    first = datetime.fromisoformat(truth.first_symptom_at)
    assert any(one.at == first and truth.error in one.what for one in found.timeline)


def test_each_entry_of_a_log_names_its_line(incident: Any) -> None:
    _, folder, found = incident
    entries = [one for one in found.timeline if one.source.endswith(".log")]
    assert entries
    for entry in entries:
        line = (folder / entry.source).read_text().splitlines()[entry.line - 1]
        assert entry.what.split()[-3] in line or "<*>" in entry.what


def test_templates_group_lines_as_the_program_that_wrote_them(incident: Any) -> None:
    truth, folder, _ = incident
    for name in log_names():
        assert grouping_accuracy(folder / name, truth.templates[name], CLOCK) >= 0.95


def test_an_incident_without_evidence_says_so() -> None:
    quiet = "".join(
        f"2026-03-14T09:{minute:02}:{second:02}Z INFO served request {minute}\n"
        for minute in range(60)
        for second in (0, 30)
    )
    facts = read_input("a.log", InputKind.LOGS, opened(quiet), TOOLS)
    found: Analysis = analyse(facts)
    assert (found.onset, found.hypotheses, found.suspects) == (None, (), ())
    assert any("no evidence for any hypothesis" in one for one in found.missing)
    assert "no deploys and other changes were added" in found.missing
    assert analyse(Facts()).hypotheses == ()


def test_secrets_are_in_no_fact() -> None:
    secret = "AKIA" + "Z7Q2MX4TLW5RKD3P"
    line = f"2026-03-14T09:00:00Z ERROR login with {secret} failed\n"
    facts = read_input("a.log", InputKind.LOGS, opened(line), TOOLS)
    assert secret not in repr(facts)


def test_memory_of_a_log_does_not_grow_with_its_length() -> None:
    counter = TemplateCounter(DrainMiner(), "a.log")
    start = datetime(2026, 3, 14, tzinfo=UTC)
    lines = (
        f"{start + timedelta(seconds=n * 40):%Y-%m-%dT%H:%M:%SZ} INFO tick {n}"
        for n in range(9_000)
    )
    for event in log_events(lines, CLOCK):
        counter.add(event)
    [stats] = counter.stats()
    assert stats.count == 9_000
    assert len(stats.buckets) <= 3_001


def test_masking_keeps_words_and_takes_values() -> None:
    assert masked("GET /api/v2/orders/81 took 12.5ms for 10.0.0.7:8080") == (
        "GET / api / <*> / orders / <*> took <*> for <*> : <*>"
    )


@pytest.mark.parametrize(
    "line",
    [
        '10.0.0.1 - - [14/Mar/2026:08:00:00 +0000] "GET {} HTTP/1.1" 503 12 "-" "{}"',
        '[2026-03-14T08:00:00.123Z] "GET {} HTTP/2" 503 UF 1 91 "-" "{}" "10.0.0.1:8080"',
    ],
)
def test_requests_of_one_method_are_one_template_and_failed_ones_are_errors(line: str) -> None:
    counter = TemplateCounter(DrainMiner(), "access.log")
    agents = ("curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)")
    lines = [line.format(path, agent) for path in ("/", "/a/b", "/c?d=e") for agent in agents]
    for event in log_events(lines, CLOCK):
        counter.add(event)
    [stats] = counter.stats()
    assert (stats.count, stats.level) == (6, Level.ERROR)
    assert stats.template.startswith("GET <*> HTTP <*>")


def test_an_anomaly_is_reported_with_its_numbers() -> None:
    start = datetime(2026, 3, 14, tzinfo=UTC)
    points = [(start + timedelta(minutes=n), 1.0 + (n % 5) / 10) for n in range(60)]
    points += [(start + timedelta(minutes=60 + n), 40.0) for n in range(5)]
    [found] = anomalies_in(points, "errors")
    assert found.start == start + timedelta(minutes=60)
    assert (found.value, found.median) == (40.0, 1.2)
    assert found.score > 100
    assert anomalies_in(points[:60], "errors") == []
    assert anomalies_in(points[:61], "errors") == []  # one point is none


def test_a_series_with_a_daily_season_is_compared_with_the_same_hour() -> None:
    start = datetime(2026, 3, 10, tzinfo=UTC)
    points = [
        (start + timedelta(minutes=5 * n), 100.0 if (n // 12) % 24 == 9 else 1.0 + n % 3)
        for n in range(12 * 24 * 4)
    ]
    assert anomalies_in(points, "load") == []


ARGO = {
    "kind": "Application",
    "metadata": {"name": "checkout"},
    "status": {"history": [{"deployedAt": "2026-03-14T09:00:00Z", "revision": "abc123"}]},
}
FLUX = {
    "apiVersion": "helm.toolkit.fluxcd.io/v2",
    "kind": "HelmRelease",
    "metadata": {"name": "ledger"},
    "status": {"history": [{"lastDeployed": "2026-03-14T09:05:00Z", "chartVersion": "1.2.3"}]},
}
GIT_LOG = """\
commit 0123456789abcdef0123456789abcdef01234567 (HEAD -> main)
Author: Ines <ines@example.com>
Date:   Sat Mar 14 10:00:00 2026 +0100

    Use the new fee schedule

commit 1123456789abcdef0123456789abcdef01234567
Author: Olu <olu@example.com>
Date:   2026-03-13T08:00:00Z

    Earlier
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(ARGO), [("checkout", "sync of checkout to abc123", "09:00")]),
        (json.dumps({"items": [FLUX]}), [("ledger", "release of ledger 1.2.3", "09:05")]),
        (GIT_LOG, [("", "Earlier", "08:00"), ("", "Use the new fee schedule", "09:00")]),
        ("0123abc 2026-03-14T09:00:00Z Ines fix fees\n", [("", "Ines fix fees", "09:00")]),
        (
            '{"at":"2026-03-14T09:00:00Z","what":"flag on","service":"a","by":"me"}\n'
            '{"at":"2026-03-14T10:00:00Z","what":"flag off","service":"a"}\n',
            [("a", "flag on", "09:00"), ("a", "flag off", "10:00")],
        ),
    ],
)
def test_changes_are_read_from_every_tool(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = parse_changes(text, CLOCK).changes
    assert [(one.service, one.what, f"{one.at:%H:%M}") for one in found] == expected


def test_events_of_the_cluster_name_the_workload() -> None:
    event = {
        "type": "Warning",
        "reason": "OOMKilling",
        "message": "killed",
        "involvedObject": {"kind": "Pod", "name": "checkout-7d9c5b6f4-x2abc"},
        "firstTimestamp": None,
        "eventTime": "2026-03-14T09:00:00.000000Z",
    }
    [found] = parse_cluster_events(json.dumps({"items": [event]}), CLOCK).events
    assert (found.service, found.reason, found.is_warning) == ("checkout", "OOMKilling", True)


def test_metrics_are_read_from_prometheus_and_csv() -> None:
    payload = {"data": {"result": [{"metric": {"job": "a"}, "values": [[1773480413, "1.5"]]}]}}
    [series] = parse_metrics(json.dumps(payload), CLOCK).series
    assert (series.name, series.service, len(series.points)) == ("{job=a}", "a", 1)
    csv = "time,errors,latency\n2026-03-14T09:00:00Z,1,20\n1773480413,2,\nbad,3,4\n"
    found = parse_metrics(csv, CLOCK)
    assert [len(one.points) for one in found.series] == [2, 1]
    assert found.skipped == 1


@pytest.mark.parametrize(
    ("parse", "text", "field"),
    [
        (parse_changes, "nothing like it", "deploys"),
        (parse_changes, '[{"at":"2026-03-14"}]', "deploys.0.what"),
        (parse_cluster_events, "{}", "items"),
        (parse_cluster_events, "{", "body"),
        (
            parse_metrics,
            '{"data":{"result":[{"metric":{},"value":[1,2]}]}}',
            "data.result.0.values",
        ),
        (parse_metrics, "x", "metrics"),
    ],
)
def test_a_bad_input_is_refused_with_its_field(parse: Any, text: str, field: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        parse(text, CLOCK)
    assert refused.value.field == field
