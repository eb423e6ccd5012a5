"""The incident analysis on generated incidents whose truth is known.

    python -m bench.incidents [--seeds 10] [--lines 200000]

Prints for each seed whether the first symptom and the true change are found, the grouping accuracy
of the templates beside Drain3 with its defaults, the seconds, and the memory. The grouping accuracy
is that of Zhu et al. (ICSE-SEIP 2019): the share of lines whose group holds exactly the lines of
their template.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from drain3.drain import Drain

from bench.incident_data import generate, log_names
from rag.adapters.drain_templates import DrainMiner
from rag.adapters.ruptures_breaks import find_breaks
from rag.incidents.analysis import analyse
from rag.incidents.facts import Facts, InputKind
from rag.incidents.instants import Clock
from rag.incidents.log_events import log_events
from rag.incidents.reading import ReadingTools, read_input, service_of_file
from rag.incidents.templates import TemplateCounter

_CLOCK = Clock(datetime(2026, 3, 14, 12, tzinfo=UTC))


def grouping_accuracy(log: Path, truth: Sequence[str], clock: Clock) -> float:
    """The grouping accuracy of the templates of a log; `truth` has the template of each line."""
    counter = TemplateCounter(DrainMiner(), log.name)
    with log.open(encoding="utf-8") as lines:
        events = list(log_events(lines, clock, service_of_file(log.name)))
    keys = [counter.add(event) for event in events]
    merged = counter.texts()
    return _accuracy([merged[key] for key in keys], truth)


def drain3_accuracy(log: Path, truth: Sequence[str], clock: Clock) -> float:
    """The same of Drain3 with its defaults, on the messages without a header."""
    drain = Drain()
    with log.open(encoding="utf-8") as lines:
        events = list(log_events(lines, clock, service_of_file(log.name)))
    found = [str(drain.add_log_message(event.message)[0].cluster_id) for event in events]
    return _accuracy(found, truth)


def _accuracy(found: Sequence[str], truth: Sequence[str]) -> float:
    if len(found) != len(truth):
        return 0.0
    groups: dict[str, set[int]] = defaultdict(set)
    for index, template in enumerate(truth):
        groups[template].add(index)
    made: dict[str, set[int]] = defaultdict(set)
    for index, key in enumerate(found):
        made[key].add(index)
    right = sum(len(one) for one in made.values() if groups[truth[min(one)]] == one)
    return right / len(truth) if truth else 1.0


def measure(seed: int, lines: int) -> None:
    """Generate one incident, analyse it, and print how well."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        truth = generate(folder, seed, lines)
        started, busy = time.perf_counter(), time.process_time()
        facts = Facts()
        tools = ReadingTools(_CLOCK, DrainMiner, breaks=find_breaks)
        inputs = [(name, InputKind.LOGS) for name in log_names()]
        inputs += [(f"{kind}.json", kind) for kind in InputKind if kind is not InputKind.LOGS]
        for name, kind in inputs:
            with (folder / name).open("rb") as data:
                facts = facts.joined(read_input(name, kind, data, tools))
        found = analyse(facts, find_breaks)
        seconds, cpu = time.perf_counter() - started, time.process_time() - busy
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        best = found.suspects[0].change.change if found.suspects else None
        first = found.onset.first if found.onset else None
        ordered = [one.at for one in found.timeline] == sorted(one.at for one in found.timeline)
        changes = sum(1 for one in found.timeline if one.is_change)
        ours = min(grouping_accuracy(folder / n, truth.templates[n], _CLOCK) for n in log_names())
        theirs = min(drain3_accuracy(folder / n, truth.templates[n], _CLOCK) for n in log_names())
    is_first = first is not None and first.at == datetime.fromisoformat(truth.first_symptom_at)
    is_cause = best is not None and (best.what, best.service) == (truth.cause, truth.service)
    print(
        f"seed {seed}: first symptom {'right' if is_first else 'WRONG'}, "
        f"true change {'first' if is_cause else 'NOT FIRST'}, timeline "
        f"{'ordered' if ordered and changes == 5 else 'WRONG'} with {len(found.timeline)} entries, "
        f"grouping accuracy at worst {ours:.3f} (Drain3 defaults {theirs:.3f}), "
        f"{seconds:.1f} s ({cpu:.1f} s of CPU), {memory} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the incident analysis.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--lines", type=int, default=200_000)
    chosen = parser.parse_args()
    for seed in range(chosen.seeds):
        measure(seed, chosen.lines)


if __name__ == "__main__":
    main()
