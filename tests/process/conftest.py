"""Candles that several tests of real workers read."""

import os
from collections.abc import Iterator

import pytest

from engine.base.types import INTERVAL_MS, Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer

LENGTH_MS = INTERVAL_MS["5m"]
BARS = 60


@pytest.fixture
def candles_fd() -> Iterator[int]:
    """Ten symbols of sixty closed 5m bars: even ones rise, odd ones fall."""
    segment = Segment.create(16, 2, 200)
    writer = Writer(segment)
    interval = writer.add_interval("5m")
    for number in range(10):
        symbol = writer.add_symbol(f"S{number}USDT")
        for bar in range(BARS):
            price = 100.0 + (bar if number % 2 == 0 else -bar)
            writer.put_closed(symbol, interval, Kline(bar * LENGTH_MS, price, price, price, price, 1.0, price, 1, 0.5, price / 2))
    yield os.dup(segment.fd)
    segment.close()
