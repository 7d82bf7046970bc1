"""Reading a segment while another process writes it: every answer is one write's, or the read is done again.

Nothing here can disturb the writer. A read is done again when a row's sequence number was odd or has changed, when the series'
generation was odd or has changed, or when the ring has moved onto the first row that was read.
"""

import math
import time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.base.errors import CandleError
from engine.base.types import Kline
from engine.candles import layout
from engine.candles.segment import Segment

#: A writer needs about a microsecond for a row, so the first few repetitions are done at once. It may also have lost its CPU
#: in the middle, to this very reader for instance, and get it back after many milliseconds: then the reader makes room.
AT_ONCE_MAX = 50
PAUSE_S = 0.0002
#: At least two seconds: a read that fails so often has met a writer that died in the middle.
ATTEMPTS_MAX = 10_000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Counters = npt.NDArray[np.uint64]


class Arrays(NamedTuple):
    """The shared memory as read-only arrays; `series` is symbol × intervals + interval, the last row is the forming bar."""

    counts: Counters
    firsts: Counters
    generations: Counters
    #: (series, bars + 1)
    open_times: Integers
    sequences: Counters
    #: (series, bars + 1, 9)
    values: Floats


class Closed(NamedTuple):
    """Closed bars of one series: those with index `start` to `end` - 1, as they stood in this generation."""

    start: int
    end: int
    generation: int
    open_times: Integers
    values: Floats


class Reader:
    """All reading of one segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._shape = shape = segment.layout
        self._arrays = Arrays(
            self._view(np.uint64, shape.counts_offset, (shape.series,)),
            self._view(np.uint64, shape.firsts_offset, (shape.series,)),
            self._view(np.uint64, shape.generations_offset, (shape.series,)),
            self._view(np.int64, shape.open_times_offset, (shape.series, shape.rows)),
            self._view(np.uint64, shape.sequences_offset, (shape.series, shape.rows)),
            self._view(np.float64, shape.values_offset, (shape.series, shape.rows, layout.VALUES)),
        )
        self.retries = 0

    def _view(self, dtype: type, offset: int, shape: tuple[int, ...]) -> Any:
        # Unlike np.ndarray, frombuffer holds on to the memory: closing it under an array is an error, not a crash.
        array: npt.NDArray[Any] = np.frombuffer(self._segment.memory, dtype, math.prod(shape), offset).reshape(shape)
        array.flags.writeable = False
        return array

    def arrays(self) -> Arrays:
        """The raw arrays, for bulk work; whoever reads rows from them follows the protocol of this module."""
        return self._arrays

    def symbols(self) -> tuple[str, ...]:
        """Names by number."""
        return self._segment.names()

    def intervals(self) -> tuple[str, ...]:
        """Names by number."""
        return self._segment.interval_names()

    def series(self, symbol: int, interval: int) -> int:
        """Position of a series in the arrays."""
        return symbol * self._shape.max_intervals + interval

    def copy_closed(self, series: int, from_index: int = 0) -> Closed:
        """A copy of the closed bars from that index on, or from the oldest that is held."""
        counts, firsts, generations, open_times, sequences, values = self._arrays
        for attempt in range(ATTEMPTS_MAX):
            generation = int(generations[series])
            # The oldest before the count: the other way round, a ring that turns in between looks like an empty series.
            first = int(firsts[series])
            count = int(counts[series])
            start = min(max(first, from_index), count)
            rows = np.arange(start, count) % self._shape.bars
            before = sequences[series, rows]
            copied = Closed(start, count, generation, open_times[series, rows], values[series, rows])
            torn = (before & 1).any() or (sequences[series, rows] != before).any()
            moved = int(firsts[series]) > start or int(generations[series]) != generation or generation & 1
            if not torn and not moved:
                return copied
            self._wait(attempt)
        raise CandleError("series cannot be read", f"series {series}", "its writer stopped in the middle of a bar")

    def forming(self, series: int) -> Kline | None:
        """The forming bar, or None."""
        _, _, _, open_times, sequences, values = self._arrays
        row = self._shape.bars
        for attempt in range(ATTEMPTS_MAX):
            before = int(sequences[series, row])
            open_ms = int(open_times[series, row])
            found = values[series, row].tolist()
            if not before & 1 and int(sequences[series, row]) == before:
                return Kline(open_ms, *found) if open_ms else None
            self._wait(attempt)
        raise CandleError("forming bar cannot be read", f"series {series}", "its writer stopped in the middle of a bar")

    def _wait(self, attempt: int) -> None:
        self.retries += 1
        if attempt >= AT_ONCE_MAX:
            time.sleep(PAUSE_S)

    def close(self) -> None:
        """Drop the views, so that the segment can be closed."""
        del self._arrays
