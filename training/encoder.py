"""The model in two halves: lower layers that stay as they are, and upper layers that are tuned.

The lower half of every text is computed once and kept, which saves a third of the time of training
and leaves what the model knows of words as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch.nn import functional

_PREPARED = 32  # texts that are prepared together
_GROUPS = 6  # groups of like length in one step of training


class Encoding:
    """Vectors (texts, width) of one batch, cut off from the graph that computed them."""

    def __init__(
        self,
        groups: Sequence[Sequence[int]],
        made: Sequence[torch.Tensor],
        parameters: Sequence[torch.nn.Parameter],
        pool: ThreadPoolExecutor,
    ) -> None:
        self._groups, self._made, self._parameters, self._pool = groups, made, parameters, pool
        order = torch.tensor([place for group in groups for place in group])
        vectors = torch.cat([one.detach() for one in made])[torch.argsort(order)]
        self.vectors = vectors.requires_grad_()

    def backward(self) -> None:
        """Carry the gradient of `vectors` to the parameters, summed in a fixed order."""
        wanted = self.vectors.grad
        if wanted is None:
            raise ValueError("backward of the loss comes first")
        parts = self._pool.map(
            lambda group, made: torch.autograd.grad(made, self._parameters, wanted[list(group)]),
            self._groups,
            self._made,
        )
        for gradients in parts:
            for parameter, gradient in zip(self._parameters, gradients, strict=True):
                had = parameter.grad
                parameter.grad = gradient if had is None else had + gradient


class Encoder:
    """Wraps a sentence-transformers model that pools by the mean of its tokens.

    Each of `threads` threads computes texts of its own: where cores are shared with other work,
    threads that compute one text together wait for each other most of the time.
    """

    def __init__(self, model: Any, frozen_layers: int, threads: int = 1) -> None:
        torch.set_num_threads(1)
        self._pool = ThreadPoolExecutor(threads)
        self._tokenizer = model.tokenizer
        self._transformer = model[0].auto_model
        self._frozen_layers = frozen_layers
        layers = self._transformer.encoder.layer
        self._lower, self._upper = layers[:frozen_layers], layers[frozen_layers:]
        self._transformer.eval()  # without dropout: few epochs, and the same on every run
        self._transformer.requires_grad_(False)
        for layer in self._upper:
            layer.requires_grad_(True)

    @property
    def tuned(self) -> dict[str, torch.nn.Parameter]:
        """The parameters that training changes, by name."""
        named = self._transformer.named_parameters()
        return {name: value for name, value in named if value.requires_grad}

    def prepare(
        self, texts: Sequence[str], tokens: int
    ) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
        """Each text with its states below the tuned layers and its vector by the base model.

        A text is cut after `tokens`. States have the shape (tokens, width), in 16 bits.
        """
        ordered = sorted(texts, key=len)
        parts = [ordered[at : at + _PREPARED] for at in range(0, len(ordered), _PREPARED)]
        for made in self._pool.map(lambda part: self._prepare_part(part, tokens), parts):
            yield from made

    @torch.no_grad()
    def _prepare_part(
        self, part: Sequence[str], tokens: int
    ) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
        inputs = self._tokenizer(
            part, padding=True, truncation=True, max_length=tokens, return_tensors="pt"
        )
        mask = inputs["attention_mask"]
        states = self._transformer.embeddings(input_ids=inputs["input_ids"])
        for layer in self._lower:
            states = layer(states, _added(mask))
        kept = [row[: int(size)].half() for row, size in zip(states, mask.sum(1), strict=True)]
        return list(zip(part, kept, self._pooled(states, mask), strict=True))

    def encode(self, states: Sequence[torch.Tensor]) -> Encoding:
        """Unit vectors of prepared texts, in their order."""
        order = sorted(range(len(states)), key=lambda place: len(states[place]))
        size = -(-len(order) // _GROUPS)
        groups = [order[at : at + size] for at in range(0, len(order), size)]
        made = self._pool.map(
            lambda group: self._encode_group([states[one] for one in group]), groups
        )
        return Encoding(groups, list(made), list(self.tuned.values()), self._pool)

    def _encode_group(self, states: Sequence[torch.Tensor]) -> torch.Tensor:
        padded = torch.nn.utils.rnn.pad_sequence(list(states), batch_first=True).float()
        sizes = torch.tensor([len(one) for one in states])
        mask = (torch.arange(padded.shape[1])[None, :] < sizes[:, None]).long()
        return self._pooled(padded, mask)

    def _pooled(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        for layer in self._upper:
            states = layer(states, _added(mask))
        weights = mask[:, :, None].float()
        return functional.normalize((states * weights).sum(1) / weights.sum(1), dim=1)


def _added(mask: torch.Tensor) -> torch.Tensor | None:
    """What is added to attention scores: very little for tokens, and minus infinity for padding."""
    if bool(mask.all()):
        return None
    return torch.zeros(mask.shape).masked_fill(mask == 0, float("-inf"))[:, None, None, :]
