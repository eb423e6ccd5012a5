"""Compares settings: each cell of a matrix against the first, question by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from evals.gate.gate import differences
from evals.metrics.statistics import Difference
from evals.running.runs import Run, scores_of

Choice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One choice of settings, and the run with it."""

    choice: Choice
    run: Run

    @property
    def name(self) -> str:
        """The settings as text."""
        return ", ".join(f"{key}={value}" for key, value in self.choice.items())


@dataclass(frozen=True, slots=True)
class Row:
    """A cell's means and its differences from the first cell; none for the first itself."""

    cell: Cell
    means: Mapping[str, float]
    differences: Mapping[str, Difference]


def choices(matrix: Mapping[str, Sequence[Any]]) -> list[Choice]:
    """Every combination; the first takes the first value of each setting."""
    return [dict(zip(matrix, values, strict=True)) for values in product(*matrix.values())]


def rows(cells: Sequence[Cell]) -> list[Row]:
    """The table: each cell against the first by a paired bootstrap over questions."""
    first = cells[0]
    return [
        Row(
            cell,
            scores_of(cell.run).means,
            {} if cell is first else differences(first.run, cell.run),
        )
        for cell in cells
    ]
