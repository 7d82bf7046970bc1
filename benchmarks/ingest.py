"""How many frames of the exchange one core takes in: bytes to candles by the real path, beside the yardstick and others.

The yardstick (U4) is msgspec's typed decode of one frame and nothing else. `machine code` and `python` are the real path, with
the compiled reader and without: find the series, check the bar, write it into shared memory under its sequence number; forming
bars and closes as they come. `orjson to numpy` is what a program without a typed decoder would do, where orjson is installed.
All are measured in turn within each round on the same frames, so their ratios can be compared on a machine that changes its
speed. `closes only` is a burst: every series closes one bar.
"""

import asyncio
import importlib
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.base.types import INTERVAL_MS, Kline
from engine.binance.messages import decode_kline_frame
from engine.binance.streams import kline_stream
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds import machine_code
from engine.feeds.asks import Ask, Tally
from engine.feeds.gates import Gates
from engine.feeds.intake import Intake
from engine.feeds.join import Series

orjson: Any = importlib.import_module("orjson") if importlib.util.find_spec("orjson") else None

ROUNDS = 15
SYMBOLS = 100
INTERVALS = ("1m", "5m", "15m", "1h")
#: Closed bars each series holds before the frames come.
BARS = 500
#: Frames that each series gets in one round: forming ones, and a close at the end.
EVENTS = 30
START_MS = 1_709_294_400_000


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: `case`, `us` a frame (median of rounds), `per_second`, `ratio` to the yardstick's time, and, where
    orjson is installed, how many `times_orjson` as fast.

    Args:
        options: `options.rounds`, if it has such a thing, says how often each case is measured.
    """
    rounds = getattr(options, "rounds", None) or ROUNDS
    bench = _Bench()
    try:
        return bench.measure(rounds)
    finally:
        bench.close()


class _Path:
    """400 series with history in a segment of their own, ready for frames."""

    def __init__(self, *, compiled: bool) -> None:
        self.segment = Segment.create(SYMBOLS, len(INTERVALS), BARS + 100)
        self.writer = Writer(self.segment)
        self.gates = Gates(self.writer)
        self.intake = Intake(self.gates)
        self.tally = Tally()
        if compiled:
            with tempfile.TemporaryDirectory() as folder:
                self.intake.use(asyncio.run(machine_code.obtain(Path(folder))))
        for interval in INTERVALS:
            for number in range(SYMBOLS):
                self._add(f"COIN{number:03}USDT", interval)

    def _add(self, symbol: str, interval: str) -> None:
        length_ms = INTERVAL_MS[interval]
        numbers = self.writer.add_symbol(symbol), self.writer.add_interval(interval)
        stream = kline_stream(symbol, interval)
        series = Series(self.writer, *numbers, length_ms, _ignore, self.tally, self.gates.gate(stream, *numbers))
        first_ms = START_MS - BARS * length_ms
        rows = [_bar(first_ms + index * length_ms) for index in range(BARS)]
        series.fill(Ask(first_ms, START_MS, first=True, from_ms=first_ms), rows, START_MS, full=False)
        self.intake.streams[stream] = series.take

    def take(self, frames: list[bytes]) -> None:
        take = self.intake.take
        for frame in frames:
            take(frame)

    @property
    def written(self) -> int:
        return self.tally.closed + self.tally.forming + self.intake.quick

    def close(self) -> None:
        self.intake.close()
        self.segment.close()


class _Bench:
    """All cases and the frames they take."""

    def __init__(self) -> None:
        self.streams = [(f"COIN{number:03}USDT", interval) for interval in INTERVALS for number in range(SYMBOLS)]
        self.paths = {"machine code": _Path(compiled=True), "python": _Path(compiled=False)}

    def close(self) -> None:
        for path in self.paths.values():
            path.close()

    def measure(self, rounds: int) -> list[dict[str, Any]]:
        cases: dict[str, Callable[[list[bytes]], None]] = {"typed decode only (U4)": _decode}
        cases.update({name: path.take for name, path in self.paths.items()})
        if orjson is not None:
            cases["orjson to numpy"] = _Naive(self.streams).take
        taken: dict[str, list[float]] = {name: [] for name in cases}
        taken.update({f"{name}, closes only": [] for name in self.paths})
        for number in range(rounds + 1):
            frames = self.frames(number)
            forming, closes = frames[: -len(self.streams)], frames[-len(self.streams) :]
            for name, case in cases.items():
                spent_s, closing_s = _spent_s(case, forming), _spent_s(case, closes)
                if number:
                    taken[name].append((spent_s + closing_s) / len(frames) * 1e6)
                    if name in self.paths:
                        taken[f"{name}, closes only"].append(closing_s / len(closes) * 1e6)
        expected = len(self.streams) * EVENTS * (rounds + 1)
        assert all(path.written == expected for path in self.paths.values()), "a frame was not written"
        code, python = self.paths.values()
        assert code.segment.memory[:] == python.segment.memory[:], "the two ways differ"
        medians = {name: statistics.median(times) for name, times in taken.items()}
        yardstick, peer = medians["typed decode only (U4)"], medians.get("orjson to numpy")
        return [_row(name, median_us, yardstick, peer) for name, median_us in medians.items()]

    def frames(self, number: int) -> list[bytes]:
        """One round: every series' bar forms and closes, events of all series mixed as they come over a connection."""
        made = []
        for event in range(EVENTS):
            for symbol, interval in self.streams:
                made.append(_frame(symbol, interval, number, event))
        return made


