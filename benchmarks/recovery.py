"""How soon a seat answers again after the worker on it was ended at its deadline: `python -m benchmarks.recovery [--rounds N]`.

One worker, so that nobody else can answer for it. A trader hangs in C; the kernel ends the worker; measured is the time from
the death of the process, seen by a thread that waits for nothing else, to the answer of another trader that had waited on
that seat. Each round has two deaths: among others, and when the suspect is asked alone. With a spare, and without for
comparison; the private memory of the spare beside it. Nothing is asserted here.
"""

import argparse
import asyncio
import os
import select
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.dispatch import LENGTH_MS, WAIT_S
from engine.base.types import Kline
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.events import Evaluation
from engine.dispatch.instructions import Outcome
from engine.dispatch.limits import Limits
from engine.dispatch.router import Callbacks, Dispatcher
from engine.dispatch.stats import percentile
from engine.pool.pool import Pool
from engine.pool.process import NurseryOptions
from engine.wire.messages import LoadFilter
from engine.wire.slots import Slots
from engine.wire.sockets import endpoint_for

ROUNDS = 50
SYMBOLS = 100
#: Other traders, whose filters a new worker must hold before it can answer.
TRADERS = 20
HARD_LIMIT_S = 0.3
#: A worker that lives so long was not given the culprit: on a machine that stood still meanwhile its time was over before.
DEATH_WAIT_S = 10 * HARD_LIMIT_S
QUICK = 'def check(ticker, klines, ta):\n    return klines["5m"].close[-1] < 0\n'
HANGS = 'def check(ticker, klines, ta):\n    return klines["5m"].close[-1] + sum(range(10**12)) < 0\n'


class Ward:
    """A dispatcher with one worker; tells when something was reported."""

    def __init__(self) -> None:
        self.dispatcher: Dispatcher | None = None
        self.loaded = 0
        self.quick_at = 0.0
        self.changed = asyncio.Event()
        self.as_of_ms = LENGTH_MS

    def on_result(self, outcomes: Sequence[Outcome]) -> None:
        if any(result.filter_id <= TRADERS for outcome in outcomes for result in outcome.results):
            self.quick_at = time.monotonic()
        self.changed.set()

    def on_loaded(self, _message: object) -> None:
        self.loaded += 1
        self.changed.set()

    def ask(self, symbols: Sequence[int], *filter_ids: int) -> None:
        assert self.dispatcher is not None
        self.dispatcher.submit([Evaluation(symbol, self.as_of_ms, False, filter_ids) for symbol in symbols])

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def has_loaded(self, filters: int) -> None:
        await self.until(lambda: self.loaded == filters)

    async def answer_after_death(self) -> list[float]:
        """Seconds from the death of the worker that is there now to the next answer of the others.

        Zero where the supervisor came first, and the spare had answered before the old process was gone.
        """
        assert self.dispatcher is not None
        asked_at = time.monotonic()
        (pid,) = self.dispatcher.stats().pids
        died_at = await asyncio.get_running_loop().run_in_executor(None, death_of, pid)
        await self.until(lambda: self.quick_at > asked_at)
        return [max(0.0, self.quick_at - died_at)] if died_at is not None else []

    async def deaths(self, culprit: int, traders: int) -> list[float]:
        """What both deaths of one culprit cost so many other traders, asked in one task."""
        assert self.dispatcher is not None
        stats = self.dispatcher.stats
        quick = tuple(range(1, traders + 1))
        self.ask([0], *quick, culprit)
        self.ask(range(1, SYMBOLS), *quick)
        among_others = await self.answer_after_death()
        # The others come first, then the suspect alone.
        await self.until(lambda: stats().open_questions <= 1)
        self.as_of_ms += LENGTH_MS
        self.ask(range(1, SYMBOLS), *quick)
        alone = await self.answer_after_death()
        await self.until(lambda: not stats().open_cycles)
        self.as_of_ms += LENGTH_MS
        # Time for the next spare to come, as there is between two closes.
        await asyncio.sleep(0.1)
        return among_others + alone

    def private_bytes(self) -> int:
        """Memory that would be free without the spare, as the kernel counts it."""
        assert self.dispatcher is not None
        lines = [Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() for pid in self.dispatcher.stats().spare_pids]
        return sum(int(line.split()[1]) * 1024 for found in lines for line in found if line.startswith("Private_"))


