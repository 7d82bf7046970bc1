"""Reading many series of the shared candles at once: what has changed, the next bar of each, one series as a whole.

By the protocol of `engine.candles.reader`: a row counts only if its sequence number was even and the same before and after,
its ring had not moved onto it, and the series is of the same generation.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.candles.reader import Reader
from workers.vocabulary import BAR_FIELDS

#: Names of the columns of `values`.
FIELDS: Final = BAR_FIELDS[1:]

Ints = NDArray[np.int64]


class Loaded(NamedTuple):
    """Closed bars of one series from some instant on; the index after the last one, and the generation they are of."""

    open_times: Ints
    values: NDArray[np.float64]
    end: int
    generation: int


class Rings:
    """A reader, seen by those who hold columns."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._bars = reader.arrays().open_times.shape[1] - 1
        self._names: tuple[str, ...] = ()
        self._intervals: tuple[str, ...] = ()

    def symbol_names(self, largest: int) -> tuple[str, ...]:
        """Names by number, those up to `largest` at least, where they are published."""
        if largest >= len(self._names):
            self._names = self._reader.symbols()
        return self._names

    def interval(self, name: str) -> int | None:
        """Number of an interval, or None while nobody has published it."""
        if name not in self._intervals:
            self._intervals = self._reader.intervals()
        return self._intervals.index(name) if name in self._intervals else None

    def series(self, symbol: int, interval: int) -> int:
        """Number of a series."""
        return self._reader.series(symbol, interval)

    def published(self, series: Ints) -> tuple[Ints, Ints]:
        """Bars ever appended to each of these series, and their generations."""
        arrays = self._reader.arrays()
        # Generations last: one that is the same as before vouches for the count.
        counts = arrays.counts[series].astype(np.int64)
        return counts, arrays.generations[series].astype(np.int64)

    def bars(self, series: Ints, indexes: Ints, generations: Ints) -> tuple[Ints, NDArray[np.float64], NDArray[np.bool_]]:
        """The closed bar of that index in each series: open times, values, and whether each reading is sound."""
        arrays = self._reader.arrays()
        rows = indexes % self._bars
        before = arrays.sequences[series, rows]
        open_times = arrays.open_times[series, rows]
        values = arrays.values[series, rows]
        sound: Any = (before & np.uint64(1)) == 0
        sound &= arrays.sequences[series, rows] == before
        sound &= arrays.firsts[series] <= indexes.astype(np.uint64)
        sound &= arrays.generations[series] == generations.astype(np.uint64)
        return open_times, values, sound

    def load(self, series: int, from_open_ms: int) -> Loaded:
        """All closed bars that opened at or after that instant."""
        found = self._reader.copy_closed(series)
        first = int(np.searchsorted(found.open_times, from_open_ms))
        return Loaded(found.open_times[first:], found.values[first:], found.end, found.generation)

    def forming(self, series: int) -> tuple[float, ...] | None:
        """The bar in progress: open time, then the values in the order of `FIELDS`; or None."""
        return self._reader.forming(series)

    def close(self) -> None:
        """Let go of the shared arrays."""
        self._reader.close()
