"""What holds over time: `python -m bench soak` and `cycles`, and docs/soak.md made of both."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.corpora import ROOT
from bench.cycles import cycles
from bench.soak import Plan, Soak, figures

_RESULTS = ROOT / ".bench"
_CYCLES = 200
_SHOWN = (1, 10, 25, 50, 100, 150, 200)


def main(arguments: Sequence[str]) -> None:
    """Run one of the two, keep its figures in .bench/, write the page; exits 1 when it fails."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("what", choices=["soak", "cycles"])
    parser.add_argument("--minutes", type=float, default=10.0)
    asked = parser.parse_args(arguments)
    _RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="runbook-soak-") as folder:
        if asked.what == "soak":
            plan = Plan(seconds=60 * asked.minutes)
            results: Any = figures(Soak(Path(folder), plan).run(), plan)
        else:
            results = [asdict(one) for one in cycles(Path(folder), _CYCLES)]
    place = _RESULTS / f"{asked.what}.json"
    place.write_text(json.dumps(results, indent=1), encoding="utf-8")
    write(_RESULTS, ROOT / "docs" / "soak.md")
    if asked.what == "soak" and results["violations"]:
        sys.exit("\n".join(results["violations"]))


def write(results: Path, page: Path) -> None:
    """The page of the docs, from what has been measured."""
    parts = [_HEAD]
    if (results / "soak.json").is_file():
        parts.append(_soak(json.loads((results / "soak.json").read_text(encoding="utf-8"))))
    if (results / "cycles.json").is_file():
        parts.append(_cycles(json.loads((results / "cycles.json").read_text(encoding="utf-8"))))
    page.write_text("\n".join(parts), encoding="utf-8")


_HEAD = """\
# Soak

`make soak` writes this page. It runs the service as real processes with the real model while a git
checkout changes: edits, deletions, moves, branch switches, changes of who may read what. Clients
search and fetch documents over HTTP; meanwhile the service is killed with `kill -9` and restarted,
and a second generation is built, promoted and rolled back. Each chunk holds the version and the
readers of its document, so a response shows whether it mixes two versions or holds a document that
its reader may not see. At the end, the index is compared chunk by chunk with one of the same
files, and `runbook index verify` checks the vectors.
"""


def _soak(results: Mapping[str, Any]) -> str:
    commits = ", ".join(f"{count} {kind}" for kind, count in sorted(results["commits"].items()))
    rows = [
        (
            "length",
            f"{results['minutes']} minutes, {results['clients']} clients, {results['cores']} cores",
        ),
        ("requests", f"{results['requests']:,}"),
        ("failed while the service was up", results["failed"]),
        ("interrupted by a kill", results["excused"]),
        ("responses with two versions of a document", results["torn"]),
        ("hits that the reader may not see", results["forbidden"]),
        ("differences from a clean index at the end", results["unequal"]),
        (
            "`kill -9`",
            f"{results['kills']}; ready again after {results['restart p50']:.1f} s (p50)",
        ),
        ("commits", f"{sum(results['commits'].values())}: {commits}"),
        ("commit to searchable", _spread(results, "searchable", "s")),
        ("deleted to gone", _spread(results, "gone", "s")),
        ("one search or document", _spread(results, "latency", "ms")),
        ("generation", ", ".join(f"{n} {t:.1f} s" for n, t in results["generations"].items())),
        ("peak memory of the service", f"{results['memory']:.0f} MiB"),
        ("disk at the end, without the model", f"{results['disk']:.0f} MiB"),
    ]
    lines = ["## All changes at once", "", "| | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in rows]
    return "\n".join([*lines, "", _ABOUT_SOAK])


_ABOUT_SOAK = """\
Times of a generation include the start of the command. A lag lasts from the end of `git commit` to
the first search that shows the change, with a quarter of a second of waiting for quiet. Lags that a
kill interrupted are left out.
"""


def _spread(results: Mapping[str, Any], name: str, unit: str) -> str:
    return f"p50 {results[f'{name} p50']:.2f} {unit}, p95 {results[f'{name} p95']:.2f} {unit}"


def _cycles(results: Sequence[Mapping[str, Any]]) -> str:
    shown = [one for one in results if one["number"] in _SHOWN]
    lines = [
        "## Deleting and adding in cycles",
        "",
        "An index of 1,000 chunks in 50 documents, all deleted and added with new text, 200 times.",
        "",
        "| cycle | catalog | vectors | memory |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one['number']} | {one['catalog']:.0f} MiB | {one['vectors']:.0f} MiB "
        f"| {one['memory']:.0f} MiB |"
        for one in shown
    ]
    peak = max(results, key=lambda one: one["disk"])
    return "\n".join(
        [*lines, "", f"At most {peak['disk']:.0f} MiB on disk, in cycle {peak['number']}.", ""]
    )
