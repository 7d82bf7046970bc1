"""A whole feed over sockets, with machine code and without: the same bars, and only the way there differs."""

import pytest

from engine.base.types import MINUTE_MS, Kline
from engine.sim.clock import SimulatedClock
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket
from tests.component.feed_bench import FeedBench, running
from tests.frames import machine_code_image

START_MS = 1_709_294_400_000  # 2024-03-01T12:00:00Z
SYMBOLS = 4
CLOSES = 3


async def fed(ingest: str) -> tuple[FeedBench, dict[str, list[Kline]], dict[str, int]]:
    """The bars after a few minutes of a market at sixty times its speed, and what was counted."""
    clock = SimulatedClock(START_MS, speed=60.0, held=True)
    async with (
        Simulator(SyntheticMarket(7, SYMBOLS), clock) as simulator,
        running(simulator.rest_url, simulator.ws_url, symbols=str(SYMBOLS), ingest=ingest) as bench,
    ):
        names = await bench.feed.resolve_universe()
        await bench.feed.require({name: {"1m"} for name in names})
        await bench.ready(*((name, "1m") for name in names))
        await bench.more_closes(names[0], "1m", CLOSES)
        held = {name: bench.held(name, "1m") for name in names}
        for name, bars in held.items():
            truth = simulator.truth(name, "1m", bars[0].open_time, bars[-1].open_time + MINUTE_MS)
            assert [bar[:6] for bar in bars] == [bar[:6] for bar in truth]
        return bench, held, bench.feed.stats


@pytest.fixture
def _made() -> None:
    """The machine code is there before the feed asks for it."""
    machine_code_image()


@pytest.mark.usefixtures("_made")
@pytest.mark.parametrize("ingest", ["auto", "python"])
async def test_a_feed_has_the_bars_of_the_exchange_whoever_reads_its_frames(ingest: str) -> None:
    # When a market runs for a few minutes
    bench, held, stats = await fed(ingest)
    # Then
    assert len(held) == SYMBOLS
    assert (stats["malformed"], stats["invalid"]) == (0, 0)
    assert stats["forming"] > SYMBOLS * CLOSES
    if ingest == "auto":
        # Nearly all: not the first one of a bar, when it comes before its predecessor's close.
        assert stats["forming"] // 2 < stats["forming_compiled"] <= stats["forming"]
    else:
        assert stats["forming_compiled"] == 0
    # And the candles were let go of: their memory could be closed.
    assert bench.segment.memory.closed
