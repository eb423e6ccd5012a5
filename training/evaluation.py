"""`python -m training.evaluation`: how two models rank documents, in the product's own search.

    run MODEL DATA BENCH OUT.json [--hold-out SOURCE…]    score one model
    compare BASE.json TUNED.json                          the differences, by paired bootstrap

nDCG@10 by document with binary gains, for the whole hybrid and for the vectors of chunks alone.
The bench's sets are asked over the bench's corpus; the queries of the sources that were held out,
by style, over the documents of these sources together, those of the bench over the bench's corpus.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from api.compose.indexing import run_ingest
from api.compose.local import LOCAL_ADMINISTRATOR
from api.compose.reading import open_reading
from api.settings import SearchSection, Settings
from api.settings.index import EmbeddingSettings
from bench import quality
from ingest.runs.report import Silent
from rag.domain.search import Mode, SearchQuery
from rag.retrieval.search import SearchEngine
from training.dataset import Dataset, Section, read_dataset, shingles

_K = 10
_COPY = 0.8
_COMMON_NAMES = frozenset({"readme.md", "index.md", "_index.md"})
Scores = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a set, and the paths of the documents that answer it."""

    id: str
    text: str
    gold: tuple[str, ...]


Sets = Mapping[str, Sequence[Asked]]


def bench_sets(bench: Path) -> dict[str, list[Asked]]:
    """Alerts by strength of their label, and questions."""
    found: dict[str, list[Asked]] = defaultdict(list)
    for row in _rows(bench / "alerts.jsonl"):
        tiers = ["all"] + (["dedicated"] if row["tier"] == "dedicated" else [])
        for tier in tiers:
            gold = tuple(row["gold"])
            found[f"alerts ({tier})"].append(Asked(row["id"], row["query"], gold))
            named = Asked(row["id"], row["query_with_name"], gold)
            found[f"alerts with name ({tier})"].append(named)
    for row in _rows(bench / "questions.jsonl"):
        if row["gold"]:
            found["questions"].append(Asked(row["id"], row["query"], tuple(row["gold"])))
    return dict(found)


def held_out_sets(
    dataset: Dataset, sources: frozenset[str], corpus: Path
) -> dict[str, list[Asked]]:
    """Queries by style whose documents stand in `corpus`; copies of a document answer as well."""
    paths = [path.relative_to(corpus).as_posix() for path in corpus.rglob("*") if path.is_file()]
    sections = [one for one in dataset.sections.values() if one.source in sources]
    found: dict[str, list[Asked]] = defaultdict(list)
    gold = {one.id: _copies(one, sections, paths) for one in sections}
    for number, query in enumerate(dataset.queries):
        if gold.get(query.section):
            asked = Asked(f"{query.section}-{number}", query.text, gold[query.section])
            found[f"held out, {query.style}"].append(asked)
    return dict(found)


def _copies(section: Section, others: Sequence[Section], paths: Sequence[str]) -> tuple[str, ...]:
    """The section's document, those that repeat the section, and those of the same file name."""
    mine = shingles(section.text)
    same = {_path(section)}
    for other in others:
        theirs = shingles(other.text)
        if len(mine & theirs) >= _COPY * min(len(mine), len(theirs)):
            same.add(_path(other))
    name = Path(section.path).name
    if name.lower() not in _COMMON_NAMES:
        same |= {path for path in paths if Path(path).name == name}
    return tuple(sorted(same & set(paths))) if _path(section) in paths else ()


def _path(section: Section) -> str:
    return section.path.removeprefix("bench/")


def scores(model: str, corpus: Path, sets: Sets, folder: Path) -> Scores:
    """nDCG@10 by `set, how` and question, over an index of the corpus made in `folder`."""
    settings = Settings(directory=folder, embedding=EmbeddingSettings(model=model))
    public = frozenset({"public"})
    run_ingest(settings, [corpus], acl=public, prune=True, full=False, progress=Silent())
    found: Scores = {}
    ways = {"hybrid": (settings, Mode.HYBRID), "dense alone": (_chunks_alone(settings), Mode.DENSE)}
    for way, (chosen, mode) in ways.items():
        with open_reading(chosen) as services:
            for name, asked in sets.items():
                found[f"{name}, {way}"] = {
                    one.id: _gain(one.gold, _paths(services.engine, one.text, mode))
                    for one in asked
                }
    return found


def _chunks_alone(settings: Settings) -> Settings:
    return settings.model_copy(update={"search": SearchSection(weights={"page_vectors": 0.0})})


def _paths(engine: SearchEngine, text: str, mode: Mode) -> list[str]:
    hits = engine.search(SearchQuery(text, LOCAL_ADMINISTRATOR, k=_K, mode=mode)).hits
    return list(dict.fromkeys(hit.document.path for hit in hits))


def _gain(gold: Sequence[str], paths: Sequence[str]) -> float:
    hits = np.array([path in gold for path in paths[:_K]], dtype=float)
    discounts = 1 / np.log2(np.arange(_K) + 2)
    return float((hits * discounts[: len(hits)]).sum() / discounts[: min(_K, len(gold))].sum())


def compare(base: Scores, tuned: Scores) -> list[str]:
    """A row of a Markdown table for each set."""
    rows = [
        "| set | n | base | tuned | difference, 95% interval |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in base:
        ids = sorted(base[name])
        old = np.array([base[name][one] for one in ids])
        new = np.array([tuned[name][one] for one in ids])
        mean, low, high = quality.margin(new, old)
        rows.append(
            f"| {name} | {len(ids)} | {old.mean():.3f} | {new.mean():.3f} "
            f"| {mean:+.3f} [{low:+.3f}, {high:+.3f}] |"
        )
    return rows


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def _copied(corpus: Path, sources: Sequence[str], folder: Path) -> Path:
    """A folder with the documents of these sources, at the paths that sections have."""
    for source in sources:
        shutil.copytree(corpus / source, folder / source, dirs_exist_ok=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.evaluation")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("model")
    for name in ("data", "bench", "folder"):
        run.add_argument(name, type=Path)
    run.add_argument("--hold-out", nargs="*", default=[], metavar="SOURCE")
    both = commands.add_parser("compare")
    both.add_argument("base", type=Path)
    both.add_argument("tuned", type=Path)
    asked = parser.parse_args()
    if asked.command == "compare":
        print(
            "\n".join(compare(*(json.loads(one.read_text()) for one in (asked.base, asked.tuned))))
        )
        return
    dataset = read_dataset(asked.data)
    corpus = asked.bench / "corpus"
    of_bench = frozenset(one for one in asked.hold_out if one.startswith("bench/"))
    sets = {**bench_sets(asked.bench), **held_out_sets(dataset, of_bench, corpus)}
    found = scores(asked.model, corpus, sets, asked.folder / "bench")
    if others := sorted(set(asked.hold_out) - of_bench):
        kept = _copied(asked.data / "corpus", others, asked.folder / "held-out")
        sets = held_out_sets(dataset, frozenset(others), kept)
        for name, by_question in scores(asked.model, kept, sets, asked.folder / "other").items():
            found.setdefault(name, {}).update(by_question)
    (asked.folder / "scores.json").write_text(json.dumps(found))
    for name, by_question in found.items():
        print(f"{name}: {np.mean(list(by_question.values())):.3f} of {len(by_question)}")


if __name__ == "__main__":
    main()
