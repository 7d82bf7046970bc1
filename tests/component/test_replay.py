"""A feed that records, and a feed that is shown the recording: both come to the same bars."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import msgspec
import pytest

from engine.base.types import Kline
from engine.sim.clock import SimulatedClock
from engine.sim.replay.play import Replay
from engine.sim.replay.source import Source
from engine.sim.run import Options, compose
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket
from engine.wire.recording import Frame
from tests.component.feed_bench import FeedBench, running
from tests.data import CAPTURES

#: 2024-03-04T00:00:20Z
START_MS = 1_709_510_420_000
SPEED = 600.0
WISH = {"1m", "5m"}


@asynccontextmanager
async def exchange() -> AsyncIterator[Simulator]:
    """A market whose time waits for the first kline stream."""
    async with Simulator(SyntheticMarket(3, 3), SimulatedClock(START_MS, speed=SPEED, held=True)) as simulator:
        yield simulator


@asynccontextmanager
async def replayed(path: Path, speed: float = 1.0) -> AsyncIterator[Simulator]:
    """`path` played back."""
    options = Options(replay=str(path), speed=speed)
    replay = Replay(path)
    market, clock = compose(options, replay)
    async with Simulator(market, clock, replay=replay) as simulator:
        yield simulator


async def strike(simulator: Simulator, **fault: object) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{simulator.rest_url}/sim/faults", json=fault) as reply:
        assert reply.status == 200, await reply.text()


async def require_all(bench: FeedBench) -> list[tuple[str, str]]:
    symbols = await bench.feed.resolve_universe()
    await bench.feed.require(dict.fromkeys(symbols, WISH))
    series = [(symbol, interval) for symbol in symbols for interval in sorted(WISH)]
    await bench.ready(*series)
    return series


class Outcome(NamedTuple):
    """What a feed came to: its universe, the closes it told of and the bars it holds, by series."""

    ranked: list[str]
    closes: dict[tuple[str, str], list[int]]
    bars: dict[tuple[str, str], dict[int, Kline]]
    stats: dict[str, int]


def outcome(bench: FeedBench, series: list[tuple[str, str]]) -> Outcome:
    bars = {one: {kline.open_time: kline for kline in bench.held(*one)} for one in series}
    return Outcome(bench.feed.ranked, {one: list(bench.closes[one]) for one in series}, bars, bench.feed.stats)


async def record(directory: Path, *, drop: bool) -> Outcome:
    """Half an hour of the market; with `drop`, the socket is lost for a while in between."""
    async with (
        exchange() as simulator,
        running(simulator.rest_url, simulator.ws_url, record_dir=str(directory)) as bench,
    ):
        series = await require_all(bench)
        await bench.more_closes(*series[0], 10)
        if drop:
            before = bench.feed.stats["reconnects"]
            await strike(simulator, kind="refuse", where="ws", for_s=0.5)
            await strike(simulator, kind="drop", count=1)
            await bench.until(lambda: bench.feed.stats["reconnects"] > before, "another connection")
        await bench.more_closes(*series[0], 15)
        return outcome(bench, series)


@pytest.mark.parametrize("drop", [False, True], ids=["undisturbed", "with a lost connection"])
async def test_a_replay_leads_to_the_bars_and_closes_of_the_recorded_run(tmp_path: Path, drop: bool) -> None:
    # Given
    recorded = await record(tmp_path, drop=drop)
    assert (recorded.stats["repaired"] > 0) == drop

    # When
    async with replayed(tmp_path) as simulator, running(simulator.rest_url, simulator.ws_url) as bench:
        assert simulator.clock.held
        assert simulator.clock.speed == pytest.approx(SPEED, rel=0.01)
        series = await require_all(bench)
        assert bench.feed.ranked == recorded.ranked
        for one, closes in recorded.closes.items():
            await bench.until(lambda told=bench.closes[one], last=closes[-1]: last in told, f"the last close of {one}")  # type: ignore[misc]
        found = outcome(bench, series)

    # Then every close is told once, in order, from where both had their history, and every bar is the same to the last digit
    for one, closes in recorded.closes.items():
        begun_ms = max(closes[0], found.closes[one][0])
        expected = [open_ms for open_ms in closes if open_ms >= begun_ms]
        assert [open_ms for open_ms in found.closes[one] if begun_ms <= open_ms <= closes[-1]] == expected
        assert len(expected) > len(closes) / 2
        common = recorded.bars[one].keys() & found.bars[one].keys()
        assert len(common) >= 90 + len(closes)
        assert {found.bars[one][open_ms] for open_ms in common} == {recorded.bars[one][open_ms] for open_ms in common}


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.ws")), ids=lambda path: path.stem)
async def test_a_real_capture_is_played_to_the_last_byte_in_its_order(capture: Path) -> None:
    # Given every stream that is in it, on one socket
    frames = [record.payload for _, record in Source(capture).records() if isinstance(record, Frame)]
    names = list(dict.fromkeys(msgspec.json.decode(frame)["stream"] for frame in frames))
    async with (
        replayed(capture, speed=60.0) as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.ws_url}/stream?streams={'/'.join(names)}") as socket,
    ):
        # When
        received = [(await socket.receive(timeout=10)).data.encode() for _ in frames]

    # Then
    assert received == frames


async def test_a_raw_stream_carries_the_part_inside() -> None:
    capture = CAPTURES / "tr-2023-04-10.ws"
    frames = [record.payload for _, record in Source(capture).records() if isinstance(record, Frame)]
    wanted = [frame for frame in frames if b'"stream":"xemusdt@kline_1m"' in frame]
    async with (
        replayed(capture, speed=60.0) as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.ws_url}/ws/xemusdt@kline_1m") as socket,
    ):
        received = [(await socket.receive(timeout=10)).data.encode() for _ in wanted]

    assert [b'{"stream":"xemusdt@kline_1m","data":' + data + b"}" for data in received] == wanted
