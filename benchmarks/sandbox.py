"""What the sandbox costs: all its layers in a cycle, the policy on a filter, and a worker from its fork to its first answer.

The cycle: one filter asked about 100 symbols, in a process that is locked down, by a worker's runner (namespaces, slot, limits,
answers checked); in turn with it the same source compiled as any Python and called over the same bars in a plain loop. What the
first takes longer is the overhead.
Nothing is asserted here.
"""

import gc
import json
import math
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.base.errors import EngineError
from engine.base.types import INTERVAL_MS, Kline
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.stats import percentile
from engine.pool.process import NurseryOptions, clean_environment
from engine.wire import codec
from engine.wire.messages import Item, LoadFilter, Message, Step, Task
from engine.wire.slots import Slots
from engine.wire.sockets import Router, identity_of
from workers import lockdown, policy
from workers.deadline import Deadline
from workers.market import Market
from workers.memory import Memory
from workers.runner import Runner

ROUNDS = 300
WARM_UP = 20
SYMBOLS = 100
BARS = 200
LENGTH_MS = INTERVAL_MS["5m"]
WAIT_S = 60.0
EXAMPLES = Path(__file__).parent.parent / "cli" / "examples"

#: Goals: overhead of a cycle in microseconds, policy and birth of a worker in milliseconds.
OVERHEAD_US, POLICY_MS, BIRTH_MS = 150.0, 2.0, 15.0

