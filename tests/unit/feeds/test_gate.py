"""The gate of a series, through which machine code writes forming bars, is open only while that may be done."""

from collections.abc import Iterator

import pytest

from engine.base.types import Kline
from engine.binance.messages import KlineEvent, KlineFields
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Tally
from engine.feeds.join import Series
from engine.scanner.record import SHUT

MINUTE = 60_000
T = 1_700_000_040_000 // MINUTE * MINUTE


def bar(index: int) -> Kline:
    return Kline(T + index * MINUTE, 10.0, 12.0, 8.0, 11.0, 5.0, 50.0, 7.0, 2.0, 20.0)


def close_of(index: int) -> KlineEvent:
    return KlineEvent(T + (index + 1) * MINUTE + 100, KlineFields(*bar(index), closed=True))


class Ender:
    """A listener that lets go of its series as soon as a bar closes."""

    def __init__(self) -> None:
        self.segment = Segment.create(2, 1, 16)
        writer = Writer(self.segment)
        numbers = writer.add_symbol("BTCUSDT"), writer.add_interval("1m")
        self.series = Series(writer, *numbers, MINUTE, self._closed, Tally())
        self.ends = False

    def _closed(self, _symbol: int, _interval: int, _open_ms: int) -> None:
        if self.ends:
            self.series.end()


@pytest.fixture
def ender() -> Iterator[Ender]:
    made = Ender()
    yield made
    made.segment.close()


def test_a_live_series_expects_the_bar_after_the_last_closed_one(ender: Ender) -> None:
    ender.series.fill(Ask(T, T, first=True, from_ms=T), [bar(0), bar(1)], 0.0, full=False)

    ender.series.take(close_of(1))

    assert ender.series.gate.expected_ms == T + 2 * MINUTE


def test_a_series_that_its_listener_ends_stays_shut(ender: Ender) -> None:
    ender.series.fill(Ask(T, T, first=True, from_ms=T), [bar(0), bar(1)], 0.0, full=False)
    ender.ends = True

    ender.series.take(close_of(1))

    assert ender.series.gate.expected_ms == SHUT
