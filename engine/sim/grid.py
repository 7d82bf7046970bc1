"""When bars open: the exchange's sixteen intervals, in UTC or in a time zone asked for.

Regular intervals open at multiples of their length; `1w` on Mondays, `1M` on the first of the month, and `3d` counts from
the first trading day of each symbol. Not a set of bars: only instants.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.base.types import DAY_MS, INTERVAL_MS, IRREGULAR_INTERVALS

INTERVALS = (*INTERVAL_MS, *IRREGULAR_INTERVALS)
WEEK_MS = 7 * DAY_MS
#: 1970-01-05, the first Monday of the epoch.
FIRST_MONDAY_MS = 4 * DAY_MS
#: Most days a bar can span.
MONTH_MAX_MS = 31 * DAY_MS


@dataclass(frozen=True, slots=True)
class Grid:
    """The bars of one interval: they open at `phase_ms` plus multiples of `length_ms`; months (length 0) by the calendar."""

    interval: str
    length_ms: int
    phase_ms: int

    @property
    def granule_ms(self) -> int:
        """Length of the longest regular bars, on the UTC grid, of which these can be made."""
        common = math.gcd(self.length_ms or DAY_MS, self.phase_ms)
        return max(length for length in INTERVAL_MS.values() if common % length == 0)

    @property
    def is_regular(self) -> bool:
        """Whether the bars open at multiples of their length since the epoch."""
        return self.length_ms in INTERVAL_MS.values() and self.phase_ms % self.length_ms == 0

    @property
    def longest_ms(self) -> int:
        """No bar is longer."""
        return self.length_ms or MONTH_MAX_MS

    def open_of(self, time_ms: int) -> int:
        """Open time of the bar that holds `time_ms`."""
        if self.length_ms:
            return time_ms - (time_ms - self.phase_ms) % self.length_ms
        return int(self.opens_of(np.array([time_ms], dtype=np.int64))[0])

    def next_open(self, open_ms: int) -> int:
        """Open time of the bar after the one that opens at `open_ms`."""
        return open_ms + self.length_ms if self.length_ms else self.open_of(open_ms + MONTH_MAX_MS)

    def closes_of(self, opens_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Close times (the last ms) of the bars that open at `opens_ms`."""
        if self.length_ms:
            return opens_ms + self.length_ms - 1
        return np.array([self.next_open(open_ms) - 1 for open_ms in opens_ms.tolist()], dtype=np.int64)

    def opens_of(self, times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Open times of the bars that hold each of `times_ms`."""
        if self.length_ms:
            return times_ms - (times_ms - self.phase_ms) % self.length_ms
        local = (times_ms - self.phase_ms).astype("datetime64[ms]")
        return local.astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64) + self.phase_ms


def grid_of(interval: str, *, first_day_ms: int = 0, offset_ms: int = 0) -> Grid:
    """The grid of one of `INTERVALS`, for a symbol first traded on the day `first_day_ms`, in the zone UTC + `offset_ms`."""
    if interval == "1M":
        return Grid(interval, 0, -offset_ms)
    if interval == "1w":
        return Grid(interval, WEEK_MS, FIRST_MONDAY_MS - offset_ms)
    if interval == "3d":
        length_ms = 3 * DAY_MS
        return Grid(interval, length_ms, (first_day_ms - first_day_ms % DAY_MS) % length_ms - offset_ms)
    return Grid(interval, INTERVAL_MS[interval], -offset_ms)