def death_of(pid: int) -> float | None:
    """When this process has died; None when it has not in time."""
    watch = os.pidfd_open(pid)
    died = select.select([watch], [], [], DEATH_WAIT_S)[0]
    at = time.monotonic()
    os.close(watch)
    return at if died else None


@asynccontextmanager
async def ward(spares: int) -> AsyncIterator[Ward]:
    """One worker and so many spares, holding the other traders' filters, over candles of some closed bars."""
    segment = Segment.create(SYMBOLS, 1, 16)
    writer = Writer(segment)
    interval = writer.add_interval("5m")
    for number in range(SYMBOLS):
        writer.put_closed(writer.add_symbol(f"S{number}USDT"), interval, Kline(0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    limits = Limits(slots=4, spares=spares, hard_limit_s=HARD_LIMIT_S, soft_limit_ms=10_000)
    slots, ill = Slots.create(limits.slots), Ward()
    with tempfile.TemporaryDirectory(prefix="engine-bench-") as home:
        endpoint = endpoint_for(Path(home))
        pool = Pool(NurseryOptions(endpoint, segment.fd, slots.fd, 50), lambda _name: os.open(os.devnull, os.O_WRONLY))
        callbacks = Callbacks(ill.on_result, lambda *_: ill.changed.set(), ill.on_loaded, lambda _: None)
        ill.dispatcher = Dispatcher(endpoint, pool, slots, limits, callbacks)
        try:
            pool.start(ill.dispatcher)
            ill.dispatcher.resize(1)
            await pool.warm()
            for number in range(1, TRADERS + 1):
                ill.dispatcher.load_filter(LoadFilter(number, f"trader {number}", QUICK, ("5m",)))
            await ill.has_loaded(TRADERS)
            for _ in range(3):
                ill.ask(range(SYMBOLS), *range(1, TRADERS + 1))
                await ill.dispatcher.drain(WAIT_S)
                ill.as_of_ms += LENGTH_MS
            yield ill
        finally:
            await pool.stop(5.0)
            ill.dispatcher.close()
            slots.close()
            segment.close()


async def measure(rounds: int, spares: int, traders: int) -> dict[str, Any]:
    """Median and tail of all deaths."""
    found: list[float] = []
    async with ward(spares) as ill:
        assert ill.dispatcher is not None
        private_bytes = ill.private_bytes()
        for number in range(rounds):
            culprit = TRADERS + 1 + number
            ill.dispatcher.load_filter(LoadFilter(culprit, f"trader {culprit}", HANGS, ("5m",)))
            await ill.has_loaded(culprit)
            found += await ill.deaths(culprit, traders)
            ill.dispatcher.drop_filter(culprit)
        counts = ill.dispatcher.stats().counts
    found.sort()
    return {
        "spares": spares,
        "traders": traders,
        "deaths": len(found),
        "told_as_deadline": counts["deadlines"],
        "p50_ms": round(percentile(found, 0.5) * 1e3, 2),
        "p99_ms": round(percentile(found, 0.99) * 1e3, 2),
        "max_ms": round(found[-1] * 1e3, 2),
        "spare_private_mb": round(private_bytes / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="culprits, of two deaths each")
    rounds = parser.parse_args().rounds
    for spares, traders in ((1, 1), (1, TRADERS), (0, 1)):
        print(asyncio.run(measure(rounds, spares, traders)), flush=True)


if __name__ == "__main__":
    main()
