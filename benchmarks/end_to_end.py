"""What a user notices: how soon a close is a signal on disk, how soon a started engine asks its filters, and what it takes.

Latency: frames of 100 symbols whose 5m bars close at once go through decoder, checks, candles, schedule, dispatcher, workers
and the SQLite spool (fsync included), all as in an engine, in this process. Each closing frame yields one signal; its time runs
from the moment its bytes are handed in until its commit is done. Start and memory of the program: benchmarks/program.py.
Goals are reported, not asserted.
"""

import asyncio
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import program, yardsticks
from engine.base.clock import ExchangeClock
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS, Kline
from engine.binance.streams import kline_stream
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.router import Callbacks
from engine.dispatch.stats import percentile
from engine.feeds.asks import Ask, Tally
from engine.feeds.intake import Intake
from engine.feeds.join import Series
from engine.signals.signal import Signal
from engine.signals.spool import Spool
from engine.supervisor.home import Home
from engine.supervisor.roster import Roster
from engine.supervisor.screening import Screening
from engine.supervisor.workforce import Workforce
from engine.telemetry.logs import Logs
from engine.traders.definition import parse_row
from engine.traders.store import new_row
from engine.wire.messages import FilterLoaded

ROUNDS = 60
WARM_UP = 6
SYMBOLS = 100
BARS = 500
LENGTH_MS = INTERVAL_MS["5m"]
WAIT_S = 120.0
#: Goal of the first release.
LATENCY_GOAL_MS = 50.0

