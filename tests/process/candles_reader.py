"""A process that does nothing but read candles and check each one: `python -m tests.process.candles_reader FD SECONDS`.

Says "ready" when it has attached, and at the end one JSON object: how much it read, how often it had to read again, and what was
wrong, if anything. A bar belongs to one write when its open time and all nine values follow from one number; see `stamped`.
"""

import json
import sys
import time
from typing import Any

import numpy as np

from engine.base.types import MINUTE_MS, Kline
from engine.candles.reader import Closed, Reader
from engine.candles.segment import Segment

VERSIONS = 4096
STEP = 16.0
#: What each value is above the number of its write: open, high, low, close, then the amounts.
ABOVE = np.array([1, 3, 0, 2, 4, 5, 6, 7, 8], np.float64)
FAULTS_MAX = 5


def stamped(number: int, version: int) -> Kline:
    """The minute bar of that number as one of its writes; low ≤ open, close ≤ high, and no two writes share a value."""
    base = float(number * VERSIONS + version % VERSIONS) * STEP
    return Kline(number * MINUTE_MS, base + 1, base + 3, base, base + 2, base + 4, base + 5, base + 6, base + 7, base + 8)


def torn(open_times: Any, values: Any) -> bool:
    """Whether any of these bars is not one write's: not in order, mixed of two, or of another open time."""
    opens, highs, lows, closes = values[:, 0], values[:, 1], values[:, 2], values[:, 3]
    if not ((lows <= opens) & (opens <= highs) & (lows <= closes) & (closes <= highs)).all():
        return True
    if (values - lows[:, None] != ABOVE).any() or (lows % STEP).any():
        return True
    return bool((lows // (STEP * VERSIONS) * MINUTE_MS != open_times).any())


class Checker:
    """One reader that remembers what it saw."""

    def __init__(self, reader: Reader, series: int) -> None:
        self.reader = reader
        self.arrays = reader.arrays()
        self.series = range(series)
        self.names = reader.symbols()
        self.counts = np.zeros(series, np.int64)
        self.newest_ms = [0] * series
        self.read = {"closed_reads": 0, "closed_bars": 0, "forming_reads": 0, "forming_bars": 0, "counter_reads": 0}
        self.generations = set[tuple[int, int]]()
        self.faults: list[str] = []

    def round(self) -> None:
        """Every series once: from its oldest bar, its newest few, and the forming one."""
        self.counters()
        for series in self.series:
            for from_index in (0, max(0, int(self.counts[series]) - 5)):
                self.closed(series, self.reader.copy_closed(series, from_index))
            for _ in range(10):
                self.forming(series)

    def counters(self) -> None:
        """Counts only grow, and names stay."""
        for _ in range(20):
            counts = self.arrays.counts[: len(self.series)].astype(np.int64)
            if (counts < self.counts).any():
                self.fault(f"a count went back: {self.counts.tolist()} to {counts.tolist()}")
            self.counts = counts
            self.read["counter_reads"] += 1
        if self.reader.symbols() != self.names:
            self.fault(f"names changed: {self.reader.symbols()}")

    def closed(self, series: int, found: Closed) -> None:
        """Whole bars, one a minute without a hole, never older than before, never none."""
        self.read["closed_reads"] += 1
        self.read["closed_bars"] += len(found.open_times)
        self.generations.add((series, found.generation))
        if not found.open_times.size or found.end < self.counts[series]:
            self.fault(f"series {series} looked shorter than it was: {found.start} to {found.end}")
        if torn(found.open_times, found.values):
            self.fault(f"series {series}: torn closed bar")
        if (np.diff(found.open_times) != MINUTE_MS).any():
            self.fault(f"series {series}: open times {found.open_times.tolist()}")
        if found.open_times.size:
            newest_ms = int(found.open_times[-1])
            if newest_ms < self.newest_ms[series]:
                self.fault(f"series {series}: newest bar {newest_ms} after {self.newest_ms[series]}")
            self.newest_ms[series] = newest_ms

    def forming(self, series: int) -> None:
        """A whole bar, or none."""
        self.read["forming_reads"] += 1
        bar = self.reader.forming(series)
        if bar is None:
            return
        self.read["forming_bars"] += 1
        if bar != stamped(bar.open_time // MINUTE_MS, int(bar.low // STEP) % VERSIONS):
            self.fault(f"series {series}: torn forming bar {bar}")

    def fault(self, what: str) -> None:
        """Remember the first few."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(what)


def main(fd: int, seconds: float) -> None:
    """Read until the time is over or something is wrong."""
    segment = Segment.attach(fd)
    reader = Reader(segment)
    checker = Checker(reader, segment.layout.max_symbols)
    print("ready", flush=True)
    began = time.monotonic()
    while time.monotonic() - began < seconds and not checker.faults:
        checker.round()
    spent_s = time.monotonic() - began
    report = {**checker.read, "generations": len(checker.generations), "retries": reader.retries, "seconds": spent_s}
    print(json.dumps({**report, "faults": checker.faults}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
