"""What an operator waits for: a run with nothing to do, a save, a first search."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.corpora import Corpus
from rag.adapters.embedding.sentence_transformer import packaged_model

_PAGES = 10_000
_SAVES = 9
_RUNBOOK = (str(Path(sys.executable).with_name("runbook")),)
_WORDS = ("broker", "proxy", "cache", "ledger", "replica", "queue", "gateway", "shard")
_PLAIN = """
import chromadb, sys
from chromadb.config import Settings
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore
client = chromadb.PersistentClient(sys.argv[1], Settings(anonymized_telemetry=False))
store = ChromaVectorStore(chroma_collection=client.get_or_create_collection("plain"))
model = HuggingFaceEmbedding(model_name=sys.argv[2], device="cpu")
index = VectorStoreIndex.from_vector_store(store, embed_model=model)
print(index.as_retriever(similarity_top_k=10).retrieve("disk is full"))
"""

# By a small process: to a large one's child Linux counts the memory of its parent as well.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@dataclass(frozen=True, slots=True)
class Operations:
    """Seconds, but for sizes in MiB; `cold` is from a process's start to its hits."""

    noop_seconds: float
    noop_process_seconds: float
    saved_to_searchable: float
    slowest_save: float
    cold: float
    cold_plain: float
    index_mib: float
    chunks: int
    ingest_peak_mib: float


def operations(corpus: Corpus, indexed: Path, folder: Path) -> Operations:
    """`indexed` holds an index of the corpus, `folder` is empty and is filled."""
    peak = _peak(folder / "again", indexed, corpus)
    noop, process = _noop(folder / "noop", indexed)
    saves = _saves(corpus, indexed, folder / "watched")
    cold = [_seconds([*_RUNBOOK, "search", f"disk is full {turn}"], indexed) for turn in range(5)]
    model = str(packaged_model())
    plain = [
        _seconds([sys.executable, "-c", _PLAIN, str(folder / "plain"), model], folder)
        for _ in range(3)
    ]
    state = indexed / ".runbook"
    index = [file for file in state.rglob("*") if file.is_file() and "models" not in file.parts]
    database = sqlite3.connect(state / "catalog.db")
    chunks = database.execute("SELECT count(*) FROM chunks").fetchone()[0]
    database.close()
    return Operations(
        noop_seconds=noop,
        noop_process_seconds=process,
        saved_to_searchable=statistics.median(saves),
        slowest_save=max(saves),
        cold=statistics.median(cold),
        cold_plain=statistics.median(plain),
        index_mib=sum(file.stat().st_size for file in index) / 2**20,
        chunks=chunks,
        ingest_peak_mib=peak,
    )


def _noop(folder: Path, indexed: Path) -> tuple[float, float]:
    """Seconds that a second run reports, and that its process takes."""
    _with_models(folder, indexed)
    rng = random.Random(1)
    for number in range(_PAGES):
        page = folder / "pages" / f"{number // 100:03}" / f"{number:05}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        words = " ".join(rng.choices(_WORDS, k=12))
        page.write_text(f"# Page {number}\n\n{words} {number}\n", encoding="utf-8")
    command = [*_RUNBOOK, "ingest", "pages", "--acl", "public", "--json"]
    _run(command, folder)
    runs = []
    for _ in range(3):
        started = time.perf_counter()
        report = json.loads(_run(command, folder))
        runs.append((report["seconds"], time.perf_counter() - started))
        if report["unchanged"] != _PAGES:
            raise RuntimeError(f"not a run with nothing to do: {report}")
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)


def _saves(corpus: Corpus, indexed: Path, folder: Path) -> list[float]:
    """From a page's save to the commit from which every search finds it."""
    _with_models(folder, indexed)
    shutil.copytree(corpus.folder, folder / "pages")
    (folder / "runbook.toml").write_text(
        '[[sources]]\nname = "pages"\npath = "pages"\nacl = ["public"]\n', encoding="utf-8"
    )
    with subprocess.Popen(  # noqa: S603 - this project's own command
        [*_RUNBOOK, "watch", "--json"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as watching:
        if watching.stdout is None:
            raise RuntimeError("no output to read")
        watching.stdout.readline()
        taken = [_save(folder, f"zebra{number}") for number in range(_SAVES)]
        watching.terminate()
    return taken


def _save(folder: Path, word: str) -> float:
    page = folder / "pages" / "saved.md"
    started = time.perf_counter()
    page.write_text(f"# Saved\n\nThe {word} gauge rose again.\n", encoding="utf-8")
    database = sqlite3.connect(folder / ".runbook" / "catalog.db")
    query = "SELECT count(*) FROM lexical_1 WHERE lexical_1 MATCH ?"
    while not database.execute(query, (word,)).fetchone()[0]:
        time.sleep(0.002)
    database.close()
    taken = time.perf_counter() - started
    time.sleep(0.5)  # the next save is one by itself
    return taken


def _peak(folder: Path, indexed: Path, corpus: Corpus) -> float:
    """MiB of memory that an ingest of the corpus held at most."""
    _with_models(folder, indexed)
    command = [*_RUNBOOK, "ingest", str(corpus.folder), "--acl", "public"]
    return int(_run([sys.executable, "-c", _PEAK, *command], folder)) / 1024


def _with_models(folder: Path, indexed: Path) -> None:
    (folder / ".runbook").mkdir(parents=True)
    shutil.copytree(indexed / ".runbook" / "models", folder / ".runbook" / "models")


def _seconds(command: Sequence[str], folder: Path) -> float:
    started = time.perf_counter()
    _run(command, folder)
    return time.perf_counter() - started


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - commands made above
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 5):
        raise RuntimeError(f"{command[:4]}: {done.stderr[-500:]}")
    return done.stdout
