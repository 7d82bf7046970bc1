"""A whole feed on real shared memory against any server, with what it announced and how to wait for it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from engine.base.clock import ExchangeClock
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS, Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.feed import Feed


class FeedBench:
    """A feed, its candles, and the closes it told of."""

    def __init__(self, rest_url: str, ws_url: str, bars: int = 1_200, **changes: object) -> None:
        values: dict[str, object] = {
            "close_grace_ms": 300,
            "silence_ms": 2_000,
            "rest_retries": 1,
            "history_bars": 100,
            **changes,
        }
        self.settings = Settings(binance_api_url=rest_url, binance_ws_url=ws_url, **values)  # type: ignore[arg-type]
        self.segment = Segment.create(32, 6, bars)
        self.writer = Writer(self.segment)
        self.clock = ExchangeClock()
        self.closes: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.states: list[dict[str, int]] = []
        self.progress: list[tuple[int, int]] = []
        self.feed = Feed(
            self.settings,
            self.writer,
            self.clock,
            self._closed,
            lambda counts: self.states.append(dict(counts)),
            lambda done, total: self.progress.append((done, total)),
        )

    def _closed(self, symbol: int, interval: int, open_ms: int) -> None:
        assert self.writer.bar(symbol, interval, open_ms) is not None, "announced before it was there"
        self.closes[self.writer.symbols[symbol], self.writer.intervals[interval]].append(open_ms)

    def held(self, symbol: str, interval: str) -> list[Kline]:
        """All closed bars of a series."""
        numbers = self.writer.symbols.index(symbol), self.writer.intervals.index(interval)
        first_ms, last_ms = self.writer.first_open_ms(*numbers), self.writer.last_open_ms(*numbers)
        bars = (self.writer.bar(*numbers, open_ms) for open_ms in range(first_ms, last_ms + 1, INTERVAL_MS[interval]))
        return [kline for kline in bars if kline is not None]

    async def until(self, condition: Callable[[], object], what: str, timeout_s: float = 15.0) -> None:
        """Wait for a condition; fails telling how the feed is."""
        try:
            async with asyncio.timeout(timeout_s):
                # What is waited for happens in many places; an event for each would be more machinery than the test.
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s:g} s: {what}; {self.feed.states()} {self.feed.stats}") from None

    async def ready(self, *series: tuple[str, str]) -> None:
        """Wait until these series have their history."""
        await self.until(lambda: all(self.feed.ready(*one) for one in series), f"ready {series}")

    async def more_closes(self, symbol: str, interval: str, count: int) -> None:
        """Wait for so many closes beyond those told of now."""
        told = self.closes[symbol, interval]
        wanted = len(told) + count
        await self.until(lambda: len(told) >= wanted, f"{count} more closes of {symbol} {interval}")


@asynccontextmanager
async def running(rest_url: str, ws_url: str, **changes: object) -> AsyncIterator[FeedBench]:
    """A started feed, closed in the end."""
    bench = FeedBench(rest_url, ws_url, **changes)
    try:
        await bench.feed.start()
        try:
            yield bench
        finally:
            await bench.feed.close()
    finally:
        bench.segment.close()
