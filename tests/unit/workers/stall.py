"""A worker without its process: segment, market, memory and runner of one test."""

import contextlib
from collections.abc import Iterator, Sequence

from engine.base.types import INTERVAL_MS, Kline
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.wire.messages import FilterLoaded, FilterResult, Item, LoadFilter, Step, Task
from engine.wire.slots import Slots
from workers.deadline import Deadline
from workers.market import Market
from workers.memory import Memory
from workers.runner import Runner


class Stall:
    """Everything in this process."""

    def __init__(self, history_bars: int, symbols: Sequence[str], ring_bars: int, bytes_max: int = 10**8) -> None:
        self.segment = Segment.create(max(len(symbols), 1), 4, ring_bars)
        self.writer = Writer(self.segment)
        self.symbols = tuple(self.writer.add_symbol(name) for name in symbols)
        self.slots = Slots.create(1)
        self.memory = Memory(bytes_max)
        self.market = Market(Reader(self.segment), history_bars, self.memory)
        self.runner = Runner(self.market, self.memory, self.slots.writer(0), Deadline())
        self._tasks = 0

    def put(self, symbol: int, interval: str, bars: Sequence[Kline]) -> None:
        """Closed bars, in order."""
        number = self.writer.add_interval(interval)
        for bar in bars:
            self.writer.put_closed(symbol, number, bar)

    def put_forming(self, symbol: int, interval: str, bar: Kline) -> None:
        self.writer.put_forming(symbol, self.writer.add_interval(interval), bar)

    def load(self, filter_id: int, code: str, **fields: object) -> FilterLoaded:
        return self.runner.load(LoadFilter(filter_id, "test", code, **fields))  # type: ignore[arg-type]

    def ask(
        self,
        as_of_ms: int,
        filter_ids: Sequence[int] = (1,),
        symbols: Sequence[int] | None = None,
        forming: bool = False,
        limit_ms: int = 10_000,
    ) -> list[FilterResult]:
        """One step with one item; its results in the order of the filters."""
        self._tasks += 1
        item = Item(tuple(filter_ids), self.symbols if symbols is None else tuple(symbols))
        done = self.runner.run(Task(self._tasks, (Step(as_of_ms, forming, (item,)),), limit_ms))
        return list(done.results)


@contextlib.contextmanager
def stall(
    history_bars: int = 50, symbols: Sequence[str] = ("AUSDT",), ring_bars: int = 200, bytes_max: int = 10**8
) -> Iterator[Stall]:
    """One, closed on the way out."""
    made = Stall(history_bars, symbols, ring_bars, bytes_max)
    try:
        yield made
    finally:
        made.market.close()
        made.writer = None  # type: ignore[assignment] # its views must go before the memory
        made.slots.close()
        made.segment.close()


def bar(interval: str, number: int, close: float, volume: float = 10.0) -> Kline:
    """A valid bar, the `number`-th since the epoch, that is different in every field."""
    open_ms = number * INTERVAL_MS[interval]
    opened = close * (1 + 0.01 * ((number * 7) % 5 - 2) / 2)
    high, low = max(opened, close) * 1.01, min(opened, close) * 0.98
    return Kline(open_ms, opened, high, low, close, volume, volume * close, 3.0 + number % 4, volume / 4, volume * close / 4)


def bars(interval: str, closes: Sequence[float], first: int = 1) -> list[Kline]:
    """Bars of these closes, one after the other."""
    return [bar(interval, number, close, 5.0 + number % 7) for number, close in enumerate(closes, first)]
