"""`python -m bench.drift FOLDER [ORDINARY SHIFTED]`: false alarms and power of `runbook drift`.

FOLDER has `sections.jsonl` (an object with `id`, `source`, `title` and `text` for each section;
`source` names its project) and `queries.tsv` (section, style and query). The sections of all
projects but two are indexed, and a sample of the queries is searched once. Query logs of four weeks
are then drawn from them: working days and weekends, subjects that vary from day to day, and days
with an incident that brings many questions of one section. In ordinary logs the last week is like
the others; in shifted ones some of its questions are replaced, or its results are worse. ORDINARY
and SHIFTED are the numbers of logs (1000 and 100).
"""

from __future__ import annotations

import csv
import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.compose.embedding import make_embedder
from api.compose.indexing import run_ingest
from api.compose.local import LOCAL_ADMINISTRATOR
from api.compose.reading import open_reading
from api.compose.services import Services
from api.settings import Settings
from evals.drift.comparing import compare
from evals.drift.report import DriftReport, Measure
from evals.drift.samples import samples_of
from ingest.runs.report import Silent
from rag.access.acl import access_filter
from rag.adapters.catalog.vocabulary import Vocabulary
from rag.domain.feedback import Asked
from rag.domain.search import SearchQuery

_UNDOCUMENTED = frozenset({"rabbitmq", "vitess"})
_NEW_SUBJECT = "longhorn-kb"  # documented, and asked about in shifted weeks only
_NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)  # a Monday
_RECENT, _REFERENCE = 7, 21
_WORKING_DAYS = 5
_QUERIES = 280
_RUN = 60  # neighbouring queries of a project


