"""One cycle: a new closed bar for each of 100 or 500 symbols, all traders asked about all of them, through the real dispatcher
and workers, until the last answer is back. Plain Python filters with RSI, MACD and Bollinger bands over 500 bars.

Each round writes the new bars through the real writer, which is not part of the time, measures one cycle of each case, and
one pass of the yardstick (U1: the same indicators by a loop over TA-Lib for one trader). Nothing is asserted here.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import yardsticks
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS, Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.events import Evaluation
from engine.dispatch.instructions import Outcome
from engine.dispatch.router import Callbacks
from engine.dispatch.stats import percentile
from engine.supervisor.home import Home
from engine.supervisor.workforce import Workforce
from engine.telemetry.logs import Logs
from engine.wire.messages import LoadFilter

ROUNDS = 150
WARM_UP = 15
SYMBOLS = 500
BARS = 500
LENGTH_MS = INTERVAL_MS["5m"]
WAIT_S = 120.0

FILTER = """
def check(ticker, klines, ta):
    close = klines["5m"].close
    rsi = ta.rsi(close, {rsi})[-1]
    macd, signal, hist = ta.macd(close, {fast}, {slow}, 9)
    upper, middle, lower = ta.bbands(close, {bands}, 2.0, 2.0)
    return rsi < {threshold} and hist[-1] > 0 and close[-1] < lower[-1]
"""


class Case(NamedTuple):
    """What is asked, and the goal for p95 in U1."""

    traders: int
    symbols: int
    sets: int
    goal: float


#: Cases with the same parameter sets take turns; those with other sets come afterwards, as they would leave each other cold
#: caches.
CASES = {
    "10 traders x 100 symbols": Case(10, 100, 1, 10.0),
    "100 traders x 100 symbols": Case(100, 100, 1, 50.0),
    "10 traders x 100 symbols, 10 parameter sets": Case(10, 100, 10, 3.0),
    "100 traders x 100 symbols, 10 parameter sets": Case(100, 100, 10, 15.0),
    "100 traders x 500 symbols, 10 parameter sets": Case(100, 500, 10, 75.0),
}


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: `p50_ms`, `p95_ms`, `p99_ms`, and where TA-Lib is installed `p50_u1`, `p95_u1` and `goal_u1`.

    Args:
        options: `options.rounds`, if it has such a thing, says how often each case is measured.
    """
    return asyncio.run(measure(getattr(options, "rounds", None) or ROUNDS))


def code(number: int, sets: int) -> str:
    """The filter of one trader: parameters of its set, a threshold of its own."""
    place = number % sets
    given = {"rsi": 14 + place, "fast": 12 + place, "slow": 26 + place, "bands": 20 + place}
    return FILTER.format(threshold=25 + number / 10, **given)


async def measure(rounds: int) -> list[dict[str, Any]]:
    """All cases and the yardstick take turns in each round."""
    unit = yardsticks.U1() if yardsticks.talib is not None else None
    times: dict[str, list[float]] = {case: [] for case in CASES}
    units: list[float] = []
    async with floor() as asks:
        for group in sorted({case.sets for case in CASES.values()}):
            filters = {name: await asks.load(case.traders, case.sets) for name, case in CASES.items() if case.sets == group}
            for number in range(-WARM_UP, rounds):
                asks.next_bar()
                taken = {name: await asks.cycle(ids, CASES[name].symbols) * 1e3 for name, ids in filters.items()}
                unit_ms = unit.milliseconds() if unit is not None else 0.0
                if number >= 0:
                    units.append(unit_ms)
                    for case, spent_ms in taken.items():
                        times[case].append(spent_ms)
    median_ms = statistics.median(units) if unit is not None else None
    return [row(case, found, median_ms) for case, found in times.items()]


def row(case: str, times_ms: Sequence[float], unit_ms: float | None) -> dict[str, Any]:
    """One line of the report."""
    ordered = sorted(times_ms)
    quantiles = {f"p{share * 100:.0f}": percentile(ordered, share) for share in (0.5, 0.95, 0.99)}
    made: dict[str, Any] = {"case": case} | {f"{name}_ms": round(value, 3) for name, value in quantiles.items()}
    if unit_ms is not None:
        made |= {f"{name}_u1": round(quantiles[name] / unit_ms, 2) for name in ("p50", "p95")}
        made |= {"goal_u1": CASES[case].goal, "reached": made["p95_u1"] <= CASES[case].goal}
    return made


