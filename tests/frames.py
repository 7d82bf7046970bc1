"""Kline frames as the exchange writes them, and small worlds that take them in, with machine code and without."""

import asyncio
import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.base.types import MINUTE_MS, Kline
from engine.binance.streams import kline_stream
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds import machine_code
from engine.feeds.asks import Ask, Tally
from engine.feeds.gates import Gates
from engine.feeds.intake import Intake
from engine.feeds.join import Series
from engine.scanner.image import Image

START_MS = 1_709_294_400_000
SYMBOL = "BTCUSDT"
PRICES = {"o": "61001.10000000", "c": "61002.20000000", "h": "61003.30000000", "l": "61000.00000000"}
AMOUNTS = {"v": "12.34567000", "q": "753123.45678901", "V": "6.10000000", "Q": "372106.71000000"}


def frame(open_ms: int, event_ms: int, symbol: str = SYMBOL, *, closed: bool = False, stream: str = "", **texts: str) -> bytes:
    """A minute bar's event, its numbers given as they stand in the text."""
    t = {**PRICES, **AMOUNTS, "n": "300", "f": "1000", "L": "1299", "B": "0", **texts}
    return (
        f'{{"stream":"{stream or kline_stream(symbol, "1m")}","data":{{"e":"kline","E":{event_ms},"s":"{symbol}","k":{{'
        f'"t":{open_ms},"T":{open_ms + MINUTE_MS - 1},"s":"{symbol}","i":"1m","f":{t["f"]},"L":{t["L"]},'
        f'"o":"{t["o"]}","c":"{t["c"]}","h":"{t["h"]}","l":"{t["l"]}","v":"{t["v"]}","n":{t["n"]},"x":{str(closed).lower()},'
        f'"q":"{t["q"]}","V":"{t["V"]}","Q":"{t["Q"]}","B":"{t["B"]}"}}}}}}'
    ).encode()


@functools.cache
def machine_code_image() -> Image:
    """The reader's code, from where it is kept, or made now."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(machine_code.obtain(Path(folder)))


class World:
    """A few series of minute bars in a segment of their own, and the intake before them."""

    def __init__(self, *, compiled: bool, bars: int = 8, symbols: tuple[str, ...] = (SYMBOL,), next_ms: int = START_MS) -> None:
        self.segment = Segment.create(len(symbols) + 1, 1, bars)
        self.writer = Writer(self.segment)
        self.gates = Gates(self.writer)
        self.intake = Intake(self.gates)
        self.tally = Tally()
        self.told: list[tuple[int, int]] = []
        self.series = [self.open(symbol, next_ms) for symbol in symbols]
        if compiled:
            self.intake.use(machine_code_image())

    def open(self, symbol: str, next_ms: int = 0) -> Series:
        """A series; live and waiting for the bar of `next_ms`, if that is given."""
        stream = kline_stream(symbol, "1m")
        numbers = self.writer.add_symbol(symbol), self.writer.add_interval("1m")
        series = Series(self.writer, *numbers, MINUTE_MS, self._announce, self.tally, self.gates.gate(stream, *numbers))
        self.intake.streams[stream] = series.take
        if next_ms:
            before_ms = next_ms - MINUTE_MS
            rows = [Kline(before_ms, 1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 3.0, 4.0, 6.0)]
            series.fill(Ask(before_ms, next_ms, first=True, from_ms=before_ms), rows, float(next_ms), full=False)
        return series

    def _announce(self, symbol: int, _interval: int, open_ms: int) -> None:
        self.told.append((symbol, open_ms))

    @property
    def facts(self) -> tuple[object, ...]:
        """All that anybody could see from outside, the shared memory byte by byte."""
        numbers = {name: value for name, value in vars(self.tally).items() if isinstance(value, int | float)}
        tally = {**numbers, "forming": self.tally.forming + self.intake.quick}
        counted = (self.intake.frames, self.intake.malformed, self.intake.unwanted)
        times = [(one.event_ms, one.settled_ms, one.phase, one.gate.expected_ms) for one in self.series]
        return bytes(self.segment.memory), tally, counted, times, self.told

    def close(self) -> None:
        """Give the memory back."""
        self.intake.close()
        self.segment.close()


@contextmanager
def twins(**about: object) -> Iterator[tuple[World, World]]:
    """Two worlds alike, the second with machine code."""
    worlds = World(compiled=False, **about), World(compiled=True, **about)  # type: ignore[arg-type]
    try:
        yield worlds
    finally:
        for world in worlds:
            world.close()
