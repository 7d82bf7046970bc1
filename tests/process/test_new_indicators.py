"""A trader whose indicator no worker has machine code of: real workers are replaced, and go on answering all the while."""

import asyncio
import sys
from pathlib import Path

from engine.base.types import INTERVAL_MS
from engine.wire.messages import LoadFilter
from tests.component.pool_bench import WAIT_S, bench

WORKERS = (sys.executable, "-P", "-m", "workers")
LENGTH_MS = INTERVAL_MS["5m"]
BARS = 60

NEVER = 'def check(ticker, klines, ta):\n    return klines["5m"].close[-1] < 0\n'
RISING = 'def check(ticker, klines, ta):\n    close = klines["5m"].close\n    return close[-1] > ta.wma(close, 5)[-1]\n'


async def test_workers_are_replaced_one_by_one_under_load_before_the_filter_reaches_them(tmp_path: Path, candles_fd: int) -> None:
    async with bench(tmp_path, 2, None, WORKERS, candles_fd) as b:
        wanted: list[tuple[int, int, int]] = []

        def ask(*filter_ids: int) -> None:
            as_of_ms = (20 + len(wanted) // 10 % 40) * LENGTH_MS
            b.submit(range(10), as_of_ms, *filter_ids)
            wanted.extend((symbol, as_of_ms, id_) for symbol in range(10) for id_ in filter_ids)

        # Given workers that answer without a pause
        b.load(NEVER)
        await b.until(lambda: b.loaded)
        before = set(b.dispatcher.stats().pids)
        # When a trader comes whose indicator they lack
        preparing = asyncio.create_task(b.pool.prepare(["wma"]))
        while not preparing.done():
            ask(1)
            await asyncio.sleep(0.005)
        b.dispatcher.load_filter(LoadFilter(2, "rising", RISING))
        fewest = 2
        async with asyncio.timeout(WAIT_S):
            while len(b.loaded) < 2:
                ask(1)
                fewest = min(fewest, b.dispatcher.stats().ready)
                await asyncio.sleep(0.005)
        # Then all have been replaced, never two at once
        assert fewest >= 1
        assert await b.dispatcher.wait_ready(WAIT_S)
        assert not before & set(b.dispatcher.stats().pids)
        # And nothing asked meanwhile is lost, and the new filter is right at once
        ask(1, 2)
        assert await b.dispatcher.drain(WAIT_S)
        assert sorted(b.answers()) == sorted(wanted)
        results = [result for outcome in b.outcomes for result in outcome.results]
        assert {match.symbol for result in results if result.filter_id == 2 for match in result.matches} == {0, 2, 4, 6, 8}
        assert not [fault for result in results for fault in result.faults]
        counts = b.dispatcher.stats().counts
        assert (counts["lost_tasks"], counts["lost_workers"]) == (0, 0)


async def test_nobody_is_replaced_for_an_indicator_that_is_there(tmp_path: Path, candles_fd: int) -> None:
    async with bench(tmp_path, 1, None, WORKERS, candles_fd) as b:
        first = b.dispatcher.stats().pids
        # When something is needed that the nursery has loaded for itself
        await b.pool.prepare(["ema", "rsi"])
        b.load(RISING.replace("wma", "ema"))
        await b.until(lambda: b.loaded)
        # Then nobody is replaced for it
        assert b.dispatcher.stats().pids == first