class Floor:
    """Candles, workers, and someone who asks and waits."""

    def __init__(self) -> None:
        self.segment = Segment.create(SYMBOLS, 1, BARS + 100)
        self.writer = Writer(self.segment)
        self.workforce: Workforce | None = None
        self._interval = self.writer.add_interval("5m")
        self._random = np.random.default_rng(1)
        self._closes = np.full(SYMBOLS, 100.0)
        self._as_of_ms = 1_709_294_400_000
        self._open = 0
        self._loaded = 0
        self._faults = 0
        self._changed = asyncio.Event()
        for number in range(SYMBOLS):
            self.writer.add_symbol(f"COIN{number:03}USDT")
        for _ in range(BARS + 60):
            self.next_bar()

    def next_bar(self) -> None:
        """One more closed bar of every symbol."""
        opens = self._closes
        self._closes = opens * np.exp(self._random.normal(0, 0.002, SYMBOLS))
        for symbol, (opened, closed) in enumerate(zip(opens.tolist(), self._closes.tolist(), strict=True)):
            high, low = max(opened, closed) * 1.001, min(opened, closed) * 0.999
            bar = Kline(self._as_of_ms, opened, high, low, closed, 10.0, 10.0 * closed, 100.0, 5.0, 5.0 * closed)
            self.writer.put_closed(symbol, self._interval, bar)
        self._as_of_ms += LENGTH_MS

    def callbacks(self) -> Callbacks:
        return Callbacks(self._answered, lambda *_: None, self._heard, lambda refusal: self._refused(refusal.message))

    def _answered(self, outcomes: Sequence[Outcome]) -> None:
        self._open -= sum(len(outcome.symbols) * len(outcome.results) for outcome in outcomes)
        self._faults += sum(len(result.faults) + len(result.unready) for outcome in outcomes for result in outcome.results)
        if not self._open:
            self._changed.set()

    def _heard(self, _message: object) -> None:
        self._loaded += 1
        self._changed.set()

    @staticmethod
    def _refused(reason: str) -> None:
        raise AssertionError(reason)

    async def load(self, traders: int, sets: int) -> tuple[int, ...]:
        """Let the workers know that many more filters."""
        assert self.workforce is not None
        first = self._loaded + 1
        ids = tuple(range(first, first + traders))
        for place, filter_id in enumerate(ids):
            self.workforce.load_filters([LoadFilter(filter_id, f"trader {filter_id}", code(place, sets))])
        while self._loaded < ids[-1]:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), WAIT_S)
        return ids

    async def cycle(self, ids: tuple[int, ...], symbols: int) -> float:
        """Seconds from submission until the last answer."""
        assert self.workforce is not None
        self._open = symbols * len(ids)
        self._changed.clear()
        begun_s = time.perf_counter()
        self.workforce.dispatcher.submit([Evaluation(symbol, self._as_of_ms, False, ids) for symbol in range(symbols)])
        await asyncio.wait_for(self._changed.wait(), WAIT_S)
        spent_s = time.perf_counter() - begun_s
        assert not self._faults, "a filter failed"
        return spent_s


@asynccontextmanager
async def floor() -> AsyncIterator[Floor]:
    """With one worker a CPU, ready."""
    asks = Floor()
    with tempfile.TemporaryDirectory(prefix="engine-bench-") as folder, Logs("text", "warning") as logs:
        settings = Settings(home=folder, history_bars=BARS)
        home = Home(Path(folder))
        asks.workforce = Workforce(settings, home, asks.segment, logs.open_pipe, asks.callbacks(), lambda *_: None)
        try:
            asks.workforce.start()
            await asks.workforce.warm()
            assert await asks.workforce.dispatcher.wait_ready(WAIT_S)
            yield asks
        finally:
            await asks.workforce.stop(5.0)
            asks.segment.close()
