"""Feeds in a world without manners, all of it from one seed and in virtual time: the real pure parts, a model of the rest.

Events are lost, doubled, delayed and overtaken; streams fall silent, connections go; replies fail, come late, stop short or
lag; bars are corrected or never existed; clocks lie. At every step what is held must be true as far as it goes, and told of
once and in order. When the trouble ends, everything must be there soon.
"""

import heapq
import itertools
import random
from collections.abc import Callable

from engine.base.types import Kline
from engine.binance.messages import KlineEvent
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Tally
from engine.feeds.freshness import State
from engine.feeds.join import Series
from engine.feeds.leaps import Leaps
from engine.feeds.needs import Now, Slot
from engine.feeds.timekeeper import BELIEF_S, DOUBT_S
from engine.feeds.watch import Watch
from tests.simulation.feeds_exchange import Market, ModelExchange

START_MS = 1_700_006_400_000
STEP_S = 0.25
TROUBLE_S = 60.0
#: Everything must be right so many seconds after the last fault.
PEACE_S = 75.0
#: And each series must be live some time in so many seconds more.
LIVE_S = 30.0
GRACE_MS = 5_000.0
PAGE = 40
#: A server of history lags by so many seconds at most: less than what the engine reckons with.
LAG_MAX_S = 8.0
RING = 4_096
INTERVALS = {"1m": 60_000, "5m": 300_000, "15m": 900_000}