class _Naive:
    """Decodes to dicts and writes numpy rows: no check, no order, no sequence numbers."""

    def __init__(self, streams: list[tuple[str, str]]) -> None:
        self._rows = {kline_stream(*one): number for number, one in enumerate(streams)}
        self._values = np.zeros((len(streams), 10))

    def take(self, frames: list[bytes]) -> None:
        loads, rows, values = orjson.loads, self._rows, self._values
        for frame in frames:
            message = loads(frame)
            bar = message["data"]["k"]
            row = values[rows[message["stream"]]]
            row[0] = bar["t"]
            for column, key in enumerate("ohlcvqnVQ", 1):
                row[column] = float(bar[key])


def _decode(frames: list[bytes]) -> None:
    decode = decode_kline_frame
    for frame in frames:
        decode(frame)


def _spent_s(case: Callable[[list[bytes]], None], frames: list[bytes]) -> float:
    begun_s = time.process_time()
    case(frames)
    return time.process_time() - begun_s


def _row(name: str, median_us: float, yardstick_us: float, peer_us: float | None) -> dict[str, Any]:
    row = {"case": name, "us": median_us, "per_second": 1e6 / median_us, "ratio": median_us / yardstick_us}
    return row if peer_us is None else {**row, "times_orjson": peer_us / median_us}


def _bar(open_ms: int) -> Kline:
    return Kline(open_ms, 100.25, 101.5, 99.75, 100.5, 1234.567, 124000.25, 321.0, 600.5, 60300.75)


def _frame(symbol: str, interval: str, number: int, event: int) -> bytes:
    """One event of the exchange, with every field it sends, as long as real ones are."""
    length_ms = INTERVAL_MS[interval]
    open_ms = START_MS + number * length_ms
    closed = event == EVENTS - 1
    event_ms = open_ms + (length_ms + 70 if closed else (event + 1) * length_ms // (EVENTS + 1))
    price = 100.0 + (number * 7 + event) % 13 / 100
    fields = {
        "t": open_ms, "T": open_ms + length_ms - 1, "s": symbol, "i": interval, "f": 1_000_000 + number, "L": 1_000_300 + event,
        "o": "100.00000000", "c": f"{price:.8f}", "h": "101.50000000", "l": "99.75000000", "v": f"{123.4567 + event:.8f}",
        "n": 300 + event, "x": closed, "q": f"{12_345.678901 + event:.8f}", "V": "60.12345600", "Q": "6012.34560000", "B": "0",
    }  # fmt: skip
    data = {"e": "kline", "E": event_ms, "s": symbol, "k": fields}
    return msgspec.json.encode({"stream": kline_stream(symbol, interval), "data": data})


def _ignore(_symbol: int, _interval: int, _open_ms: int) -> None:
    """Nobody listens to closes here: their work is measured elsewhere."""
