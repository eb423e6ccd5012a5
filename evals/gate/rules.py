"""The gate's rules: floors, and the smallest change that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Two points. With 150 questions a true drop of five points is detected nearly always, one of two
# points rarely; a smaller drop may be significant without being relevant.
DEFAULT_SMALLEST_DROP = 0.02
# Of these a rise is a regression, and a floor is the greatest mean that is allowed. The smallest
# rise that matters is in their own unit.
LOWER_IS_BETTER = {"answer_lines": 2.0, "confidence_error": 0.02, "noise_sensitivity": 0.02}


@dataclass(frozen=True, slots=True)
class GateRules:
    """`floors` maps a metric to the worst mean that is allowed, and `smallest` one to the smallest
    drop that matters; others use the default.
    """

    floors: Mapping[str, float] = field(default_factory=dict)
    smallest: Mapping[str, float] = field(default_factory=dict)
    default_smallest: float = DEFAULT_SMALLEST_DROP
    judges_block: bool = False