class World:
    """Runs one seed; `run` raises AssertionError when something is not as it must be."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.rate = self.chance.choice((1.0, 10.0, 30.0))
        self.steps = self.told = 0
        self.now_s = 1_000.0
        self.exchange = ModelExchange(self.chance, START_MS + self.chance.randrange(60_000))
        self.peace = False
        self._calendar: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._connected = False
        self._epoch = 0
        self._silent: set[str] = set()
        #: Streams the exchange sends at all: a stream found lost is subscribed again, and then it does.
        self._clock_off_ms = 0.0
        self._looked_s = self.now_s
        self._leaps = Leaps()
        self.tally = Tally(0.5)
        self.watch = Watch(GRACE_MS)
        self.segment = Segment.create(8, 4, RING)
        self.writer = Writer(self.segment)
        self.announced: dict[tuple[int, int], list[int]] = {}
        self.markets: dict[str, Market] = {}
        self._begin()

    # --- the world --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        slots = []
        for number in range(self.chance.randint(1, 3)):
            pause_ms = self.chance.choice((700.0, 3_000.0, 40_000.0))
            for interval in self.chance.sample(list(INTERVALS), self.chance.randint(1, 2)):
                length_ms = INTERVALS[interval]
                market = self.exchange.add(f"COIN{number}", interval, length_ms, pause_ms, self.chance.choice((0, 3, 60, 100)))
                slots.append(self._slot(market, from_ms=START_MS - 60 * length_ms))
        self.watch.add(slots, self._now())
        self._at(0.5, self._connect)
        for _ in range(self.chance.randint(2, 12)):
            self._at(self.chance.uniform(3.0, TROUBLE_S - 5.0), self.chance.choice(self._faults()))
        self._weather = self._bad_weather()

    def _slot(self, market: Market, from_ms: int) -> Slot:
        numbers = self.writer.add_symbol(market.symbol), self.writer.add_interval(market.interval)
        series = Series(self.writer, *numbers, market.length_ms, self._closed, self.tally)
        name = f"{market.symbol}@{market.interval}"
        self.announced[numbers] = []
        self.markets[name] = market
        return Slot(market.symbol, market.interval, name, series, from_ms=from_ms, wished_s=self.now_s)

    def _bad_weather(self) -> dict[str, float]:
        """How likely each small fault is, in this world."""
        kinds = ("lost", "doubled", "delayed", "failed", "short", "lagging", "without_proof")
        return {kind: self.chance.choice((0.0, 0.02, 0.2)) for kind in kinds}

    def _strikes(self, kind: str) -> bool:
        return not self.peace and self.chance.random() < self._weather[kind]

    def _faults(self) -> list[Callable[[], None]]:
        return [self._drop, self._drop, self._fall_silent, self._fall_silent, self._revise, self._revise, self._halt, self._skew]

    def _closed(self, symbol: int, interval: int, open_ms: int) -> None:
        assert self.writer.bar(symbol, interval, open_ms) is not None, "told of before it was there"
        told = self.announced[symbol, interval]
        assert not told or told[-1] < open_ms, "told of twice, or out of order"
        told.append(open_ms)
        self.told += 1

    def _at(self, after_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._calendar, (self.now_s + after_s, next(self._number), action))

    def _now(self) -> Now:
        return Now(int(self.exchange.now_ms + self._clock_off_ms), self.now_s, self.rate)

    # --- big faults -------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._connected = True
        self._silent.clear()
        names = list(self.markets)
        self._at(self.chance.uniform(0.05, 0.5), lambda: self._confirm(names, self._epoch))

    def _confirm(self, names: list[str], epoch: int) -> None:
        if self._connected and epoch == self._epoch:
            self.watch.subscribed(names, self._now())

    def _drop(self) -> None:
        if self._connected:
            self._connected = False
            self._epoch += 1
            # The engine sees it at once, or after the silence of a black hole.
            self._at(self.chance.choice((0.0, 0.3, 10.0)), lambda: self.watch.lost(list(self.markets), self._now()))
            self._at(self.chance.uniform(10.0, 30.0), self._connect)

    def _fall_silent(self) -> None:
        self._silent.add(self.chance.choice(list(self.markets)))

    def _revise(self) -> None:
        name = self.chance.choice(list(self.markets))
        found = self.exchange.revise(self.markets[name])
        if found is None:
            return
        (event, open_ms), epoch = found, self._epoch
        if self._connected and name not in self._silent:
            self._at(self.chance.choice((0.0, 0.1, 4.0)), lambda: self._receive(name, event, epoch))
        else:
            self.markets[name].excused.add(open_ms)

    def _halt(self) -> None:
        market, bars = self.chance.choice(list(self.markets.values())), self.chance.randint(1, 4)
        # A halt that lasts is known to nobody but the exchange.
        if (bars + 1) * market.length_ms < (1_000.0 + TROUBLE_S - self.now_s) * 1e3 * self.rate:
            self.exchange.halt(market, bars)

    def _skew(self) -> None:
        self.exchange.skew_ms = self.chance.choice((-5_000, 5_000, -4_000, 300_000))
        self._at(self.chance.uniform(3.0, 20.0), self._true_again)

    def _true_again(self) -> None:
        self.exchange.skew_ms = 0

    # --- the network ------------------------------------------------------------------------------------------------

    def _send(self, name: str, event: KlineEvent) -> None:
        if not self._connected or name in self._silent or self._strikes("lost"):
            return
        epoch = self._epoch
        times = 2 if self._strikes("doubled") else 1
        for _ in range(times):
            delay_s = self.chance.uniform(0.0, 5.0) if self._strikes("delayed") else self.chance.uniform(0.0, 0.05)
            self._at(delay_s, lambda: self._receive(name, event, epoch))

    def _receive(self, name: str, event: KlineEvent, epoch: int) -> None:
        slot = self.watch.of_stream(name)
        if slot is not None and epoch == self._epoch:
            slot.series.take(event)
            self._check(slot)
        if event.kline.closed and (epoch != self._epoch or event.event_ms > self.tally.horizon_ms):
            # It went with the connection, or nobody can believe it; if it told of a correction, nothing else will.
            self.markets[name].excused.add(event.kline.open_time)

    def _request(self, slot: Slot, ask: Ask, failures: int = 0) -> None:
        sure_ms = self._now().exchange_ms - DOUBT_S * 1e3 * self.rate - self._leaps.ahead_ms(self.now_s)
        if self._strikes("failed"):
            self._at(min(4.0, 0.5 * 2.0**failures), lambda: self._request(slot, ask, failures + 1))
            return
        self._at(self.chance.uniform(0.01, 0.4), lambda: self._reply(slot, ask, sure_ms))

    def _reply(self, slot: Slot, ask: Ask, sure_ms: float) -> None:
        bars = (ask.until_ms - ask.start_ms) // slot.series.length_ms + 1
        limit = PAGE if ask.first else max(1, min(PAGE, bars + 1))
        end_ms = ask.until_ms if ask.older else None
        lag_ms = self.chance.uniform(0, LAG_MAX_S) * 1e3 * self.rate if self._strikes("lagging") else 0.0
        proof = not self._strikes("without_proof")
        rows = self.exchange.klines(self.markets[slot.stream], ask.start_ms, end_ms, limit, lag_ms=lag_ms, proof=proof)
        full = len(rows) >= limit
        if rows and self._strikes("short"):
            rows = rows[: self.chance.randrange(len(rows))]
            full = False
        self._at(self.chance.uniform(0.01, 1.0), lambda: self._deliver(slot, ask, rows, sure_ms, full))

    def _deliver(self, slot: Slot, ask: Ask, rows: list[Kline], sure_ms: float, full: bool) -> None:
        rest = self.watch.deliver(slot, ask, rows, sure_ms, self._now(), self.chance.random, full=full)
        self._check(slot)
        if rest is not None:
            self._request(slot, rest)

    # --- time -------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One pass of the engine, and what the world does meanwhile."""
        self.steps += 1
        end_s = self.now_s + STEP_S
        for market, event in self.exchange.advance(int(STEP_S * 1e3 * self.rate)):
            self._send(f"{market.symbol}@{market.interval}", event)
        while self._calendar and self._calendar[0][0] <= end_s:
            self.now_s, _, action = heapq.heappop(self._calendar)
            action()
        self.now_s = end_s
        self._follow_clock()
        now = self._now()
        self.tally.horizon_ms = now.exchange_ms + BELIEF_S * 1e3 * self.rate
        self.tally.latest_ms = now.exchange_ms + DOUBT_S * 1e3 * self.rate
        found = self.watch.look(now)
        for slot, ask in found.asks:
            self._request(slot, ask)
        if found.lost:
            self._silent.difference_update(found.lost)
            names, epoch = found.lost, self._epoch
            self._at(self.chance.uniform(0.05, 0.5), lambda: self._confirm(names, epoch))

    def _follow_clock(self) -> None:
        """Ours is the exchange's as of the last look at it."""
        if self.now_s - self._looked_s < 10.0:
            return
        self._looked_s = self.now_s
        if self._clock_off_ms != self.exchange.skew_ms:
            self._leaps.leapt(self.exchange.skew_ms - self._clock_off_ms, self.now_s)
            self._clock_off_ms = self.exchange.skew_ms
            for slot in self.watch.slots:
                slot.series.forget_future(self._now().exchange_ms)

    def run(self) -> None:
        """Trouble, then peace."""
        try:
            while self.now_s < 1_000.0 + TROUBLE_S:
                self.step()
            self._make_peace()
            while self.now_s < 1_000.0 + TROUBLE_S + PEACE_S:
                self.step()
            for slot in self.watch.slots:
                self._check_whole(slot)
            self._see_all_live()
        finally:
            self.segment.close()

    def _see_all_live(self) -> None:
        """Each series is live at some step of the next while: a quiet coin is asked about now and then."""
        waiting = [slot for slot in self.watch.slots if slot.series.has_bars]
        for _ in range(int(LIVE_S / STEP_S)):
            waiting = [slot for slot in waiting if slot.shown is not State.LIVE]
            if not waiting:
                return
            self.step()
        names = [f"{slot.stream}: {slot.reason(self._now(), GRACE_MS)}" for slot in waiting]
        raise AssertionError(f"not live at rate {self.rate:g}: {names}")

    def _make_peace(self) -> None:
        self.peace = True
        self.exchange.skew_ms = 0
        self._silent_ends = set(self._silent)

    # --- what must hold ---------------------------------------------------------------------------------------------

    def _held(self, slot: Slot) -> dict[int, Kline]:
        numbers = self.writer.add_symbol(slot.symbol), self.writer.add_interval(slot.interval)
        first, last = self.writer.first_open_ms(*numbers), self.writer.last_open_ms(*numbers)
        found = {open_ms: self.writer.bar(*numbers, open_ms) for open_ms in range(first, last + 1, slot.series.length_ms)}
        return {open_ms: bar for open_ms, bar in found.items() if bar is not None and open_ms}

    def _check(self, slot: Slot) -> None:
        """Nothing invented, nothing cut short, nothing skipped, so far."""
        market = self.markets[slot.stream]
        numbers = self.writer.add_symbol(slot.symbol), self.writer.add_interval(slot.interval)
        last_ms = self.writer.last_open_ms(*numbers)
        for open_ms in range(last_ms - 6 * market.length_ms, last_ms + 1, market.length_ms) if last_ms else ():
            bar = self.writer.bar(*numbers, open_ms)
            if bar is not None:
                assert bar in market.versions.get(open_ms, ()), f"invented or cut short: {slot.stream} {bar}"
            elif open_ms >= self.writer.first_open_ms(*numbers):
                assert open_ms not in market.bars, f"skipped: {slot.stream} {open_ms}"
        forming = self.writer.forming(*numbers)
        if forming is not None:
            assert forming.open_time > last_ms, f"open bar behind the closed ones: {slot.stream}"

    def _check_whole(self, slot: Slot) -> None:
        market = self.markets[slot.stream]
        held = self._held(slot)
        where = f"{slot.stream} at rate {self.rate:g}"
        settled = {
            open_ms: bar
            for open_ms, bar in market.bars.items()
            if open_ms + market.length_ms + 10_000 * self.rate < self.exchange.now_ms
        }
        missing = [open_ms for open_ms in settled if open_ms >= slot.from_ms and open_ms not in held]
        assert not missing, f"{len(missing)} bars missing from {missing[0]}: {where}"
        wrong = [open_ms for open_ms, bar in held.items() if bar != market.bars[open_ms] and open_ms not in market.excused]
        assert not wrong, f"not the last word: {where}: {held[wrong[0]]} is {market.bars[wrong[0]]}"
        numbers = self.writer.add_symbol(slot.symbol), self.writer.add_interval(slot.interval)
        told = self.announced[numbers]
        assert told == [open_ms for open_ms in sorted(held) if told and open_ms >= told[0]], f"not told of: {where}"
        assert not (self._silent_ends & self._silent - self._excused_silence()), f"silence not found: {self._silent}"

    def _excused_silence(self) -> set[str]:
        """Silent streams of coins that are hardly traded may go unnoticed for a while."""
        return {name for name, market in self.markets.items() if market.pause_ms / self.rate > 1_000}