FILTERS: Final = {
    "prices": """
def check(ticker, klines, ta):
    close = klines["5m"].close
    return close[-1] < 0 or close[-1] > 1.5 * close[-2]
""",
    "numpy": """
def check(ticker, klines, ta):
    five = klines["5m"]
    spike = five.volume[-1] > 30 * five.volume[-20:].mean()
    return bool(spike and np.all(np.diff(five.close[-3:]) > 0))
""",
    "indicators": """
def check(ticker, klines, ta):
    close = klines["5m"].close
    if ta.rsi(close, 14)[-1] > 1:
        return False
    return close[-1] > ta.ema(close, 20)[-1]
""",
    "matches": """
def check(ticker, klines, ta):
    close = klines["5m"].close
    return {"close": float(close[-1]), "name": ticker.symbol, "closes": close[-3:].tolist()}
""",
}


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: `p50_…`, `p99_…`, and the goal for the median.

    Args:
        options: `options.rounds`, if it has such a thing, says how often each case is measured.
    """
    rounds = getattr(options, "rounds", None) or ROUNDS
    return [*overhead(rounds), policy_row(max(3, rounds // 10)), birth_row(max(5, rounds // 3))]


def row(case: str, taken: Sequence[float], unit: str, goal: float) -> dict[str, Any]:
    """One line of the report; `taken` in the unit of the goal."""
    ordered = sorted(taken)
    p50, p99 = percentile(ordered, 0.5), percentile(ordered, 0.99)
    return {"case": case, f"p50_{unit}": round(p50, 3), f"p99_{unit}": round(p99, 3), "goal": goal, "reached": p50 <= goal}


def _settle() -> None:
    """As the nursery does before it forks: what is there is never looked at again by a collection."""
    gc.collect()
    gc.freeze()


# --- a cycle -------------------------------------------------------------------------------------------------------------


class Cycle:
    """A market in this process, a runner over it, and the plain way over the same."""

    def __init__(self) -> None:
        segment = Segment.create(SYMBOLS, 1, BARS + 100)
        self._writer = Writer(segment)
        self._interval = self._writer.add_interval("5m")
        self._symbols = tuple(self._writer.add_symbol(f"COIN{number:03}USDT") for number in range(SYMBOLS))
        self._random = np.random.default_rng(1)
        self._as_of_ms = 1_709_294_400_000
        self._memory = Memory()
        self._market = Market(Reader(segment), BARS, self._memory)
        self._runner = Runner(self._market, self._memory, Slots.create(1).writer(0), Deadline())
        self._ids = {name: number for number, name in enumerate(FILTERS, start=1)}
        self._checks: dict[str, Callable[..., Any]] = {}
        self._needs: dict[str, dict[str, frozenset[str]]] = {}
        for name, source in FILTERS.items():
            self._runner.load(LoadFilter(self._ids[name], name, source))
            plain: dict[str, Any] = {"np": np, "math": math}
            exec(compile(source, name, "exec"), plain)
            self._checks[name] = plain["check"]
            self._needs[name] = {"5m": frozenset(policy.check(source).fields)}
        for _ in range(BARS + 20):
            self._next_bar()

    def _next_bar(self) -> None:
        for symbol, close in zip(self._symbols, self._random.uniform(99, 101, SYMBOLS).tolist(), strict=True):
            bar = Kline(self._as_of_ms, close, close + 1, close - 1, close, 9.0 + close % 1, 9.0 * close, 9.0, 4.0, 4.0 * close)
            self._writer.put_closed(symbol, self._interval, bar)
        self._as_of_ms += LENGTH_MS

    def both_us(self, name: str, turn: int) -> tuple[float, float]:
        """As a worker asks, and as anybody would; who is first takes turns. New bars have been taken in before."""
        self._next_bar()
        self._plain_us(name)
        if turn % 2:
            return self._guarded_us(name), self._plain_us(name)
        plain_us = self._plain_us(name)
        return self._guarded_us(name), plain_us

    def _guarded_us(self, name: str) -> float:
        task = Task(1, (Step(self._as_of_ms, False, (Item((self._ids[name],), self._symbols),)),), 5_000)
        begun_ns = time.perf_counter_ns()
        done = self._runner.run(task)
        taken_us = (time.perf_counter_ns() - begun_ns) / 1e3
        assert not done.results[0].faults, done.results[0].faults[0].message
        return taken_us

    def _plain_us(self, name: str) -> float:
        check, needs, ta = self._checks[name], self._needs[name], self._memory.ta
        found = []
        begun_ns = time.perf_counter_ns()
        frame = self._market.step(self._as_of_ms, False, list(self._symbols), needs)
        questions, _ = frame.questions(self._symbols, ("5m",))
        for symbol, ticker, klines in questions:
            answer = check(ticker, klines, ta)
            if answer:
                found.append((symbol, json.dumps(answer)))
        return (time.perf_counter_ns() - begun_ns) / 1e3


def overhead(rounds: int) -> list[dict[str, Any]]:
    """Rows of the cycle, measured in a child that is locked down."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _measure_locked(rounds, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as answer:
            text = answer.read()
    finally:
        os.waitpid(pid, 0)
    if not text:
        raise EngineError("the locked process ended before it had measured", f"pid {pid}", "run engine doctor")
    taken: dict[str, dict[str, list[float]]] = json.loads(text)
    rows = []
    for name, both in taken.items():
        beyond = [ours - plain for ours, plain in zip(both["guarded"], both["plain"], strict=True)]
        made = row(f"overhead of all layers, {SYMBOLS} symbols: {name}", beyond, "us", OVERHEAD_US)
        rows.append(made | {"plain_p50_us": round(percentile(sorted(both["plain"]), 0.5), 1)})
    return rows


def _measure_locked(rounds: int, writing: int) -> None:
    """In the child; never returns."""
    try:
        cycle = Cycle()
        taken: dict[str, dict[str, list[float]]] = {name: {"guarded": [], "plain": []} for name in FILTERS}
        for name in FILTERS:
            for turn in range(WARM_UP):
                cycle.both_us(name, turn)
        _settle()
        cell = lockdown.Lockdown(os.getppid())
        cell.before_messaging()
        cell.after_messaging()
        for turn in range(rounds):
            for name, both in taken.items():
                guarded_us, plain_us = cycle.both_us(name, turn)
                both["guarded"].append(guarded_us)
                both["plain"].append(plain_us)
        with os.fdopen(writing, "wb") as answer:
            answer.write(json.dumps(taken).encode())
    finally:
        os._exit(0)


