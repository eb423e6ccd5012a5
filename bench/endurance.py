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
            told: Any = figures(Soak(Path(folder), plan).run(), plan)
        else:
            told = [asdict(one) for one in cycles(Path(folder), _CYCLES)]
    place = _RESULTS / f"{asked.what}.json"
    place.write_text(json.dumps(told, indent=1), encoding="utf-8")
    write(_RESULTS, ROOT / "docs" / "soak.md")
    if asked.what == "soak" and told["violations"]:
        sys.exit("\n".join(told["violations"]))


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

Made by `make soak`: a service with real processes and the real model, while everything happens to
it at once. A git checkout changes all the time: edits, deletions, moves, switches of the branch,
and who may read what. Clients search and read pages over HTTP, the service is killed with `kill
-9` and started again, and a second generation is built, promoted and rolled back meanwhile. Every
passage carries a stamp of its page's version and readers, so that each answer shows by itself
whether it holds two versions of a page, or one that its reader may not see. At the end the index
is compared, chunk by chunk, with one made from the same files alone, and `runbook index verify`
looks at the vectors.
"""


def _soak(told: Mapping[str, Any]) -> str:
    commits = ", ".join(f"{count} {kind}" for kind, count in sorted(told["commits"].items()))
    rows = [
        ("length", f"{told['minutes']} minutes, {told['clients']} clients, {told['cores']} cores"),
        ("requests", f"{told['requests']:,}"),
        ("failed while the service was up", told["failed"]),
        ("cut off by a kill", told["excused"]),
        ("answers with two versions of a page", told["torn"]),
        ("hits that their reader may not see", told["forbidden"]),
        ("differences from a clean index at the end", told["unequal"]),
        ("`kill -9`", f"{told['kills']}; ready again after {told['restart p50']:.1f} s (p50)"),
        ("commits", f"{sum(told['commits'].values())}: {commits}"),
        ("commit to searchable", _spread(told, "searchable", "s")),
        ("deleted to gone", _spread(told, "gone", "s")),
        ("one search or page", _spread(told, "latency", "ms")),
        ("generation", ", ".join(f"{n} {t:.1f} s" for n, t in told["generations"].items())),
        ("memory of the service at most", f"{told['memory']:.0f} MiB"),
        ("disk at the end, without the model", f"{told['disk']:.0f} MiB"),
    ]
    lines = ["## Everything at once", "", "| | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in rows]
    return "\n".join([*lines, "", _ABOUT_SOAK])


_ABOUT_SOAK = """\
Times of a generation hold the start of the command; a rollback itself is one commit. A lag counts
from the end of `git commit` to the first search that shows it, in which a quarter of a second is
waiting for quiet; those that a kill came between are left out.
"""


def _spread(told: Mapping[str, Any], name: str, unit: str) -> str:
    return f"p50 {told[f'{name} p50']:.2f} {unit}, p95 {told[f'{name} p95']:.2f} {unit}"


def _cycles(told: Sequence[Mapping[str, Any]]) -> str:
    shown = [one for one in told if one["number"] in _SHOWN]
    lines = [
        "## Deleting and adding, again and again",
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
    most = max(told, key=lambda one: one["disk"])
    return "\n".join(
        [*lines, "", f"At most {most['disk']:.0f} MiB on disk, in cycle {most['number']}.", ""]
    )
