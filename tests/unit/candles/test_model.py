"""Any sequence of writes, against a model that is a dict; and a reader that follows step by step, as workers do."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.base.types import Kline
from engine.candles.bars import merge
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.candles.writer import HistoryOutcome, Outcome, Writer
from tests.unit.candles.klines import kline

BARS = 6
SYMBOLS = 3

symbols = st.integers(0, SYMBOLS - 1)
bars = st.builds(kline, st.integers(1, 24), st.integers(0, 1))


class Series:
    """What one series should hold."""

    def __init__(self) -> None:
        self.closed: list[Kline] = []
        self.forming: Kline | None = None

    @property
    def last_ms(self) -> int:
        return self.closed[-1].open_time if self.closed else 0

    def put_closed(self, bar: Kline) -> Outcome:
        held = {known.open_time: known for known in self.closed}
        if bar.open_time > self.last_ms:
            if self.closed and bar.open_time != self.last_ms + 60_000:
                return Outcome.GAP
            self.keep([bar])
            return Outcome.APPENDED
        if bar.open_time < self.closed[0].open_time:
            return Outcome.OLD
        if held.get(bar.open_time) == bar:
            return Outcome.DUPLICATE
        self.keep([bar])
        return Outcome.REVISED

    def put_forming(self, bar: Kline) -> None:
        if bar.open_time > self.last_ms:
            self.forming = bar

    def put_history(self, batch: list[Kline]) -> HistoryOutcome:
        before, last_ms = {known.open_time: known for known in self.closed}, self.last_ms
        self.keep(batch)
        stored = [bar for bar in merge(batch) if bar in self.closed]
        appended = sum(bar.open_time > last_ms for bar in stored)
        known = sum(before.get(bar.open_time) == bar for bar in stored)
        revised = sum(bar.open_time in before for bar in stored) - known
        return HistoryOutcome(appended, len(stored) - appended - known - revised, revised, known)

    def keep(self, fresh: list[Kline]) -> None:
        self.closed = merge(self.closed, fresh)[-BARS:]
        if self.forming is not None and self.forming.open_time <= self.last_ms:
            self.forming = None


class Follower:
    """A copy of a series brought up to date as a worker does: new bars added, all read anew in another generation."""

    def __init__(self) -> None:
        self.bars: list[Kline] = []
        self.end = 0
        self.generation = -1

    def update(self, reader: Reader, series: int) -> None:
        found = reader.copy_closed(series, self.end)
        if found.generation != self.generation:
            found = reader.copy_closed(series)
            self.bars = []
        fresh = [Kline(open_ms, *row) for open_ms, row in zip(found.open_times.tolist(), found.values.tolist(), strict=True)]
        self.bars = [*self.bars, *fresh][-BARS:] if fresh or self.bars else []
        self.end, self.generation = found.end, found.generation


class Candles(RuleBasedStateMachine):
    """One segment, its writer, two readers' ways of reading, and the model."""

    @initialize()
    def begin(self) -> None:
        self.segment = Segment.create(SYMBOLS, 1, BARS)
        self.attached = Segment.attach(os.dup(self.segment.fd))
        self.writer, self.reader = Writer(self.segment), Reader(self.attached)
        self.writer.add_interval("1m")
        self.model: list[Series] = []
        self.followers: list[Follower] = []
        self.grow()

    @rule()
    def grow(self) -> None:
        if len(self.model) < SYMBOLS:
            assert self.writer.add_symbol(f"S{len(self.model)}USDT") == len(self.model)
            self.model.append(Series())
            self.followers.append(Follower())

    @rule(symbol=symbols, bar=bars)
    def put_closed(self, symbol: int, bar: Kline) -> None:
        symbol %= len(self.model)
        assert self.writer.put_closed(symbol, 0, bar) is self.model[symbol].put_closed(bar)

    @rule(symbol=symbols, steps=st.integers(1, 8), version=st.integers(0, 1))
    def put_following(self, symbol: int, steps: int, version: int) -> None:
        symbol %= len(self.model)
        for _ in range(steps):
            bar = kline(self.model[symbol].last_ms // 60_000 + 1, version)
            assert self.writer.put_closed(symbol, 0, bar) is self.model[symbol].put_closed(bar) is Outcome.APPENDED

    @rule(symbol=symbols, bar=bars)
    def put_forming(self, symbol: int, bar: Kline) -> None:
        symbol %= len(self.model)
        self.writer.put_forming(symbol, 0, bar)
        self.model[symbol].put_forming(bar)

    @rule(symbol=symbols, batch=st.lists(bars, max_size=10))
    def put_history(self, symbol: int, batch: list[Kline]) -> None:
        symbol %= len(self.model)
        assert self.writer.put_history(symbol, 0, batch) == self.model[symbol].put_history(batch)

    @rule(symbol=symbols)
    def clear(self, symbol: int) -> None:
        symbol %= len(self.model)
        self.writer.clear(symbol, 0)
        self.model[symbol] = Series()

    @rule(symbol=symbols)
    def follow(self, symbol: int) -> None:
        symbol %= len(self.model)
        self.followers[symbol].update(self.reader, self.reader.series(symbol, 0))
        assert self.followers[symbol].bars == self.model[symbol].closed

    @invariant()
    def both_ends_are_the_model(self) -> None:
        for symbol, model in enumerate(getattr(self, "model", [])):
            series = self.reader.series(symbol, 0)
            found = self.reader.copy_closed(series)
            assert found.open_times.tolist() == [bar.open_time for bar in model.closed]
            assert found.values.tolist() == [list(bar[1:]) for bar in model.closed]
            assert self.reader.forming(series) == self.writer.forming(symbol, 0) == model.forming
            assert self.writer.count(symbol, 0) == len(model.closed)
            assert self.writer.first_open_ms(symbol, 0) == (model.closed[0].open_time if model.closed else 0)
            assert self.writer.last_open_ms(symbol, 0) == model.last_ms
            assert self.writer.forming_open_ms(symbol, 0) == (model.forming.open_time if model.forming else 0)
            wanted = {bar.open_time: bar for bar in model.closed}
            for number in range(1, 40):
                assert self.writer.bar(symbol, 0, number * 60_000) == wanted.get(number * 60_000)

    @invariant()
    def nothing_is_left_in_the_middle(self) -> None:
        if hasattr(self, "reader"):
            assert not (self.reader.arrays().sequences & 1).any()
            assert not (self.reader.arrays().generations & 1).any()
            assert self.reader.retries == 0
            assert self.reader.symbols() == tuple(self.writer.symbols)

    def teardown(self) -> None:
        if hasattr(self, "reader"):
            self.reader.close()
            self.attached.close()
            self.segment.close()


Candles.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestCandles = Candles.TestCase