#: Matches at every other bar, all symbols at once, so that each match is a first one.
ALTERNATING = """
refresh = "5m"
def check(ticker, klines, ta):
    five = klines["5m"]
    return {"rsi": ta.rsi(five.close, 14)[-1]} if (five.open_time[-1] // 300_000) % 2 == 0 else False
"""


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: latencies in ms and in U3, start in s, memory in MB of each process.

    Args:
        options: `options.rounds`, if it has such a thing, says how many closes are measured.
    """
    rounds = getattr(options, "rounds", None) or ROUNDS
    return [*asyncio.run(latency(rounds)), *program.starts(), *program.memory()]


# --- a close until its signal is on disk ------------------------------------------------------------------------------


async def latency(rounds: int) -> list[dict[str, Any]]:
    """Closes of all symbols at once; only every other one gives signals."""
    found_ms: list[float] = []
    last_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="engine-bench-") as folder, Logs("text", "error") as logs:
        desk = _Desk(Path(folder), logs)
        try:
            await desk.start()
            for number in range(2 * (rounds + WARM_UP)):
                times_ms = await desk.close_all()
                if times_ms and number >= 2 * WARM_UP:
                    found_ms += times_ms
                    last_ms.append(max(times_ms))
        finally:
            await desk.stop()
    u3_ms = yardsticks.measure(5)["u3_p99_us"] / 1e3
    return [_quantiles("close to signal, each of 100", found_ms, u3_ms), _quantiles("close to the last of 100", last_ms, u3_ms)]


def _quantiles(case: str, times_ms: Sequence[float], u3_ms: float) -> dict[str, Any]:
    ordered = sorted(times_ms)
    p50, p95, p99 = (percentile(ordered, share) for share in (0.5, 0.95, 0.99))
    row = {"case": case, "p50_ms": round(p50, 2), "p95_ms": round(p95, 2), "p99_ms": round(p99, 2)}
    return row | {"p99_u3": round(p99 / u3_ms, 1), "goal": f"p99 {LATENCY_GOAL_MS:g} ms", "reached": p99 <= LATENCY_GOAL_MS}


class _Desk:
    """The parts of an engine between frames and disk."""

    def __init__(self, folder: Path, logs: Logs) -> None:
        bounds = {"pause_signals_per_hour": 0, "stop_signals_per_hour": 0}
        settings = Settings(home=str(folder), history_bars=BARS, user="bench", **bounds)
        self._segment = Segment.create(SYMBOLS, 1, BARS + 400)
        self._writer = Writer(self._segment)
        self._clock = ExchangeClock()
        self._roster = Roster("5m")
        self._spool = Spool(folder / "spool")
        self._screening = Screening(
            settings, self._clock, self._writer, self._roster, self._spool, "sim", self._stored, lambda *_: None
        )
        callbacks = Callbacks(self._answered, self._screening.given_up, self._loaded, lambda _: None)
        self._workforce = Workforce(settings, Home(folder), self._segment, logs.open_pipe, callbacks, lambda *_: None)
        self._intake = Intake()
        self._names = [f"COIN{number:03}USDT" for number in range(SYMBOLS)]
        self._open_ms = int(time.time() * 1e3) // LENGTH_MS * LENGTH_MS - LENGTH_MS
        self._received_s: dict[str, float] = {}
        self._times_ms: list[float] = []
        self._waiting = 0
        self._changed = asyncio.Event()
        self._planned = asyncio.Event()
        self._commits: asyncio.Task[None] | None = None

    async def start(self) -> None:
        interval, tally = self._writer.add_interval("5m"), Tally()
        for name in self._names:
            series = Series(self._writer, self._writer.add_symbol(name), interval, LENGTH_MS, self._screening.bar_closed, tally)
            first_ms = self._open_ms - BARS * LENGTH_MS
            rows = [_bar(first_ms + index * LENGTH_MS) for index in range(BARS)]
            series.fill(Ask(first_ms, self._open_ms, first=True, from_ms=first_ms), rows, self._open_ms, full=False)
            self._intake.streams[kline_stream(name, "5m")] = series.take
        self._clock.set(self._open_ms, time.monotonic())
        await self._spool.open()
        self._workforce.start()
        await self._workforce.warm()
        assert await self._workforce.dispatcher.wait_ready(WAIT_S)
        self._screening.connect(self._workforce.dispatcher, {})
        row = new_row("bench", "alternating", ALTERNATING) | {"id": str(uuid.uuid4())}
        self._workforce.load_filters(self._roster.update([parse_row(row)], {}).load)
        await asyncio.wait_for(self._planned.wait(), WAIT_S)
        self._commits = asyncio.create_task(self._screening.commit_forever())
        self._waiting = SYMBOLS
        await self._settled(0)

    async def close_all(self) -> list[float]:
        """Hand in the closing frames of one instant; the times of its signals, if it gives any."""
        frames = [(name, _closing_frame(name, self._open_ms)) for name in self._names]
        self._clock.set(self._open_ms + LENGTH_MS, time.monotonic())
        signals = SYMBOLS if self._open_ms // LENGTH_MS % 2 == 0 else 0
        self._open_ms += LENGTH_MS
        self._times_ms, self._waiting = [], SYMBOLS
        self._changed.clear()
        for name, frame in frames:
            self._received_s[name] = time.perf_counter()
            self._intake.take(frame)
        await self._settled(signals)
        return self._times_ms

    async def _settled(self, signals: int) -> None:
        """Everything is answered, so many signals are on disk, and so is what the filters said otherwise."""
        while self._waiting > 0 or len(self._times_ms) < signals:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), WAIT_S)
        await self._screening.commit()

    def _loaded(self, message: FilterLoaded) -> None:
        planned = self._roster.plan(message, self._names, frozenset(self._names))
        if planned is not None:
            self._screening.admit(planned[0], self._names)
            self._planned.set()

    def _answered(self, outcomes: Any) -> None:
        self._waiting -= sum(len(outcome.symbols) for outcome in outcomes)
        self._screening.answered(outcomes)
        self._changed.set()

    def _stored(self, signals: Sequence[Signal]) -> None:
        now_s = time.perf_counter()
        self._times_ms += [(now_s - self._received_s[one.symbol]) * 1e3 for one in signals if one.symbol in self._received_s]
        self._changed.set()

    async def stop(self) -> None:
        if self._commits is not None:
            self._commits.cancel()
        await self._workforce.stop(5.0)
        await self._spool.close()
        self._segment.close()


def _bar(open_ms: int) -> Kline:
    return Kline(open_ms, 100.25, 101.5, 99.75, 100.5, 1234.567, 124000.25, 321.0, 600.5, 60300.75)


def _closing_frame(symbol: str, open_ms: int) -> bytes:
    fields = {
        "t": open_ms, "T": open_ms + LENGTH_MS - 1, "s": symbol, "i": "5m", "f": 1_000_000, "L": 1_000_300, "o": "100.25000000",
        "c": "100.50000000", "h": "101.50000000", "l": "99.75000000", "v": "1234.56700000", "n": 321, "x": True,
        "q": "124000.25000000", "V": "600.50000000", "Q": "60300.75000000", "B": "0",
    }  # fmt: skip
    data = {"e": "kline", "E": open_ms + LENGTH_MS + 70, "s": symbol, "k": fields}
    return msgspec.json.encode({"stream": kline_stream(symbol, "5m"), "data": data})
