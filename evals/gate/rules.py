"""What a gate is held to: floors, and the smallest change that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Two points: with 150 questions a true drop of five is seen nearly always, and one of two rarely;
# a smaller one may be proven, and still matter to nobody.
SMALLEST_THAT_MATTERS = 0.02


@dataclass(frozen=True, slots=True)
class GateRules:
    """`smallest` holds the smallest drop that matters, by metric; others share the default."""

    floors: Mapping[str, float] = field(default_factory=dict)
    smallest: Mapping[str, float] = field(default_factory=dict)
    default_smallest: float = SMALLEST_THAT_MATTERS
    judges_block: bool = False
