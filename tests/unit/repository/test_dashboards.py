"""The dashboards are valid for Grafana, and are provisioned."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.promql import DASHBOARDS, MONITORING, dashboard_queries, panels_of

PROMTOOL = shutil.which("promtool")
# What Grafana puts in place of its variables.
VARIABLES = {"$__rate_interval": "5m", "$price_in": "2", "$price_out": "8"}


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(request.param.read_text(encoding="utf-8"))
    return loaded


def test_there_is_a_dashboard_of_the_service_the_index_and_the_answers() -> None:
    assert [path.stem for path in DASHBOARDS] == ["answers", "index", "service"]
    identities = [json.loads(path.read_text(encoding="utf-8"))["uid"] for path in DASHBOARDS]
    assert len(set(identities)) == len(DASHBOARDS)


def test_panels_are_named_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] for panel in panels)
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
        assert one["x"] + one["w"] <= 24


def test_every_panel_asks_the_chosen_data_source(dashboard: dict[str, Any]) -> None:
    for panel in panels_of(dashboard):
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_parses_every_query(dashboard: dict[str, Any], tmp_path: Path) -> None:
    rules = []
    for number, query in enumerate(dashboard_queries("dashboard", dashboard)):
        expression = query.expression
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        rules.append({"record": f"query:{number}", "expr": expression})
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        [str(PROMTOOL), "check", "rules", "--lint=none", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_is_provisioned_with_the_folder_of_dashboards() -> None:
    provisioning = MONITORING / "grafana" / "provisioning"
    read = yaml.safe_load((provisioning / "dashboards" / "runbook-search.yml").read_text())
    [provider] = read["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["type"] == "prometheus"
    assert source["url"] == "http://prometheus:9090"


def test_prometheus_reads_the_service_and_the_alert_rules() -> None:
    read = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    [job] = [job for job in read["scrape_configs"] if job["job_name"] == "runbook-search"]
    assert job["static_configs"] == [{"targets": ["runbook:8080"]}]
    assert job.get("metrics_path", "/metrics") == "/metrics"
    assert read["rule_files"] == ["/etc/prometheus/alerts.yml"]
