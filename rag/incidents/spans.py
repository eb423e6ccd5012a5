"""The span of an input: its first and last time, without the few that are far from all others.

A machine writes 1970 until its clock is set, and a broken one writes any year. Such a time must not
count as the beginning of a log, from which on everything else would be new.
"""

from __future__ import annotations

from datetime import datetime

_FAR_DAYS = 7
_FEW_SHARE = 0.01
_MAX_DAYS = 20_000  # more than fifty years: what is beyond them belongs to no incident


class Span:
    """Collects times; memory is bounded by the number of days."""

    def __init__(self) -> None:
        self._days: dict[int, list[datetime]] = {}
        self._counts: dict[int, int] = {}
        self._beyond = 0

    def add(self, at: datetime) -> None:
        day = at.toordinal()
        ends = self._days.get(day)
        if ends is None:
            if len(self._days) >= _MAX_DAYS:
                self._beyond += 1
                return
            self._days[day] = [at, at]
            self._counts[day] = 1
            return
        self._counts[day] += 1
        if at < ends[0]:
            ends[0] = at
        elif at > ends[1]:
            ends[1] = at

    def ends(self) -> tuple[datetime | None, datetime | None, int]:
        """The first and the last time, and how many times are left out as far from the others."""
        days = sorted(self._days)
        if not days:
            return None, None, 0
        allowed = sum(self._counts.values()) * _FEW_SHARE
        start = self._trimmed(days, allowed)
        kept = days[start:]
        kept = kept[: len(kept) - self._trimmed([-day for day in reversed(kept)], allowed)]
        far = sum(self._counts.values()) - sum(self._counts[day] for day in kept)
        return self._days[kept[0]][0], self._days[kept[-1]][1], far + self._beyond

    def _trimmed(self, days: list[int], allowed: float) -> int:
        """How many days at the beginning hold few times and lie far before the next ones."""
        found = 0
        before = 0
        for place in range(len(days) - 1):
            before += self._counts[abs(days[place])]
            if before > allowed:
                break
            if days[place + 1] - days[place] > _FAR_DAYS:
                found = place + 1
        return found
