"""A writer and a reader of one small segment."""

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.candles.writer import Writer

BARS = 8


class Pair(NamedTuple):
    """Both ends, with room for two symbols, two intervals and eight bars; "BTCUSDT" and "1m" are numbers 0 and 0."""

    segment: Segment
    attached: Segment
    writer: Writer
    reader: Reader


@pytest.fixture
def pair() -> Iterator[Pair]:
    segment = Segment.create(2, 2, BARS)
    attached = Segment.attach(os.dup(segment.fd))
    reader = Reader(attached)
    writer = Writer(segment)
    writer.add_symbol("BTCUSDT")
    writer.add_interval("1m")
    yield Pair(segment, attached, writer, reader)
    reader.close()
    attached.close()
    segment.close()
