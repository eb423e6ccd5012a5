"""Change points by PELT (Killick et al., 2012) with the least squares cost, by `ruptures`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.incidents.change_points import MIN_STRETCH

# Of the standardised series. The usual criterion (BIC) takes 1 to 2 times log n; more of it keeps
# the noise of metrics, which follows itself, in one stretch.
_PENALTY = 5.0
_MAX_DISTANCE = 50.0  # in deviations: a spike beyond it must not outweigh a whole stretch


def find_breaks(values: Sequence[float]) -> Sequence[int]:
    """The indexes at which another mean begins; empty for values that are all equal."""
    if len(values) < 2 * MIN_STRETCH or min(values) == max(values):
        return ()
    import numpy  # both take a second to import, and most commands need neither
    import ruptures

    signal = numpy.asarray(values, dtype=float)
    # The noise of neighbours, which a shift of level does not widen.
    noise = float(numpy.median(numpy.abs(numpy.diff(signal)))) * 1.4826 / math.sqrt(2)
    middle = float(numpy.median(signal))
    scale = max(noise, 0.05 * abs(middle), float(numpy.ptp(signal)) * 1e-3)
    signal = numpy.clip((signal - middle) / scale, -_MAX_DISTANCE, _MAX_DISTANCE)
    search = ruptures.KernelCPD(kernel="linear", min_size=MIN_STRETCH)
    found = search.fit(signal.reshape(-1, 1)).predict(pen=_PENALTY * math.log(len(values)))
    return [int(one) for one in found[:-1]]
