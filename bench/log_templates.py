"""Log templates of ten kinds of systems, beside Drain3's own on the same lines.

    python -m bench.log_templates [--lines 2000] [--seeds 3]

For each system the grouping accuracy (Zhu et al., ICSE-SEIP 2019) of this program from the raw
lines, of Drain3 with its defaults on the messages that this program took out of the lines, and of
Drain3 with its defaults on the raw lines. The lines are those of bench/log_lines.py.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from drain3.drain import Drain

from bench.incidents import drain3_accuracy, grouping_accuracy, share_grouped_right
from bench.log_lines import SYSTEMS, lines_of
from rag.incidents.instants import Clock

_CLOCK = Clock(datetime(2026, 3, 15, tzinfo=UTC))


def measure(system: str, count: int, seed: int) -> tuple[float, float, float]:
    """The accuracy of this program, of Drain3 on messages, and of Drain3 on lines."""
    found = list(lines_of(system, count, seed))
    truth = [statement for _, statement in found]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "a.log"
        log.write_text("".join(f"{line}\n" for line, _ in found), encoding="utf-8")
        ours = grouping_accuracy(log, truth, _CLOCK)
        on_messages = drain3_accuracy(log, truth, _CLOCK)
    drain = Drain()
    clusters = [str(drain.add_log_message(line)[0].cluster_id) for line, _ in found]
    return ours, on_messages, share_grouped_right(clusters, truth)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure log templates beside Drain3's.")
    parser.add_argument("--lines", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    print("| system | statements | this program | Drain3, messages | Drain3, lines |")
    print("| --- | --- | --- | --- | --- |")
    totals: list[tuple[float, float, float]] = []
    for system, statements in SYSTEMS.items():
        runs = [measure(system, chosen.lines, seed) for seed in range(chosen.seeds)]
        ours, messages, lines = (mean(values) for values in zip(*runs, strict=True))
        totals.append((ours, messages, lines))
        print(f"| {system} | {len(statements)} | {ours:.3f} | {messages:.3f} | {lines:.3f} |")
    ours, messages, lines = (mean(values) for values in zip(*totals, strict=True))
    print(f"| mean | | {ours:.3f} | {messages:.3f} | {lines:.3f} |")


if __name__ == "__main__":
    main()