# --- the policy -----------------------------------------------------------------------------------------------------------


def policy_row(rounds: int) -> dict[str, Any]:
    """Check and compile each example trader."""
    sources = [path.read_text() for path in sorted(EXAMPLES.glob("[a-z]*.py"))]
    taken_ms = []
    _settle()
    for number in range(-2, rounds):
        for source in sources:
            begun_ns = time.perf_counter_ns()
            policy.check(source)
            if number >= 0:
                taken_ms.append((time.perf_counter_ns() - begun_ns) / 1e6)
    gc.unfreeze()
    return row("policy check and compile of an example trader", taken_ms, "ms", POLICY_MS)


# --- birth of a worker ----------------------------------------------------------------------------------------------------


class Cradle:
    """A nursery, and who takes the place of the engine."""

    def __init__(self, home: Path) -> None:
        self.segment = Segment.create(4, 1, BARS + 100)
        writer = Writer(self.segment)
        interval, symbol = writer.add_interval("5m"), writer.add_symbol("COINUSDT")
        for number in range(BARS):
            writer.put_closed(symbol, interval, Kline(number * LENGTH_MS, 9.0, 10.0, 8.0, 9.0, 1.0, 9.0, 1.0, 1.0, 9.0))
        self.slots = Slots.create(1)
        endpoint = f"ipc://{home}/w.sock"
        self.router = Router(endpoint)
        self._null = os.open(os.devnull, os.O_WRONLY)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(WAIT_S)
        with theirs:
            self.process = subprocess.Popen(
                NurseryOptions(endpoint, self.segment.fd, self.slots.fd, BARS).command(theirs.fileno()),
                env=clean_environment(os.environ),
                pass_fds=(theirs.fileno(), self.segment.fd, self.slots.fd),
            )
        self._packet("warm")

    def _packet(self, key: str) -> dict[str, Any]:
        while True:
            packet: dict[str, Any] = json.loads(self.control.recv(65_536) or b'{"warm": 0, "exited": 0, "forked": 0}')
            if key in packet:
                return packet

    def _heard(self) -> None:
        while not self.router.receive_all():
            select.select([self.router.fd], [], [], WAIT_S)

    def birth_ms(self, generation: int) -> float:
        """From asking for a fork to the first answer of the new worker, which is ended afterwards."""
        task = Task(1, (Step(BARS * LENGTH_MS, False, (Item((1,), (0,)),)),), 5_000)
        begun_ns = time.perf_counter_ns()
        socket.send_fds(self.control, [json.dumps({"fork": 0, "generation": generation}).encode()], [self._null])
        self._heard()
        for message in (LoadFilter(1, "prices", FILTERS["prices"]), task):
            self._ask(message, generation)
        taken_ms = (time.perf_counter_ns() - begun_ns) / 1e6
        os.kill(self._packet("forked")["pid"], signal.SIGKILL)
        self._packet("exited")
        return taken_ms

    def _ask(self, message: Message, generation: int) -> None:
        self.router.send(identity_of(0, generation), codec.encode(message))
        self._heard()

    def end(self) -> None:
        self.control.close()
        self.process.wait(WAIT_S)
        os.close(self._null)
        self.router.close()
        self.slots.close()
        self.segment.close()


@contextmanager
def cradle() -> Iterator[Cradle]:
    """One that is warm."""
    with tempfile.TemporaryDirectory(prefix="engine-bench-") as home:
        made = Cradle(Path(home))
        try:
            yield made
        finally:
            made.end()


def birth_row(rounds: int) -> dict[str, Any]:
    """Fork, lockdown, a filter loaded and one question answered."""
    with cradle() as made:
        taken_ms = [made.birth_ms(generation) for generation in range(1, rounds + 4)][3:]
    return row("fork + lockdown + first answer of a worker", taken_ms, "ms", BIRTH_MS)
