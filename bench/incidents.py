"""The incident analysis on generated incidents whose truth is known.

    python -m bench.incidents [--seeds 10] [--lines 200000]

Prints for each seed whether the first symptom and the true change are found, whether the timeline
is in order and has every change, alert, warning and line of an error, the grouping accuracy of the
templates beside Drain3 with its defaults, the seconds, and the memory. The grouping accuracy
is that of Zhu et al. (ICSE-SEIP 2019): the share of lines whose group holds exactly the lines of
their template.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drain3.drain import Drain

from bench.incident_data import Truth, generate, log_names
from rag.adapters.drain_templates import DrainMiner
from rag.adapters.ruptures_breaks import find_breaks
from rag.incidents.analysis import analyse
from rag.incidents.facts import Facts, InputKind
from rag.incidents.instants import Clock
from rag.incidents.log_events import log_events
from rag.incidents.reading import ReadingTools, read_input, service_of_file
from rag.incidents.templates import TemplateCounter
from rag.incidents.timeline import Entry

MAX_SECONDS = 30.0
MAX_MEGABYTES = 500
MIN_ACCURACY = 0.95
_ERRORS = frozenset({"cause", "effect", "noise", "lone"})
_CLOCK = Clock(datetime(2026, 3, 14, 12, tzinfo=UTC))


def grouping_accuracy(log: Path, truth: Sequence[str], clock: Clock) -> float:
    """The grouping accuracy of the templates of a log; `truth` has the template of each line."""
    counter = TemplateCounter(DrainMiner(), log.name)
    with log.open(encoding="utf-8") as lines:
        events = list(log_events(lines, clock, service_of_file(log.name)))
    keys = [counter.add(event) for event in events]
    merged = counter.texts()
    return share_grouped_right([merged[key] for key in keys], truth)


def drain3_accuracy(log: Path, truth: Sequence[str], clock: Clock) -> float:
    """The same of Drain3 with its defaults, on the messages without a header."""
    drain = Drain()
    with log.open(encoding="utf-8") as lines:
        events = list(log_events(lines, clock, service_of_file(log.name)))
    found = [str(drain.add_log_message(event.message)[0].cluster_id) for event in events]
    return share_grouped_right(found, truth)


def share_grouped_right(found: Sequence[str], truth: Sequence[str]) -> float:
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


@dataclass(frozen=True)
class Result:
    """What was measured of one incident; `gaps` says what the timeline lacks."""

    seed: int
    is_onset_right: bool
    is_cause_first: bool
    is_ordered: bool
    gaps: list[str]
    entries: int
    accuracy: float
    drain3_accuracy: float
    seconds: float
    cpu_seconds: float
    megabytes: int

    @property
    def passes(self) -> bool:
        right = self.is_onset_right and self.is_cause_first and self.is_ordered and not self.gaps
        cheap = self.seconds < MAX_SECONDS and self.megabytes < MAX_MEGABYTES
        return right and cheap and self.accuracy >= MIN_ACCURACY

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: first symptom {_word(self.is_onset_right)}, true change first "
            f"{_word(self.is_cause_first)}, timeline of {self.entries} entries ordered "
            f"{_word(self.is_ordered)}, complete {', '.join(self.gaps) or 'yes'}, grouping "
            f"accuracy at worst {self.accuracy:.3f} (Drain3 defaults {self.drain3_accuracy:.3f}), "
            f"{self.seconds:.1f} s ({self.cpu_seconds:.1f} s of CPU), {self.megabytes} MB"
        )


def measure(seed: int, lines: int) -> Result:
    """Generate one incident, analyse it, and compare it with the truth."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        truth = generate(folder, seed, lines)
        started, busy = time.perf_counter(), time.process_time()
        found = analyse(_read(folder), find_breaks)
        seconds, cpu = time.perf_counter() - started, time.process_time() - busy
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        ours = min(grouping_accuracy(folder / n, truth.templates[n], _CLOCK) for n in log_names())
        theirs = min(drain3_accuracy(folder / n, truth.templates[n], _CLOCK) for n in log_names())
    best = found.suspects[0].change.change if found.suspects else None
    first = found.onset.first if found.onset else None
    times = [one.at for one in found.timeline]
    return Result(
        seed=seed,
        is_onset_right=bool(first and first.at == datetime.fromisoformat(truth.first_symptom_at)),
        is_cause_first=bool(best and (best.what, best.service) == (truth.cause, truth.service)),
        is_ordered=times == sorted(times),
        gaps=list(_gaps(found.timeline, truth)),
        entries=len(times),
        accuracy=ours,
        drain3_accuracy=theirs,
        seconds=seconds,
        cpu_seconds=cpu,
        megabytes=memory,
    )


def _read(folder: Path) -> Facts:
    facts = Facts()
    tools = ReadingTools(_CLOCK, DrainMiner, breaks=find_breaks)
    inputs = [(name, InputKind.LOGS) for name in log_names()]
    inputs += [(f"{kind}.json", kind) for kind in InputKind if kind is not InputKind.LOGS]
    for name, kind in inputs:
        with (folder / name).open("rb") as data:
            facts = facts.joined(read_input(name, kind, data, tools))
    return facts


def _gaps(timeline: Sequence[Entry], truth: Truth) -> Iterator[str]:
    """What should be in the timeline and is not: changes, alerts, warnings and lines of errors."""
    errors = Counter(name for log in truth.templates.values() for name in log if name in _ERRORS)
    expected = {
        "changes": (5, sum(1 for one in timeline if one.is_change)),
        "alerts": (300, sum(one.count for one in timeline if one.source == "alerts.json")),
        "warnings": (6, sum(one.count for one in timeline if "Unhealthy" in one.what)),
        "error lines": (
            sum(errors.values()),
            sum(one.count for one in timeline if _is_error(one)),
        ),
    }
    for name, (wanted, there) in expected.items():
        if there != wanted:
            yield f"{there} of {wanted} {name}"


def _is_error(entry: Entry) -> bool:
    return entry.source in log_names() and "batch export slow" not in entry.what


def _word(yes: bool) -> str:
    return "yes" if yes else "NO"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the incident analysis.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--lines", type=int, default=200_000)
    chosen = parser.parse_args()
    passed = 0
    for seed in range(chosen.seeds):
        # A process for each, whose memory is that of one incident.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            result = process.submit(measure, seed, chosen.lines).result()
        print(result, flush=True)
        passed += result.passes
    print(f"{passed} of {chosen.seeds} pass")


if __name__ == "__main__":
    main()
