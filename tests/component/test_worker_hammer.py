"""A worker's picture while another process writes at full speed: never a torn bar, never bars out of order or twice."""

import os
import subprocess
import sys
import time

import numpy as np

import indicators
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from tests.data import ROOT
from workers.market import Market
from workers.memory import Memory
from workers.vocabulary import BAR_FIELDS

SECONDS = 3.0
SYMBOLS = 4
HISTORY = 50
RING = 90
FIELDS = BAR_FIELDS[1:]


def values_of(number: int, edition: int) -> list[float]:
    """Every field is derived from the bar's number and its edition, so that a mixture is seen."""
    return [number + edition * 1e-3 + place for place in range(1, 10)]


def test_a_picture_is_never_torn():
    # Given a segment whose writer is another process: the test reads what a program of its own writes
    read_fd, write_fd = os.pipe()
    script = f"""
import os, sys, random, time
sys.path.insert(0, {str(ROOT)!r})
from engine.base.types import Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from tests.component.test_worker_hammer import values_of, RING, SYMBOLS
segment = Segment.create(SYMBOLS, 2, RING)
writer = Writer(segment)
interval = writer.add_interval("1m")
symbols = [writer.add_symbol(f"S{{n}}USDT") for n in range(SYMBOLS)]
os.write({write_fd}, str(segment.fd).encode())
chance = random.Random(1)
number = 1_000
edition = 0
while True:
    number += 1
    if number % 10 == 0:
        time.sleep(chance.choice((0, 0, 0.001, 0.01)))
    for symbol in symbols:
        for _ in range(3):
            edition = (edition + 1) % 500
            writer.put_forming(symbol, interval, Kline(number * 60_000, *values_of(number, edition)))
        writer.put_closed(symbol, interval, Kline(number * 60_000, *values_of(number, 1)))
        if chance.random() < 0.02:
            writer.put_history(symbol, interval, [Kline((number - 3) * 60_000, *values_of(number - 3, 2))])
"""
    child = subprocess.Popen([sys.executable, "-P", "-c", script], pass_fds=(write_fd,))
    try:
        os.close(write_fd)
        fd = os.open(f"/proc/{child.pid}/fd/{int(os.read(read_fd, 20))}", os.O_RDONLY)
        segment = Segment.attach(fd)
        _read_for(segment, SECONDS)
        segment.close()
    finally:
        child.kill()
        child.wait(10)
        os.close(read_fd)


def _read_for(segment: Segment, seconds: float) -> None:
    memory = Memory()
    market = Market(Reader(segment), HISTORY, memory)
    needs = {"1m": frozenset(FIELDS)}
    series = Reader(segment)
    while not series.copy_closed(0).open_times.size:
        time.sleep(0.001)
    steps, bars_seen, newest = 0, 0, 0
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        closed_ms = int(series.copy_closed(0).open_times[-1]) + 60_000
        forming = steps % 2 == 1
        frame = market.step(closed_ms, forming, range(SYMBOLS), needs)
        for _, _, klines in frame.questions(tuple(range(SYMBOLS)), ("1m",))[0]:
            bars = klines["1m"]
            _check(bars)
            assert np.array_equal(memory.ta.sma(bars.close, 3)[2:], _means(bars.close)[2:], equal_nan=True) or len(bars) < 3
            bars_seen += len(bars)
            newest = max(newest, int(bars.open_time[-1]))
        steps += 1
    assert steps > 50
    assert bars_seen > 1_000
    assert newest > 1_100 * 60_000
    series.close()
    market.close()


def _means(values: np.ndarray) -> np.ndarray:
    return indicators.sma(values.copy(), 3)


def _check(bars) -> None:
    times = bars.open_time
    assert (np.diff(times) > 0).all()
    numbers = times // 60_000
    table = np.array([getattr(bars, name) for name in FIELDS])
    editions = np.rint((table[0] - 1 - numbers) * 1e3)
    for place in range(9):
        np.testing.assert_allclose(table[place], numbers + editions * 1e-3 + place + 1, rtol=0, atol=1e-6)
    closed = editions[:-1] if bars.forming else editions
    assert set(closed.tolist()) <= {1.0, 2.0}
