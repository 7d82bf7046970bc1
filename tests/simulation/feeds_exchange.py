"""A model exchange for a few series: bars that truly are, and what a client may hear of them. Knows nothing of the engine."""

import random
from collections import defaultdict
from dataclasses import dataclass, field

from engine.base.types import Kline
from engine.binance.messages import KlineEvent, KlineFields

#: An event about an open bar comes this often, in ms of the exchange, if somebody traded meanwhile.
UPDATE_MS = 2_000
#: A closed event comes so long after the bar's end, in ms: measured at the real one (69 to 2,395).
CLOSE_LAG_MS = (69, 2_400)


@dataclass
class Market:
    """One series of the exchange."""

    symbol: str
    interval: str
    length_ms: int
    #: Mean time between two trades, in ms of the exchange.
    pause_ms: float
    price: float
    #: Every bar that ever closed, as it is now; and every form in which it was ever closed.
    bars: dict[int, Kline] = field(default_factory=dict)
    versions: dict[int, set[Kline]] = field(default_factory=lambda: defaultdict(set))
    #: Bars whose correction may have got lost on the way: nobody can know of it.
    excused: set[int] = field(default_factory=set)
    open_bar: Kline | None = None
    #: Spans without bars: the exchange stood still.
    holes: set[int] = field(default_factory=set)
    told_ms: int = 0
    told_trades: float = 0.0
    next_trade_ms: float = 0.0


class ModelExchange:
    """Moves on in steps; `advance` gives what is said, each event with the instant at which it is sent."""

    def __init__(self, chance: random.Random, now_ms: int) -> None:
        self.chance = chance
        self.now_ms = now_ms
        #: What is added to each time that the exchange tells; its bars keep true time.
        self.skew_ms = 0
        self.markets: list[Market] = []
        self._due: list[tuple[int, Market, Kline]] = []

    def add(self, symbol: str, interval: str, length_ms: int, pause_ms: float, before: int) -> Market:
        """A market with so many bars of the past."""
        market = Market(symbol, interval, length_ms, pause_ms, self.chance.uniform(10, 1000))
        opened = self.now_ms - self.now_ms % length_ms
        for open_ms in range(opened - before * length_ms, opened, length_ms):
            self._open(market, open_ms)
            for _ in range(3):
                self._trade(market)
            self._close(market)
        self._open(market, opened)
        market.next_trade_ms = self.now_ms
        self.markets.append(market)
        return market

    def _open(self, market: Market, open_ms: int) -> None:
        price = market.price
        market.open_bar = Kline(open_ms, price, price, price, price, 0.0, 0.0, 0.0, 0.0, 0.0)
        market.told_trades = 0.0

    def _trade(self, market: Market) -> None:
        bar = market.open_bar
        assert bar is not None
        market.price = price = round(max(0.01, market.price * self.chance.uniform(0.995, 1.005)), 6)
        volume = bar.volume + 1.0
        high, low = max(bar.high, price), min(bar.low, price)
        amounts = (volume, volume * 2, bar.trades + 1, volume / 2, volume)
        market.open_bar = Kline(bar.open_time, bar.open, high, low, price, *amounts)

    def _close(self, market: Market) -> None:
        bar = market.open_bar
        assert bar is not None
        if bar.open_time not in market.holes:
            market.bars[bar.open_time] = bar
            market.versions[bar.open_time].add(bar)
            self._due.append((bar.open_time + market.length_ms + self.chance.randint(*CLOSE_LAG_MS), market, bar))

    def halt(self, market: Market, bars: int) -> None:
        """The next bars will not exist."""
        bar = market.open_bar
        assert bar is not None
        first = bar.open_time + market.length_ms
        market.holes.update(range(first, first + bars * market.length_ms, market.length_ms))

    def revise(self, market: Market) -> tuple[KlineEvent, int] | None:
        """Correct one of the last bars and say so; with its open time."""
        recent = [open_ms for open_ms in market.bars if open_ms >= self.now_ms - 5 * market.length_ms]
        # A bar whose own close has not been told yet has no form that could be corrected.
        waiting = {bar.open_time for _, of, bar in self._due if of is market}
        recent = [open_ms for open_ms in recent if open_ms not in waiting]
        if not recent:
            return None
        open_ms = self.chance.choice(recent)
        old = market.bars[open_ms]
        new = old._replace(close=round((old.high + old.low) / 2, 8), volume=old.volume + 1, trades=old.trades + 1)
        market.bars[open_ms] = new
        market.versions[open_ms].add(new)
        return self._event(new, closed=True), open_ms

    def advance(self, ms: int) -> list[tuple[Market, KlineEvent]]:
        """Let time pass; everything that is sent meanwhile, in order."""
        self.now_ms += ms
        said: list[tuple[int, Market, KlineEvent]] = []
        for market in self.markets:
            self._live(market)
            event = self._update(market)
            if event is not None:
                said.append((self.now_ms, market, event))
        over = [due for due in self._due if due[0] <= self.now_ms]
        self._due = [due for due in self._due if due[0] > self.now_ms]
        # A close is told with the numbers of that moment: it may have been corrected since.
        said += [(at, market, self._event(market.bars[bar.open_time], closed=True, at_ms=at)) for at, market, bar in over]
        said.sort(key=lambda one: one[0])
        return [(market, event) for _, market, event in said]

    def _live(self, market: Market) -> None:
        """Trades and closes until now."""
        while True:
            bar = market.open_bar
            assert bar is not None
            end_ms = bar.open_time + market.length_ms
            while market.next_trade_ms < min(end_ms, self.now_ms):
                if bar.open_time not in market.holes:
                    self._trade(market)
                market.next_trade_ms += self.chance.expovariate(1 / market.pause_ms)
            if end_ms > self.now_ms:
                return
            self._close(market)
            self._open(market, end_ms)

    def _update(self, market: Market) -> KlineEvent | None:
        bar = market.open_bar
        assert bar is not None
        if self.now_ms - market.told_ms < UPDATE_MS or bar.trades == market.told_trades or bar.open_time in market.holes:
            return None
        market.told_ms, market.told_trades = self.now_ms, bar.trades
        return self._event(bar, closed=False)

    def _event(self, bar: Kline, *, closed: bool, at_ms: int | None = None) -> KlineEvent:
        return KlineEvent((self.now_ms if at_ms is None else at_ms) + self.skew_ms, KlineFields(*bar, closed))

    def time_ms(self) -> int:
        """What it says the time is."""
        return self.now_ms + self.skew_ms

    def klines(self, market: Market, start_ms: int, end_ms: int | None, limit: int, *, lag_ms: float, proof: bool) -> list[Kline]:
        """What its history says now; one that lags shows what closed meanwhile as it was in the midst of it, or not at all."""
        rows = [market.bars[open_ms] for open_ms in sorted(market.bars) if start_ms <= open_ms]
        old = [row for row in rows if row.open_time + market.length_ms <= self.now_ms - lag_ms]
        is_open = market.open_bar
        if len(old) < len(rows):
            rows = [*old, rows[len(old)]._replace(close=rows[len(old)].open, trades=0.0)]
        elif proof and is_open is not None and is_open.open_time not in market.holes and is_open.open_time >= start_ms:
            rows.append(is_open)
        return [row for row in rows if end_ms is None or row.open_time <= end_ms][:limit]
