"""`runbook eval sweep`: settings side by side, through the command line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

import tests.inprocess
from api.evals.sweeping import with_choice
from api.settings import Settings
from rag.ports import Embedder
from rag.retrieval.fusion import SIGNALS
from tests.eval_cases import write_suite
from tests.fakes import HashingEmbedder
from tests.inprocess import run, run_json

WORDS = ("broker", "proxy", "cache", "ledger", "replica", "queue")
WEIGHTS = "search.weights.dense=0.6,0"


class Embedders:
    """Makes them, and remembers what each was asked to embed."""

    def __init__(self) -> None:
        self.made: list[HashingEmbedder] = []

    def __call__(self, settings: Settings) -> Embedder:
        model = settings.embedding.model
        self.made.append(HashingEmbedder("other" if model == "other" else ""))
        return self.made[-1]


@pytest.fixture
def embedders() -> Iterator[Embedders]:
    made = Embedders()
    with patch.object(tests.inprocess, "hashing_embedder", made):
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [
        json.dumps(
            {
                "id": f"q-{word}",
                "question": f"the {word} is stuck",
                "kind": "symptom",
                "gold_documents": [f"{word}.md"],
            }
        )
        for word in WORDS
    ]
    write_suite(tmp_path / "suite", lines)
    for word in WORDS:
        steps = "".join(f"## Part {n}\n\n{f'Look at {word} {n}. ' * 30}\n\n" for n in range(4))
        page = f"# The {word}\n\nWhen it is stuck, drain the {word} and start it.\n\n{steps}"
        (tmp_path / f"suite/pages/{word}.md").write_text(page, encoding="utf-8")
    return tmp_path


def test_every_combination_is_held_against_the_first(folder: Path, embedders: Embedders) -> None:
    table = run_json(
        folder, "eval", "sweep", "suite", "--set", "chunking.max_tokens=256,64", "--set", WEIGHTS
    )
    assert [row["settings"] for row in table] == [
        {"chunking.max_tokens": tokens, "search.weights.dense": weight}
        for tokens in ("256", "64")
        for weight in ("0.6", "0")
    ]
    assert table[0]["means"]["recall@5"] == 1.0
    assert table[0]["differences"] == {}
    assert {"mean", "low", "high", "count"} == set(table[1]["differences"]["ndcg@10"])
    chunkers = {row["conditions"]["chunker"] for row in table}
    assert len(chunkers) == 2
    assert {row["conditions"]["search.weights"] for row in table} == {"dense=0.6", "dense=0.0"}


def test_no_text_is_embedded_twice_by_one_model(folder: Path, embedders: Embedders) -> None:
    asked = ("eval", "sweep", "suite", "--set", "chunking.max_tokens=256,64,128")
    run_json(folder, *asked)
    [model] = embedders.made
    assert model.embedded
    assert max(Counter(model.embedded).values()) == 1
    run_json(folder, *asked)  # what the first sweep embedded is kept on disk
    # Sentences that answers choose from are kept nowhere; chunks begin with their title's line.
    assert [text for text in model.embedded if "\n" in text]
    assert not [text for text in embedders.made[1].embedded if "\n" in text]
    run_json(folder, "eval", "sweep", "suite", "--set", "embedding.model=x,other")
    assert len(embedders.made) == 4


def test_a_file_of_settings_and_a_table_for_a_pull_request(
    folder: Path, embedders: Embedders
) -> None:
    (folder / "matrix.toml").write_text('"search.candidates" = [100, 10]\n', encoding="utf-8")
    done = run(folder, "eval", "sweep", "suite", "--matrix", "matrix.toml", "--markdown")
    assert done.returncode == 0, done.stderr
    heads, _, first, second = done.stdout.splitlines()[:4]
    assert heads.startswith("| settings | pass_rate | recall@5 | ndcg@10 |")
    assert first.startswith("| `search.candidates=100` | ")
    assert "(+0.000 to +0.000)" in second
    completed = run(folder, "eval", "sweep", "suite", "--set", WEIGHTS)
    assert "search.weights.dense=0" in completed.stdout


def test_every_lane_has_a_weight_that_can_be_set() -> None:
    for signal in SIGNALS:
        chosen = with_choice(Settings(), {f"search.weights.{signal}": "0.5"})
        assert chosen.search.weights == {signal: 0.5}


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("server.port=1,2", "cannot be swept"),
        ("chunking.max_tokens=256,many", "chunking.max_tokens=many: "),
        ("chunking.max_tokens=256,1", "chunking.max_tokens=1: "),
        ("search.weights.magic=1", "search.weights.magic=1: "),
        ("search.weights.dense=-1", "search.weights.dense=-1: "),
    ],
)
def test_what_is_no_setting_is_said_before_anything_runs(
    folder: Path, embedders: Embedders, setting: str, why: str
) -> None:
    done = run(folder, "eval", "sweep", "suite", "--set", setting)
    assert done.returncode == 2
    assert why in done.stderr
    assert embedders.made == []
