"""The public benchmark's alerts as Alertmanager payloads over HTTP: is the gold runbook first?

    python -m bench.alert_matching FOLDER

FOLDER has a runbook.toml whose index holds the benchmark's corpus. Only alerts that a document is
dedicated to count. `rendered` gives each a `runbook_url` in each of the forms of a rendered site.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.testclient import TestClient

from api.compose.reading import open_reading
from api.http.app import create_app
from api.settings import load_settings
from bench.corpora import PUBLIC_BENCHMARK

_SITE = "https://runbooks.example.com"
_FORMS: dict[str, Callable[[PurePosixPath], str]] = {
    "blob": lambda path: f"https://git.example.com/ops/runbooks/-/blob/main/docs/{path}#L3",
    "raw": lambda path: f"https://raw.example.com/ops/runbooks/main/{path}",
    "directory": lambda path: f"{_SITE}/{path.with_suffix('')}/",
    "lower case": lambda path: f"{_SITE}/runbooks/{path.with_suffix('')}/".lower(),
    "html": lambda path: f"{_SITE}/{path.with_suffix('.html')}",
    "index": lambda path: f"{_SITE}/{path.with_suffix('')}/index.html",
    "route": lambda path: f"{_SITE}/#/{path.with_suffix('')}",
    "anchor": lambda path: f"{_SITE}/{path.with_suffix('')}#what-it-means",
}


def main() -> None:
    """Print the share of alerts whose gold runbook is first, for each kind of payload."""
    lines = (PUBLIC_BENCHMARK / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["tier"] == "dedicated"]
    config = Path(sys.argv[1]) / "runbook.toml"
    with open_reading(load_settings(config)) as services:
        key = services.keys.create("bench", frozenset({"public"}), frozenset({"search"}), None)
        client = TestClient(create_app(services), headers={"Authorization": f"Bearer {key.key}"})
        for name, payloads in _payloads(rows):
            _measure(client, name, rows, payloads)


def _payloads(rows: Sequence[Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    named = [{"alertname": row["alert"], "severity": "warning"} for row in rows]
    texts = [{"description": row["query"], "summary": row["summary"] or ""} for row in rows]
    yield "with name", [_alert(*pair) for pair in zip(named, texts, strict=True)]
    yield "without name", [_alert({"severity": "warning"}, text) for text in texts]
    for form, make in _FORMS.items():
        links = [{"runbook_url": make(PurePosixPath(row["gold"][0]))} for row in rows]
        yield f"runbook_url, {form}", [_alert({"a": "b"}, link) for link in links]


def _alert(labels: dict[str, str], annotations: dict[str, str]) -> dict[str, Any]:
    alert = {"status": "firing", "labels": labels, "annotations": annotations}
    return {"version": "4", "alerts": [alert]}


def _measure(client: TestClient, name: str, rows: Sequence[Any], payloads: Sequence[Any]) -> None:
    right, missed = 0, []
    for row, payload in zip(rows, payloads, strict=True):
        [group] = client.post("/v1/alerts", json=payload).json()["groups"][:1]
        found = [hit["document"]["path"] for hit in group["runbooks"]]
        if found[:1] and found[0] in row["gold"]:
            right += 1
        else:
            missed.append(f"{row['alert']} -> {found[:1]} by {group['matched_by']}")
    print(f"{name}: {right} of {len(rows)} first ({right / len(rows):.1%})", flush=True)
    for one in missed[:20]:
        print(f"  {one}")


if __name__ == "__main__":
    main()
