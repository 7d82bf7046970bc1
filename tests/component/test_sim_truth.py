"""Whatever goes wrong between the simulator and its clients: its truth is the market, and what REST says when it speaks."""

import asyncio
import json
from typing import Any

import aiohttp
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.types import INTERVAL_MS, MINUTE_MS
from engine.sim import bars
from engine.sim.faultkinds import KINDS
from tests.component.sim_client import MARKET, START_MS, Client, running

NEEDED: dict[str, dict[str, object]] = {
    "lifetime": {"s": 0.05},
    "delay": {"ms": 20},
    "http": {"status": 503},
    "slow_body": {"ms": 5},
    "skew": {"ms": -70_000},
}


@given(
    kinds=st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=5, unique=True),
    chance=st.sampled_from([1.0, 0.5, 0.1]),
    back=st.integers(0, 2),
)
@settings(max_examples=10, deadline=None)
def test_truth_is_the_market_whatever_goes_wrong(kinds: list[str], chance: float, back: int) -> None:
    asyncio.run(check(kinds, chance, back))


async def check(kinds: list[str], chance: float, back: int) -> None:
    async with running(speed=3_000.0, held=True) as client:
        for kind in kinds:
            told = NEEDED.get(kind, {}) | ({"chance": chance} if KINDS[kind].by_occasion else {})
            await client.fault(kind, **told, **({"back": back} if kind == "revise" else {}))
        await listen(client)
        revised: dict[tuple[str, str], set[int]] = {}
        for one in await client.steer("GET", "revisions"):
            revised.setdefault((one["symbol"], one["interval"]), set()).add(one["open_ms"])
        for interval in ("1m", "5m"):
            rows = await client.truth("BTCUSDT", interval)
            market = bars.klines(MARKET.closed("BTCUSDT", INTERVAL_MS[interval], START_MS, START_MS + 10**10, first=len(rows)))
            others = {bar.open_time for bar, row in zip(market, rows, strict=True) if told_of(bar) != numbers(row)}
            known = revised.get(("BTCUSDT", interval), set())
            assert others <= known
            assert {open_ms for open_ms in known if START_MS <= open_ms <= rows[-1][0]} <= others
        # When nothing goes wrong any more, REST says the same.
        await client.steer("DELETE", "faults")
        rows = await client.truth("BTCUSDT", "1m")
        assert await client.klines("BTCUSDT", "1m", startTime=START_MS, limit=len(rows)) == rows


async def listen(client: Client) -> None:
    """Be a client for a while, as far as one can."""
    async with asyncio.timeout(10):
        while client.sim.clock.now_ms() < START_MS + 20 * MINUTE_MS:
            try:
                socket = await client.connect("/ws/btcusdt@kline_1m/btcusdt@kline_5m")
                async with asyncio.timeout(0.2):
                    async for _ in socket:
                        pass
            except (aiohttp.ClientError, TimeoutError):
                # Nobody may ever have got through to a held clock.
                client.sim.clock.release()
            else:
                await socket.close()


def told_of(bar: bars.Kline) -> list[float]:
    return list(bar[1:6])


def numbers(row: list[Any]) -> list[float]:
    return [float(cell) for cell in row[1:6]]


async def test_truth_is_told_as_json_numbers_and_texts_of_the_exchange() -> None:
    async with running(held=True) as client:
        (row,) = await client.truth("BTCUSDT", "1m", START_MS - MINUTE_MS)
        assert [type(cell) for cell in row] == [int, *[str] * 5, int, str, int, str, str, str]
        assert json.dumps(row)
