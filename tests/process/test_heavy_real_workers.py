"""One trader that burns CPU time beside nine quick ones, with real workers: who waits for whom."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.types import INTERVAL_MS, Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.limits import Limits
from tests.component.pool_bench import WAIT_S, Bench, bench
from tests.process.test_pool_real_workers import WORKERS

LENGTH_MS = INTERVAL_MS["5m"]
BARS = 60
SYMBOLS = range(100)
QUICK = tuple(range(1, 10))
BURNING = 10
CYCLES = 10
QUESTIONS = len(SYMBOLS) * len(QUICK)

QUICK_CODE = 'def check(ticker, klines, ta):\n    close = klines["5m"].close\n    return close[-1] > close[-{period}]\n'
#: Some 10 to 30 ms a symbol.
BURNING_CODE = """
def check(ticker, klines, ta):
    total = klines["5m"].close[-1]
    for number in range(250_000):
        total += number
    return total < 0
"""


@pytest.fixture
def candles_fd() -> Iterator[int]:
    segment = Segment.create(len(SYMBOLS), 2, 200)
    writer = Writer(segment)
    interval = writer.add_interval("5m")
    for number in SYMBOLS:
        symbol = writer.add_symbol(f"S{number}USDT")
        for bar in range(BARS):
            price = 100.0 + bar
            writer.put_closed(symbol, interval, Kline(bar * LENGTH_MS, price, price, price, price, 1.0, price, 1, 0.5, price / 2))
    yield os.dup(segment.fd)
    segment.close()


def answered(b: Bench, filter_ids: tuple[int, ...]) -> int:
    return sum(len(one.symbols) for one in b.outcomes for result in one.results if result.filter_id in filter_ids)


async def test_nine_quick_traders_wait_for_slices_of_the_tenth_and_it_gets_all_its_answers(
    tmp_path: Path, candles_fd: int
) -> None:
    async with bench(tmp_path, 2, Limits(soft_limit_ms=2_000), WORKERS, candles_fd) as b:
        b.load(*[QUICK_CODE.format(period=period) for period in range(5, 14)], BURNING_CODE)
        await b.until(lambda: len(b.loaded) == 10)
        # Given that all are known: asked once about a few symbols
        b.submit(SYMBOLS[:16], (BARS - 1) * LENGTH_MS, *QUICK, BURNING)
        assert await b.dispatcher.drain(WAIT_S)
        # When the tenth is asked about all symbols, and the others again and again meanwhile
        b.outcomes.clear()
        b.submit(SYMBOLS, BARS * LENGTH_MS, BURNING)
        beside = []
        for cycle in range(1, CYCLES + 1):
            before = answered(b, (BURNING,))
            b.submit(SYMBOLS, BARS * LENGTH_MS, *QUICK)
            await b.until(lambda wanted=cycle * QUESTIONS: answered(b, QUICK) == wanted)
            beside.append(answered(b, (BURNING,)) - before)
        # Then a cycle of theirs has waited for a few symbols of it, not for all
        assert sum(beside) < len(SYMBOLS)
        assert sorted(beside)[CYCLES // 2] <= 4
        # And in the end everything is answered
        assert await b.dispatcher.drain(WAIT_S)
        assert answered(b, (BURNING,)) == len(SYMBOLS)
        assert not b.given_up
