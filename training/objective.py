"""What the model is trained for: the answer first, and elsewhere no change.

    loss = InfoNCE(query, its passage; all other passages of the batch) / temperature
         + anchor · confidence of the base model · (1 - cosine to the base model's vector)

InfoNCE is van den Oord et al. 2018. The second term is a distillation weighted by what the base
model already knows: where it ranks the passage first with certainty there is nothing to gain, and
the vectors stay where they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Encoded:
    """Unit vectors of a batch: queries (q, d), passages (p, d), by the tuned and the base model.

    `gold` (q) is each query's passage; `masked` (q, p) marks passages that may answer as well.
    """

    queries: torch.Tensor
    passages: torch.Tensor
    base_queries: torch.Tensor
    base_passages: torch.Tensor
    gold: torch.Tensor
    masked: torch.Tensor


def loss(batch: Encoded, temperature: float, anchor: float) -> torch.Tensor:
    """The mean over the batch's queries."""
    hidden = batch.masked
    scores = (batch.queries @ batch.passages.T / temperature).masked_fill(hidden, -1e4)
    contrast = functional.cross_entropy(scores, batch.gold)
    if anchor == 0.0:
        return contrast
    with torch.no_grad():
        base = (batch.base_queries @ batch.base_passages.T / temperature).masked_fill(hidden, -1e4)
        known = base.softmax(dim=1).gather(1, batch.gold[:, None])[:, 0]
    moved = 1.0 - (batch.queries * batch.base_queries).sum(dim=1)
    moved = moved + 1.0 - (batch.passages * batch.base_passages).sum(dim=1)[batch.gold]
    return contrast + anchor * (known * moved).mean()
