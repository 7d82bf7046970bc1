"""A writer at full speed and two processes that read meanwhile: no bar is ever torn, no counter ever goes back."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from engine.base.types import Kline
from engine.candles.segment import Segment
from engine.candles.writer import Outcome, Writer
from tests.data import ROOT
from tests.process.candles_reader import stamped

SECONDS = 20
READERS = 2
SERIES = 6
#: Small, so that the ring turns all the time.
BARS = 64


@contextmanager
def readers(fd: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that have attached and begin to read; ended in any case."""
    command = [sys.executable, "-m", "tests.process.candles_reader", str(fd), str(SECONDS)]
    started = [
        subprocess.Popen(command, cwd=ROOT, pass_fds=[fd], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(READERS)
    ]
    try:
        assert [process.stdout.readline() for process in started if process.stdout] == ["ready\n"] * READERS
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


class Hammer:
    """Writes of all kinds to a few series, each of them stamped with a version of its own."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._random = random.Random(1)
        self._newest = [0] * SERIES
        self._version = 0
        self.writes = dict.fromkeys(("closed", "forming", "revised", "history", "reloaded"), 0)

    def begin(self) -> None:
        """Full rings to begin with."""
        self._writer.add_interval("1m")
        for series in range(SERIES):
            symbol = self._writer.add_symbol(f"S{series}USDT")
            self._writer.put_history(symbol, 0, [stamped(number, 0) for number in range(1, BARS + 1)])
            self._newest[series] = BARS

    def strike(self) -> None:
        """A few forming bars, then one closes; now and then a revision, a page of history, a whole series anew."""
        series = self._random.randrange(SERIES)
        for _ in range(self._random.randrange(6)):
            self._writer.put_forming(series, 0, self._bar(self._newest[series] + 1))
            self.writes["forming"] += 1
        self._newest[series] += 1
        assert self._writer.put_closed(series, 0, self._bar(self._newest[series])) is Outcome.APPENDED
        self.writes["closed"] += 1
        kind = self._random.randrange(300)
        if kind < 10:
            number = self._newest[series] - self._random.randrange(BARS // 2)
            assert self._writer.put_closed(series, 0, self._bar(number)) is Outcome.REVISED
            self.writes["revised"] += 1
        elif kind == 10:
            size = self._random.randrange(1, 2 * BARS)
            self._writer.put_history(series, 0, self._bars(self._newest[series] + 1, size))
            self._newest[series] += size
            self.writes["history"] += 1
        elif kind == 11:
            self._writer.put_history(series, 0, self._bars(self._newest[series] - 9, 12))
            self._newest[series] += 2
            self.writes["reloaded"] += 1

    def _bars(self, number: int, size: int) -> list[Kline]:
        return [self._bar(number + step) for step in range(size)]

    def _bar(self, number: int) -> Kline:
        self._version += 1
        return stamped(number, self._version)


@pytest.mark.slow
def test_two_processes_never_read_a_torn_bar_from_a_writer_at_full_speed(record_property: Callable[[str, object], None]) -> None:
    # Given full rings and readers at work
    segment = Segment.create(SERIES, 1, BARS)
    hammer = Hammer(Writer(segment))
    hammer.begin()
    with readers(segment.fd) as processes:
        # When the writer does all it can until both are done
        while any(process.poll() is None for process in processes):
            for _ in range(200):
                hammer.strike()
        ended = [process.communicate(timeout=30) for process in processes]
    segment.close()
    # Then
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, ended, strict=True)] == [(0, "")] * READERS
    reports = [json.loads(out) for out, _ in ended]
    record_property("writes", hammer.writes)
    record_property("readers", reports)
    print(hammer.writes, *reports, sep="\n")
    assert [report["faults"] for report in reports] == [[], []]
    # It was a hammer: everything was written and read many times, and some reads met a write.
    assert all(count > 100 for count in hammer.writes.values())
    for report in reports:
        assert min(report["closed_reads"], report["forming_bars"], report["generations"], report["retries"]) > 100
