"""How long work takes to reach a worker and come back, through the real dispatcher and real workers.

Beside it, in turn within each round, for this kind of machine changes its speed for seconds at a time: a bare ZeroMQ
ROUTER/DEALER ping-pong between two pinned processes, and a null call through ProcessPoolExecutor. Nothing is asserted here.
"""

import asyncio
import multiprocessing
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import zmq

from engine.base.types import INTERVAL_MS, Kline
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

ROUNDS = 20
#: Round trips of each kind in a round.
TRIPS = 100
WORKERS = 2
SYMBOLS = 100
TRADERS = 100
NULL = "def check(ticker, klines, ta):\n    return False\n"
LENGTH_MS = INTERVAL_MS["5m"]
WAIT_S = 120.0


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: round trips as `p50_us` and `p99_us`, throughput as `per_second`; `ratio_u3` is p99 to the bare one's.

    Args:
        options: `options.rounds`, if it has such a thing, says how often each case is measured.
    """
    return asyncio.run(measure(getattr(options, "rounds", None) or ROUNDS))


async def measure(rounds: int) -> list[dict[str, Any]]:
    """All cases, interleaved."""
    ours: list[float] = []
    bare: list[float] = []
    executor: list[float] = []
    with PingPong() as pong, ProcessPoolExecutor(1, multiprocessing.get_context("forkserver")) as processes:
        processes.submit(null).result()
        async with desk(Limits(slots=4)) as asks:
            for number in range(-1, rounds):
                trips = (await round_trips(asks), pong.round_trips(), executor_trips(processes))
                # The round before the first warms everything up.
                if number >= 0:
                    for kept, found in zip((ours, bare, executor), trips, strict=True):
                        kept += found
            cycles = [await asks.cycle(SYMBOLS, TRADERS) for _ in range(rounds)]
    async with desk(Limits(slots=4, questions_max=1, steal_after_s=0.0)) as asks:
        single_s = [await asks.cycle(SYMBOLS, 1) for _ in range(rounds)]
    u3_us = percentile(sorted(bare), 0.99) * 1e6
    rows = [latency("null task, dispatcher", ours, u3_us), latency("null ping-pong, bare zmq pinned (U3)", bare, u3_us)]
    rows.append(latency("null call, ProcessPoolExecutor", executor, u3_us))
    rows.append(latency(f"cycle of null filters, {TRADERS} x {SYMBOLS}", cycles, u3_us))
    questions = SYMBOLS * TRADERS / percentile(sorted(cycles), 0.5)
    rows.append({"case": "questions of null filters, batched", "per_second": round(questions)})
    rows.append({"case": "tasks, one symbol each", "per_second": round(SYMBOLS / percentile(sorted(single_s), 0.5))})
    return rows


def latency(case: str, seconds: Sequence[float], u3_us: float) -> dict[str, Any]:
    ordered = sorted(seconds)
    p50_us, p99_us = (percentile(ordered, share) * 1e6 for share in (0.5, 0.99))
    return {"case": case, "p50_us": round(p50_us, 1), "p99_us": round(p99_us, 1), "ratio_u3": round(p99_us / u3_us, 2)}


# --- the dispatcher -------------------------------------------------------------------------------------------------------


class Desk:
    """Asks and waits."""

    def __init__(self) -> None:
        self.dispatcher: Dispatcher | None = None
        self.loaded = 0
        self._open = 0
        self._as_of_ms = LENGTH_MS
        self.changed = asyncio.Event()

    def on_result(self, outcomes: Sequence[Outcome]) -> None:
        self._open -= sum(len(outcome.symbols) * len(outcome.results) for outcome in outcomes)
        self.changed.set()

    def on_loaded(self, _message: object) -> None:
        self.loaded += 1
        self.changed.set()

    async def cycle(self, symbols: int, filters: int) -> float:
        """Seconds from submission until the last answer."""
        assert self.dispatcher is not None
        ids = tuple(range(1, filters + 1))
        self._open = symbols * filters
        begun = time.perf_counter()
        self.dispatcher.submit([Evaluation(symbol, self._as_of_ms, False, ids) for symbol in range(symbols)])
        while self._open:
            self.changed.clear()
            await self.changed.wait()
        return time.perf_counter() - begun


@asynccontextmanager
async def desk(limits: Limits) -> AsyncIterator[Desk]:
    """A dispatcher with real workers, over candles of one closed bar a symbol."""
    segment = Segment.create(SYMBOLS, 1, 16)
    writer = Writer(segment)
    interval = writer.add_interval("5m")
    for number in range(SYMBOLS):
        writer.put_closed(writer.add_symbol(f"S{number}USDT"), interval, Kline(0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    slots, asks = Slots.create(limits.slots), Desk()
    with tempfile.TemporaryDirectory(prefix="engine-bench-") as home:
        endpoint = endpoint_for(Path(home))
        pool = Pool(NurseryOptions(endpoint, segment.fd, slots.fd, 50), lambda _name: os.dup(2))
        callbacks = Callbacks(asks.on_result, lambda *_: None, asks.on_loaded, lambda _: None)
        asks.dispatcher = Dispatcher(endpoint, pool, slots, limits, callbacks)
        try:
            pool.start(asks.dispatcher)
            asks.dispatcher.resize(WORKERS)
            for number in range(TRADERS):
                asks.dispatcher.load_filter(LoadFilter(number + 1, f"trader {number}", NULL, ("5m",)))
            await pool.warm()
            await asks.dispatcher.wait_ready(WAIT_S)
            while asks.loaded < TRADERS:
                asks.changed.clear()
                await asks.changed.wait()
            yield asks
        finally:
            await pool.stop(5.0)
            asks.dispatcher.close()
            slots.close()
            segment.close()


async def round_trips(asks: Desk) -> list[float]:
    return [await asks.cycle(1, 1) for _ in range(TRIPS)]


# --- the peers ------------------------------------------------------------------------------------------------------------


class PingPong:
    """A DEALER in another process that sends back what it gets; each end on a CPU of its own, where there are two."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="engine-bench-")
        endpoint = f"ipc://{self._folder.name}/pong"
        cpus = sorted(os.sched_getaffinity(0))
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.bind(endpoint)
        self._before = set(cpus)
        self._cpu = {cpus[0]}
        process = multiprocessing.get_context("forkserver").Process(target=echo, args=(endpoint, cpus[-1]), daemon=True)
        process.start()
        self._process = process
        self._socket.recv_multipart()

    def round_trips(self) -> list[float]:
        os.sched_setaffinity(0, self._cpu)
        found = [timed(self._trip) for _ in range(TRIPS)]
        os.sched_setaffinity(0, self._before)
        return found

    def _trip(self) -> None:
        self._socket.send_multipart((b"pong", b"x" * 64))
        self._socket.recv_multipart()

    def __enter__(self) -> "PingPong":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.send_multipart((b"pong", b""))
        self._process.join()
        self._socket.close(0)
        self._context.term()
        self._folder.cleanup()


def echo(endpoint: str, cpu: int) -> None:
    """The other process's whole life."""
    os.sched_setaffinity(0, {cpu})
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.IDENTITY, b"pong")
    dealer.connect(endpoint)
    dealer.send(b"ready")
    while data := dealer.recv():
        dealer.send(data)
    dealer.close(0)
    context.term()


def executor_trips(processes: ProcessPoolExecutor) -> list[float]:
    return [timed(lambda: processes.submit(null).result()) for _ in range(TRIPS)]


def null() -> bool:
    return False


def timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    for row in run():
        print(row)
