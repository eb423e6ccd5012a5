"""The loss: lower for the right passage, and a pull to the base model where that is certain."""

from __future__ import annotations

from dataclasses import replace

import torch

from training.objective import Encoded, loss

AXES = torch.eye(3)
KNOWN = Encoded(
    queries=AXES[:2],
    passages=AXES,
    base_queries=AXES[:2],
    base_passages=AXES,
    gold=torch.tensor([0, 1]),
    masked=torch.zeros(2, 3, dtype=torch.bool),
)


def value(batch: Encoded, anchor: float = 0.0) -> float:
    return float(loss(batch, temperature=0.05, anchor=anchor))


def test_the_right_passage_first_costs_less() -> None:
    assert value(KNOWN) < 0.01 < value(replace(KNOWN, gold=torch.tensor([1, 0])))


def test_a_masked_passage_is_not_held_against_a_query() -> None:
    wrong = replace(KNOWN, queries=AXES[[2, 1]])
    masked = KNOWN.masked.clone()
    masked[0, 2] = True
    assert value(replace(wrong, masked=masked)) < value(wrong)


def test_moving_away_costs_where_the_base_model_is_certain_and_nothing_where_it_errs() -> None:
    moved = replace(KNOWN, queries=-AXES[:2])
    assert value(moved, anchor=1.0) - value(moved) > 1.9
    erring = replace(moved, base_queries=AXES[[2, 2]])
    assert value(erring, anchor=1.0) - value(erring) < 0.01
    assert abs(value(KNOWN, anchor=1.0) - value(KNOWN)) < 1e-6