@dataclass(frozen=True, slots=True)
class PoolQuery:
    """A query with what a search found for it; `project` is its subject."""

    text: str
    project: str
    section: str
    score: float | None
    similarity: float | None
    no_result: bool
    unknown: float | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a query log is drawn from. `questions` is the mean of a working day."""

    questions: int = 60
    incident_days: float = 0.2
    incident_share: float = 0.4
    feedback_share: float = 0.1
    negative: float = 0.2
    opened_share: float = 0.4
    opened_first: float = 0.5


@dataclass(frozen=True, slots=True)
class Shift:
    """How the last week differs: `replaced` of its questions are of `projects` instead."""

    replaced: float = 0.0
    projects: frozenset[str] = frozenset()
    more_negative: float = 0.0
    less_opened_first: float = 0.0
    less_similar: float = 0.0
    more_no_result: float = 0.0


def read_pool(folder: Path, state: Path) -> tuple[list[PoolQuery], NDArray[np.float32]]:
    """A sample of the queries, searched over all projects but the undocumented ones."""
    lines = (folder / "sections.jsonl").read_text(encoding="utf-8").splitlines()
    sections = {section["id"]: section for section in map(json.loads, lines)}
    with (folder / "queries.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    queries = [(sections[row[0]], row[2]) for row in rows if row[0] in sections]
    settings = Settings(directory=state)
    _index(settings, sections.values())
    with open_reading(settings) as services:
        found = [_searched(services, *one) for one in _sample(queries)]
    embedder = make_embedder(settings)
    vectors = [embedder.embed_question(one.text) for one in found]
    return found, np.array(vectors, dtype=np.float32)


def _sample(
    queries: Sequence[tuple[Mapping[str, Any], str]],
) -> Sequence[tuple[Mapping[str, Any], str]]:
    """Queries of all projects in turn, three neighbours at a time: often of one section."""
    generator = np.random.default_rng(0)
    by_project: dict[str, list[tuple[Mapping[str, Any], str]]] = {}
    for section, text in queries:
        by_project.setdefault(section["source"], []).append((section, text))
    runs = []
    for name in sorted(by_project):
        start = int(generator.integers(max(1, len(by_project[name]) - _RUN)))
        runs.append(by_project[name][start : start + _RUN])
    turns = (one for turn in range(0, _RUN, 3) for run in runs for one in run[turn : turn + 3])
    return list(itertools.islice(turns, _QUERIES))


def _index(settings: Settings, sections: Iterable[Mapping[str, Any]]) -> None:
    """Each documented section as a document of its own."""
    for section in sections:
        if section["source"] not in _UNDOCUMENTED:
            path = settings.directory / "docs" / section["source"] / f"{section['id']}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = f"---\ntitle: {json.dumps(section['title'])}\n---\n{section['text']}\n"
            path.write_text(text, encoding="utf-8")
    run_ingest(
        settings,
        [settings.directory / "docs"],
        acl=frozenset({"public"}),
        prune=True,
        full=False,
        progress=Silent(),
    )


def _searched(services: Services, section: Mapping[str, Any], text: str) -> PoolQuery:
    catalog, access = services.catalog, access_filter(LOCAL_ADMINISTRATOR)
    result = services.engine.search(SearchQuery(text, LOCAL_ADMINISTRATOR))
    cosines = [hit.scores.dense for hit in result.hits if hit.scores.dense]
    serving = catalog.generations.serving()
    with closing(Vocabulary(catalog.database, serving.id, access=access)) as vocabulary:
        unknown = vocabulary.unknown_share(text)
    return PoolQuery(
        text,
        section["source"],
        section["id"],
        result.hits[0].score if result.hits else None,
        max(cosines, default=None),
        result.no_result,
        unknown,
    )


class Simulation:
    """Draws query logs and compares their last week with the three before."""

    def __init__(self, pool: Sequence[PoolQuery], vectors: NDArray[np.float32]) -> None:
        self._pool = pool
        self._vector_of = {one.text: vector for one, vector in zip(pool, vectors, strict=True)}
        self._unknown = {one.text: one.unknown for one in pool}
        self._by_project: dict[str, list[PoolQuery]] = {}
        self._by_section: dict[str, list[PoolQuery]] = {}
        for one in pool:
            self._by_project.setdefault(one.project, []).append(one)
            self._by_section.setdefault(one.section, []).append(one)
        self._ordinary = sorted(set(self._by_project) - _UNDOCUMENTED - {_NEW_SUBJECT})

    def report(self, seed: int, traffic: Traffic, shift: Shift) -> DriftReport:
        """The report of one simulated log."""
        generator = np.random.default_rng(seed)
        weights = generator.dirichlet(np.ones(len(self._ordinary)))
        asked: list[Asked] = []
        verdicts: list[tuple[datetime, int]] = []
        for back in range(_RECENT + _REFERENCE, 0, -1):
            day = (_NOW - timedelta(days=back)).replace(hour=9)
            now = shift if back <= _RECENT else Shift()
            for number, one in enumerate(self._day(day, weights, traffic, now, generator)):
                at = day + timedelta(seconds=30 * number)
                asked.append(_asked(one, at, len(asked), traffic, now, generator))
                if generator.random() < traffic.feedback_share:
                    bad = generator.random() < traffic.negative + now.more_negative
                    verdicts.append((at, -1 if bad else 1))
        samples = samples_of(asked, verdicts, self._unknown.__getitem__)
        return compare(samples, self._embed, _NOW, _RECENT, _REFERENCE)

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._vector_of[text] for text in texts])

    def _day(
        self,
        day: datetime,
        weights: NDArray[np.floating],
        traffic: Traffic,
        shift: Shift,
        generator: np.random.Generator,
    ) -> Iterator[PoolQuery]:
        mean = traffic.questions if day.weekday() < _WORKING_DAYS else traffic.questions / 6
        # Overdispersed: a busy day has twice the questions of a quiet one.
        count = generator.poisson(generator.gamma(8, mean / 8))
        today = generator.dirichlet(20 * weights + 0.01)
        incident: Sequence[PoolQuery] = ()
        if generator.random() < traffic.incident_days:
            project = self._ordinary[generator.choice(len(self._ordinary), p=weights)]
            section = _one_of(self._by_project[project], generator).section
            incident = self._by_section[section]
        replacing = [one for name in sorted(shift.projects) for one in self._by_project[name]]
        for _ in range(count):
            if replacing and generator.random() < shift.replaced:
                yield _one_of(replacing, generator)
            elif incident and generator.random() < traffic.incident_share:
                yield _one_of(incident, generator)
            else:
                name = self._ordinary[generator.choice(len(self._ordinary), p=today)]
                yield _one_of(self._by_project[name], generator)


def _one_of(queries: Sequence[PoolQuery], generator: np.random.Generator) -> PoolQuery:
    return queries[int(generator.integers(len(queries)))]


def _asked(
    one: PoolQuery,
    at: datetime,
    number: int,
    traffic: Traffic,
    shift: Shift,
    generator: np.random.Generator,
) -> Asked:
    rank = None
    if generator.random() < traffic.opened_share:
        rank = int(min(10, generator.geometric(traffic.opened_first - shift.less_opened_first)))
    return Asked(
        id=str(number),
        principal=f"key:{number % 30}",
        at=at,
        question=one.text,
        no_result=one.no_result or generator.random() < shift.more_no_result,
        score=one.score,
        similarity=None if one.similarity is None else one.similarity - shift.less_similar,
        opened_rank=rank,
    )


def shifts() -> Mapping[str, Shift]:
    """The shifts that are measured, by name."""
    made = {"none": Shift()}
    for share in (0.05, 0.1, 0.2, 0.3, 0.5):
        made[f"{share:.0%} on undocumented products"] = Shift(share, _UNDOCUMENTED)
    for share in (0.05, 0.1, 0.2, 0.3, 0.5):
        made[f"{share:.0%} on a new, documented product"] = Shift(share, frozenset({_NEW_SUBJECT}))
    for more in (0.05, 0.1, 0.2):
        made[f"no result +{more:.0%}"] = Shift(more_no_result=more)
    for less in (0.02, 0.05, 0.1):
        made[f"similarity -{less}"] = Shift(less_similar=less)
    for more in (0.1, 0.2, 0.4):
        made[f"negative feedback +{more:.0%}"] = Shift(more_negative=more)
    for less in (0.1, 0.2, 0.3):
        made[f"first hit opened -{less:.0%}"] = Shift(less_opened_first=less)
    return made


def measure(
    simulation: Simulation,
    traffic: Traffic,
    ordinary: int,
    shifted: int,
    show: Callable[[str], None],
) -> None:
    """Show a row of a table for each shift: the share of logs in which drift was reported."""
    show(f"| last week, {traffic.questions} questions a working day | reported | by measure |")
    show("| --- | --- | --- |")
    for name, shift in shifts().items():
        logs = ordinary if name == "none" else shifted
        first = 0 if name == "none" else 1_000_000
        reports = [simulation.report(first + seed, traffic, shift) for seed in range(logs)]
        counts = {one: sum(one in report.drifted for report in reports) for one in Measure}
        parts = ", ".join(f"{one} {count / logs:.1%}" for one, count in counts.items() if count)
        caught = sum(bool(report.drifted) for report in reports)
        show(f"| {name} ({logs} logs) | {caught / logs:.1%} | {parts or '-'} |")


def main(folder: Path, ordinary: int, shifted: int) -> None:
    """Print tables for quiet, ordinary and busy services."""
    kept = Path(".bench") / "drift_pool.npz"
    if kept.exists():
        read = np.load(kept, allow_pickle=False)
        pool = [PoolQuery(**one) for one in json.loads(str(read["queries"]))]
        vectors = read["vectors"]
    else:
        with tempfile.TemporaryDirectory() as state:
            pool, vectors = read_pool(folder, Path(state))
        kept.parent.mkdir(exist_ok=True)
        queries = json.dumps([{name: getattr(one, name) for name in one.__slots__} for one in pool])
        np.savez(kept, queries=np.array(queries), vectors=vectors)
    simulation = Simulation(pool, vectors)
    for questions in (20, 60, 150):
        measure(simulation, replace(Traffic(), questions=questions), ordinary, shifted, print)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(one) for one in sys.argv[2:4] or ("1000", "100")))
