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
from training.objective import Encoded, loss

_REPORTED = 10  # steps between two lines of progress


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a run depends on besides its data."""

    seed: int = 1
    epochs: int = 4
    sections: int = 24
    negatives: int = 16
    headings: int = 12
    heading_pairs: int = 1_500
    learning_rate: float = 4e-5
    warm_up: float = 0.1
    temperature: float = 0.05
    anchor: float = 0.5
    query_tokens: int = 64
    passage_tokens: int = 128
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
    """Tunes the encoder's layers; the token embeddings stay as they are."""

    def __init__(self, model: Any, recipe: Recipe, base: dict[str, np.ndarray[Any, Any]]) -> None:
        torch.manual_seed(recipe.seed)
        self._model = model
        self._recipe = recipe
        self._base = base
        self._transformer = model[0].auto_model
        self._tokenizer = model.tokenizer
        for parameter in self._transformer.embeddings.parameters():
            parameter.requires_grad = False
        self._tuned = [one for one in self._transformer.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._tuned, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )

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
        state = {
            name: value.detach().clone()
            for name, value in self._transformer.named_parameters()
            if value.requires_grad
        }
        torch.save(state, folder / "tuned.pt")
        (folder / "recipe.json").write_text(json.dumps(asdict(self._recipe), indent=1))

    def _set_rate(self, progress: float) -> None:
        warm_up = self._recipe.warm_up
        share = progress / warm_up if progress < warm_up else (1 - progress) / (1 - warm_up)
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate * max(share, 0.02)

    def _step(self, batch: Batch) -> float:
        encoded = Encoded(
            queries=self._encode(batch.queries, self._recipe.query_tokens),
            passages=self._encode(batch.passages, self._recipe.passage_tokens),
            base_queries=self._base_of(batch.queries),
            base_passages=self._base_of(batch.passages),
            gold=torch.tensor(batch.gold),
            masked=_masked(batch),
        )
        value = loss(encoded, self._recipe.temperature, self._recipe.anchor)
        self._optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(self._tuned, 1.0)
        self._optimizer.step()
        return float(value.detach())

    def _encode(self, texts: Sequence[str], tokens: int) -> torch.Tensor:
        """Unit vectors in the order of `texts`, computed in groups of like length."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        middle = len(order) // 2
        parts = [part for part in (order[:middle], order[middle:]) if part]
        made = torch.cat([self._group([texts[place] for place in part], tokens) for part in parts])
        return made[torch.argsort(torch.tensor(order))]

    def _group(self, texts: list[str], tokens: int) -> torch.Tensor:
        inputs = self._tokenizer(
            texts, padding=True, truncation=True, max_length=tokens, return_tensors="pt"
        )
        states = self._transformer(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        ).last_hidden_state
        mask = inputs["attention_mask"][:, :, None]
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=1)

    def _base_of(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.from_numpy(np.stack([self._base[text] for text in texts]))


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
