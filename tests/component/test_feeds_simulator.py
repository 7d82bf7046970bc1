"""The feed keeps up with a simulated exchange whose time runs far faster than ours."""

from collections.abc import Callable

import pytest

from engine.base.types import INTERVAL_MS
from engine.sim.clock import SimulatedClock
from engine.sim.market import Market
from engine.sim.recorded import RecordedMarket
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket
from tests.component.feed_bench import FeedBench, running
from tests.data import SPOT_5M

START_MS = 1_709_294_400_000  # 2024-03-01T12:00:00Z


def check(bench: FeedBench, simulator: Simulator, symbol: str, interval: str) -> None:
    """Prices and volumes are those of the market, and every close was told once and in order."""
    held = bench.held(symbol, interval)
    truth = simulator.truth(symbol, interval, held[0].open_time, held[-1].open_time + INTERVAL_MS[interval])
    # Quote volumes travel with eight decimals, which is less than a float holds.
    assert [kline[:6] for kline in held] == [kline[:6] for kline in truth]
    told = bench.closes[symbol, interval]
    assert told == [kline.open_time for kline in held if kline.open_time >= told[0]]


@pytest.mark.parametrize(
    "market, speed, symbols, intervals, closes",
    [
        (lambda: SyntheticMarket(1, 5), 3_000.0, 5, ("1m", "5m", "15m", "1h"), 100),
        (lambda: RecordedMarket(SPOT_5M, 1), 3_000.0, 5, ("5m", "15m", "1h"), 20),
        (lambda: SyntheticMarket(2, 30), 60.0, 30, ("1m",), 2),
    ],
    ids=["synthetic at 3000", "recorded at 3000", "many symbols at 60"],
)
async def test_nothing_is_lost_however_fast_time_runs(
    market: Callable[[], Market], speed: float, symbols: int, intervals: tuple[str, ...], closes: int
) -> None:
    clock = SimulatedClock(START_MS, speed=speed, held=True)
    async with (
        Simulator(market(), clock) as simulator,
        running(simulator.rest_url, simulator.ws_url, symbols=str(symbols), history_bars=500) as bench,
    ):
        # Given a universe whose time waits for the first subscription
        names = await bench.feed.resolve_universe()
        assert len(names) == symbols
        assert clock.held

        # When
        await bench.feed.require({name: set(intervals) for name in names})
        await bench.ready(*((name, interval) for name in names for interval in intervals))
        await bench.more_closes(names[0], intervals[0], closes)
        await bench.until(lambda: bench.feed.states()["live"] == symbols * len(intervals), "all live")

        # Then
        assert bench.clock.rate == speed
        for name in names:
            for interval in intervals:
                check(bench, simulator, name, interval)
