"""The training loop: batches of sections with their queries, mined negatives and heading pairs.

A section is encoded once for all of its queries: passages are long and queries are short, so a
step costs little more for three queries than for one.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.dataset import Dataset, HeadingPair
from training.encoder import Encoder
from training.objective import Encoded, loss

_LEAST_RATE = 0.02  # share of the learning rate at the end
_REPORTED = 10  # steps between two lines of progress


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a run depends on besides its data."""

    seed: int = 1
    epochs: int = 4
    sections: int = 24
    negatives: int = 12
    headings: int = 6
    heading_pairs: int = 600
    frozen_layers: int = 3
    learning_rate: float = 8e-5
    warm_up: float = 0.1
    temperature: float = 0.05
    anchor: float = 0.5
    query_tokens: int = 32
    passage_tokens: int = 80
    weight_decay: float = 0.01


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of one step. `documents` names each passage's document; `gold` is by query."""

    queries: list[str]
    passages: list[str]
    documents: list[tuple[str, str]]
    gold: list[int]


def batches(
    dataset: Dataset,
    negatives: dict[str, list[str]],
    pairs: Sequence[HeadingPair],
    recipe: Recipe,
    epoch: int,
) -> Iterator[Batch]:
    """One epoch. Half of a batch's sections come from one source, so that they are alike."""
    rng = random.Random(recipe.seed * 1000 + epoch)
    asked: dict[str, list[str]] = {}
    for query in dataset.queries:
        asked.setdefault(query.section, []).append(query.text)
    order = _order(dataset, list(asked), recipe.sections, rng)
    headings = list(pairs)
    rng.shuffle(headings)
    steps = len(order)
    for step, ids in enumerate(order):
        share = headings[step * len(headings) // steps : (step + 1) * len(headings) // steps]
        yield _batch(dataset, ids, asked, negatives, share[: recipe.headings], recipe, rng)


def _order(dataset: Dataset, ids: list[str], size: int, rng: random.Random) -> list[list[str]]:
    """All sections in groups: one half of each by source, the other at random."""
    rng.shuffle(ids)
    middle = len(ids) // 2
    by_source = sorted(ids[:middle], key=lambda one: dataset.sections[one].source)
    half = size // 2
    alike = [by_source[at : at + half] for at in range(0, len(by_source), half)]
    rng.shuffle(alike)
    mixed = ids[middle:]
    groups = []
    for number, some in enumerate(alike):
        others = mixed[number * len(mixed) // len(alike) : (number + 1) * len(mixed) // len(alike)]
        groups.append(some + others)
    return groups


def _batch(
    dataset: Dataset,
    ids: Sequence[str],
    asked: dict[str, list[str]],
    negatives: dict[str, list[str]],
    headings: Sequence[HeadingPair],
    recipe: Recipe,
    rng: random.Random,
) -> Batch:
    queries: list[str] = []
    gold: list[int] = []
    passages = [dataset.sections[one].text for one in ids]
    documents = [(dataset.sections[one].source, dataset.sections[one].path) for one in ids]
    for place, one in enumerate(ids):
        queries += asked[one]
        gold += [place] * len(asked[one])
    for pair in headings:
        queries.append(pair.heading)
        gold.append(len(passages))
        passages.append(pair.body)
        documents.append((pair.source, pair.heading))
    pool = [rng.choice(negatives[one]) for one in ids if negatives.get(one)]
    for one in list(dict.fromkeys(pool))[: recipe.negatives]:
        if one not in ids:
            passages.append(dataset.sections[one].text)
            documents.append((dataset.sections[one].source, dataset.sections[one].path))
    return Batch(queries, passages, documents, gold)


class Trainer:
    """Tunes the encoder's upper layers on batches of the texts given to `prepare`."""

    def __init__(self, encoder: Encoder, recipe: Recipe) -> None:
        self._encoder = encoder
        self._recipe = recipe
        self._states: dict[str, torch.Tensor] = {}
        self._base: dict[str, torch.Tensor] = {}
        self._optimizer = torch.optim.AdamW(
            encoder.tuned.values(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )

    def prepare(self, texts: Sequence[str], tokens: int) -> list[np.ndarray[Any, Any]]:
        """The base model's vectors of the texts, which are cut after `tokens`."""
        for text, states, vector in self._encoder.prepare(list(dict.fromkeys(texts)), tokens):
            self._states[text], self._base[text] = states, vector
        return [self._base[text].numpy() for text in texts]

    def run(self, epochs: Sequence[Sequence[Batch]], folder: Path, seconds: float) -> None:
        """Train, with a checkpoint after each epoch, for at most `seconds`.

        The learning rate falls with the steps done or the time used, whichever is further on, so
        that a run that is cut off by time has ended with a low rate too.
        """
        steps = sum(map(len, epochs))
        started, losses = time.monotonic(), list[float]()
        for number, epoch in enumerate(epochs):
            for batch in epoch:
                used = time.monotonic() - started
                if used > seconds:
                    print(f"stopped after {used:.0f} seconds", flush=True)
                    self.save(folder)
                    return
                self._set_rate(max(len(losses) / steps, used / seconds))
                losses.append(self._step(batch))
                if len(losses) % _REPORTED == 0:
                    print(_progress(number, steps, losses, time.monotonic() - started), flush=True)
            self.save(folder)

    def save(self, folder: Path) -> None:
        """The tuned parameters and the recipe."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {name: value.detach().clone() for name, value in self._encoder.tuned.items()}
        torch.save(state, folder / "tuned.pt")
        recipe = json.dumps(asdict(self._recipe), indent=1)
        (folder / "recipe.json").write_text(recipe, encoding="utf-8")

    def _set_rate(self, progress: float) -> None:
        warm_up = self._recipe.warm_up
        share = progress / warm_up if progress < warm_up else (1 - progress) / (1 - warm_up)
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate * max(share, _LEAST_RATE)

    def _step(self, batch: Batch) -> float:
        texts = batch.queries + batch.passages
        encoding = self._encoder.encode([self._states[text] for text in texts])
        base = torch.stack([self._base[text] for text in texts])
        middle = len(batch.queries)
        encoded = Encoded(
            queries=encoding.vectors[:middle],
            passages=encoding.vectors[middle:],
            base_queries=base[:middle],
            base_passages=base[middle:],
            gold=torch.tensor(batch.gold),
            masked=_masked(batch),
        )
        value = loss(encoded, self._recipe.temperature, self._recipe.anchor)
        self._optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        encoding.backward()
        torch.nn.utils.clip_grad_norm_(self._encoder.tuned.values(), 1.0)
        self._optimizer.step()
        return float(value.detach())


def _progress(epoch: int, steps: int, losses: Sequence[float], seconds: float) -> str:
    done = len(losses)
    return (
        f"epoch {epoch + 1}, step {done} of {steps}, loss {np.mean(losses[-_REPORTED:]):.4f}, "
        f"{seconds / done:.2f} s a step, {seconds * (steps / done - 1) / 60:.1f} minutes left"
    )


def _masked(batch: Batch) -> torch.Tensor:
    """Passages of a query's own document, but for its gold, are not held against it."""
    same = torch.tensor(
        [[batch.documents[gold] == one for one in batch.documents] for gold in batch.gold]
    )
    same[torch.arange(len(batch.gold)), torch.tensor(batch.gold)] = False
    return same
