"""`python -m bench [SECTION…]`: measure, keep the results in .bench/, write docs/benchmarks.md.

`python -m bench soak [--minutes N]` and `cycles` write docs/soak.md.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from api.compose.embedding import make_embedder
from api.settings import Settings
from api.settings.index import EmbeddingSettings
from bench import answers, encoder, endurance, latency, operations, quality, report, scaled_index
from bench.corpora import ROOT, Corpus, Page, corpus, pages, texts
from rag.adapters.embedding.sentence_transformer import PACKAGED_MODEL
from rag.ports import Embedder

_RESULTS = ROOT / ".bench"
_SIZES = (1_000, 10_000, 100_000)
_CLIENTS = (1, 8, 32)


@dataclass
class Bench:
    """What the sections share; `folder` is removed at the end."""

    folder: Path

    @cached_property
    def models(self) -> Path:
        """An export of the packaged model, made once and copied."""
        settings = Settings(directory=self.folder / "first")
        make_embedder(settings).embed_question("made")
        return settings.state_folder / "models"

    def place(self, name: str) -> Path:
        """A new folder that has the model already."""
        made = self.folder / name
        shutil.copytree(self.models, made / ".runbook" / "models")
        return made

    @cached_property
    def corpus(self) -> Corpus:
        return corpus()

    @cached_property
    def pages(self) -> list[Page]:
        return pages(self.corpus.folder, self.embedder)

    @cached_property
    def embedder(self) -> Any:
        return make_embedder(Settings(directory=self.models.parent.parent))

    @cached_property
    def baseline(self) -> Embedder:
        """The model as its authors publish it, for the systems that this one is compared with."""
        chosen = EmbeddingSettings(model=PACKAGED_MODEL)
        return make_embedder(Settings(directory=self.models.parent.parent, embedding=chosen))

    @cached_property
    def material(self) -> scaled_index.Material:
        vectors = np.array(self.embedder.embed_documents(texts(self.pages)))
        chunks = [chunk for page in self.pages for chunk in page.chunks]
        return scaled_index.Material(self.pages, chunks, vectors)

    @cached_property
    def questions(self) -> list[str]:
        """Up to two hundred, of every set in turn."""
        sets = [[one.text for one in asked] for asked in self.corpus.questions.values()]
        return list(dict.fromkeys(one for texts in sets for one in texts[:70]))[:200]

    def measure_quality(self) -> dict[str, Any]:
        with quality.service(self.corpus, self.place("quality")) as services:
            engine = services.engine
            ranked = quality.rankers(self.pages, self.baseline, engine)
            measured = {
                name: {system: quality.scores(asked, ranker) for system, ranker in ranked.items()}
                for name, asked in self.corpus.questions.items()
            }
            refusals = quality.refusals(self.corpus, engine)
            shown = answers.figures(self.corpus.questions["questions"], services.answerer)
        return {
            "corpus": self.corpus.name,
            "pages": len(self.pages),
            "scores": {name: _means(systems) for name, systems in measured.items()},
            "margins": [
                _margin(name, systems, measure)
                for name, systems in measured.items()
                for measure in ("ndcg", "recall")
            ],
            "refusals": asdict(refusals),
            "answers": asdict(shown) if shown else None,
        }

    def measure_encoder(self) -> dict[str, Any]:
        return {
            "encoding": asdict(encoder.encoding(self.pages, self.models.parent.parent)),
            "ingesting": asdict(encoder.ingesting(self.corpus, self.pages, self.place("ingest"))),
        }

    def measure_latency(self) -> dict[str, Any]:
        searches: list[list[Any]] = []
        for size in _SIZES:
            settings = scaled_index.build(self.place(f"latency-{size}"), self.material, size)
            found = latency.searches(settings, self.questions)
            if size < _SIZES[-1]:
                found["plain stack"] = latency.plain_searches(self.material, size, self.questions)
            searches += [[str(size), who, list(astuple(times))] for who, times in found.items()]
        middle = Settings(directory=self.folder / f"latency-{_SIZES[1]}")
        load = []
        for clients in _CLIENTS:
            rate, times = latency.throughput(middle, self.questions, clients)
            load.append([clients, rate, list(astuple(times))])
        return {"searches": searches, "throughput": load}

    def measure_filters(self) -> dict[str, Any]:
        place = self.folder / f"latency-{_SIZES[-1]}"
        if not place.exists():
            scaled_index.build(self.place(place.name), self.material, _SIZES[-1])
        filtered = latency.filters(Settings(directory=place), self.questions[:100])
        return {"chunks": _SIZES[-1], "filtered": [asdict(one) for one in filtered]}

    def measure_operations(self) -> dict[str, Any]:
        indexed = self.folder / "ingest"
        if not indexed.exists():
            encoder.ingesting(self.corpus, self.pages, self.place("ingest"))
        work = self.folder / "operations"
        work.mkdir()
        return asdict(operations.operations(self.corpus, indexed, work))


def _means(systems: dict[str, quality.Scores]) -> dict[str, list[float]]:
    """The mean nDCG, recall and share of first places of each system."""
    return {
        system: [float(one.ndcg.mean()), float(one.recall.mean()), float(one.first.mean())]
        for system, one in systems.items()
    }


def _margin(name: str, systems: dict[str, quality.Scores], measure: str) -> list[Any]:
    best = quality.best_baseline(systems, measure)
    ours, theirs = getattr(systems[quality.OURS], measure), getattr(systems[best], measure)
    mean, low, high = quality.margin(ours, theirs)
    shown = {"ndcg": "nDCG@10", "recall": "Recall@5"}[measure]
    return [name, shown, best, mean, low, high, mean / (1 - float(theirs.mean()))]


def main(asked: Sequence[str]) -> None:
    """Measure the sections asked for, or all, and write the page from all that is known."""
    if asked[:1] in (["soak"], ["cycles"]):
        endurance.main(asked)
        return
    with tempfile.TemporaryDirectory(prefix="runbook-bench-") as folder:
        bench = Bench(Path(folder))
        sections: dict[str, Callable[[], dict[str, Any]]] = {
            "encoder": bench.measure_encoder,
            "quality": bench.measure_quality,
            "latency": bench.measure_latency,
            "filters": bench.measure_filters,
            "operations": bench.measure_operations,
        }
        unknown = sorted(set(asked) - set(sections))
        if unknown:
            sys.exit(f"no such section: {', '.join(unknown)}; there are {', '.join(sections)}")
        _RESULTS.mkdir(exist_ok=True)
        for name in asked or sections:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            measured = json.dumps(sections[name](), indent=1)
            (_RESULTS / f"{name}.json").write_text(measured, encoding="utf-8")
    known = {path.stem: json.loads(path.read_text()) for path in sorted(_RESULTS.glob("*.json"))}
    report.write(known, ROOT / "docs")


if __name__ == "__main__":
    main(sys.argv[1:])
