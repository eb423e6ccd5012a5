"""`python -m training train DATA OUT` tunes the packaged model; `pack OUT` writes what ships.

DATA is a folder in the form that training/dataset.py describes. `train` leaves OUT/tuned.pt after
each epoch; `pack` writes OUT/NAME.safetensors and OUT/NAME.json.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from api.compose.embedding import make_embedder
from api.settings import Settings
from api.settings.index import EmbeddingSettings
from rag.adapters.embedding.sentence_transformer import PACKAGED_MODEL, PACKAGED_SHA256, load
from training.dataset import heading_pairs, read_dataset
from training.delta_file import write_delta
from training.encoder import Encoder
from training.fitting import Recipe, Trainer, batches
from training.negatives import mined

NAME = "minilm-ops-1"
_MAX_TOKENS = 512
_MAX_MINUTES = 24 * 60.0


def main() -> None:
    asked = _arguments().parse_args()
    if asked.command == "train":
        train(asked)
    else:
        pack(asked.out, asked.name, asked.scale)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("train", help="tune the packaged model")
    run.add_argument("data", type=Path, help="folder with sections.jsonl, queries.tsv, corpus/")
    run.add_argument("out", type=Path, help="folder for the tuned weights")
    run.add_argument("--hold-out", nargs="*", default=[], metavar="SOURCE")
    run.add_argument("--minutes", type=float, default=_MAX_MINUTES, help="stop then")
    run.add_argument("--epochs", type=int, default=Recipe().epochs)
    run.add_argument("--seed", type=int, default=Recipe().seed)
    run.add_argument("--threads", type=int, default=2)
    packing = commands.add_parser("pack", help="write the differences to the packaged model")
    packing.add_argument("out", type=Path, help="folder that `train` wrote")
    packing.add_argument("--name", default=NAME)
    packing.add_argument("--scale", type=float, default=1.0, help="share of the change, 0 to 1")
    return parser


def train(asked: argparse.Namespace) -> None:
    """Mine, train, and save OUT/tuned.pt and OUT/recipe.json."""
    torch.manual_seed(asked.seed)
    recipe = replace(Recipe(), seed=asked.seed, epochs=asked.epochs)
    held_out = frozenset(asked.hold_out)
    embedder = make_embedder(
        Settings(directory=asked.out, embedding=EmbeddingSettings(model=PACKAGED_MODEL))
    )
    dataset = read_dataset(asked.data).without(held_out)
    pairs = heading_pairs(asked.data, embedder, held_out, recipe.heading_pairs, recipe.seed)
    print(f"{len(dataset.queries)} queries, {len(pairs)} heading pairs", flush=True)
    model: Any = load(PACKAGED_MODEL, _MAX_TOKENS, allow_download=False)
    trainer = Trainer(Encoder(model, recipe.frozen_layers, asked.threads), recipe)
    ids = list(dataset.sections)
    sections = trainer.prepare([dataset.sections[one].text for one in ids], recipe.passage_tokens)
    queries = trainer.prepare([one.text for one in dataset.queries], recipe.query_tokens)
    trainer.prepare([pair.heading for pair in pairs], recipe.query_tokens)
    trainer.prepare([pair.body for pair in pairs], recipe.passage_tokens)
    print("prepared", flush=True)
    negatives = mined(dataset, dict(zip(ids, sections, strict=True)), queries)
    epochs = [
        list(batches(dataset, negatives, pairs, recipe, epoch)) for epoch in range(recipe.epochs)
    ]
    trainer.run(epochs, asked.out, asked.minutes * 60)


def pack(out: Path, name: str, scale: float) -> None:
    """Write `scale` times the change of OUT/tuned.pt as the delta `name`.

    A scale below one is the interpolation of Wortsman et al. 2022 ("Robust fine-tuning of zero-shot
    models"), which keeps more of the base model.
    """
    model: Any = load(PACKAGED_MODEL, _MAX_TOKENS, allow_download=False)
    weights = {key: value.detach().numpy() for key, value in model[0].auto_model.named_parameters()}
    state = torch.load(out / "tuned.pt", weights_only=True)
    base = {key: weights[key] for key in state}
    tuned = {key: base[key] + scale * (value.numpy() - base[key]) for key, value in state.items()}
    recipe = json.loads((out / "recipe.json").read_text(encoding="utf-8"))
    manifest = {
        "base": PACKAGED_MODEL,
        "base_sha256": PACKAGED_SHA256,
        "scale": scale,
        "recipe": recipe,
    }
    write_delta(out, name, base, tuned, manifest)


if __name__ == "__main__":
    main()
