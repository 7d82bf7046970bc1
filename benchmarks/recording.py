"""What recording costs: a frame from bytes to candles with and without it, in turn, and what the writing thread adds.

    python -m benchmarks.recording

`loop` is time of the thread that takes frames in, sweeping included; `writer` is time of the other one, which formats,
compresses and writes; both are CPU time. Frames are those of the real exchange in shape and size, all different.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.base.types import INTERVAL_MS
from engine.binance.messages import Message
from engine.binance.streams import kline_stream
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.feeds import machine_code
from engine.feeds.asks import Tally
from engine.feeds.gates import Gates
from engine.feeds.intake import Intake
from engine.feeds.join import Series
from engine.feeds.recording import Recorder

ROUNDS = 15
SYMBOLS = 300
#: Forming bars of one minute that each symbol gets in a round, and a close.
EVENTS = 10
START_MS = 1_709_294_400_000
MINUTE_MS = INTERVAL_MS["1m"]


class Spent(NamedTuple):
    """Microseconds of CPU time a frame."""

    loop_us: float
    writer_us: float


class _Path:
    """Series of one interval without history, ready for frames."""

    def __init__(self) -> None:
        self.segment = Segment.create(SYMBOLS, 1, ROUNDS + 100)
        writer = Writer(self.segment)
        self.gates = Gates(writer)
        self.intake = Intake(self.gates)
        tally = Tally()
        for number in range(SYMBOLS):
            name = f"COIN{number:03}USDT"
            numbers, stream = (writer.add_symbol(name), writer.add_interval("1m")), kline_stream(name, "1m")
            series = Series(writer, *numbers, MINUTE_MS, _ignore, tally, self.gates.gate(stream, *numbers))
            series.start_without_history()
            self.intake.streams[stream] = series.take

    def close(self) -> None:
        self.intake.close()
        self.segment.close()


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: `case`, `loop_us` and `writer_us` a frame (medians of rounds), frames `per_second` of the loop."""
    return asyncio.run(_measure(getattr(options, "rounds", None) or ROUNDS))


async def _measure(rounds: int) -> list[dict[str, Any]]:
    spent: dict[str, list[Spent]] = {}
    size_bytes = count = 0
    with tempfile.TemporaryDirectory() as folder:
        code = await machine_code.obtain(Path(folder))
        recorder = Recorder(f"{folder}/recording", 1_000)
        recorder.start()
        paths = {f"{way}{what}": _Path() for way in ("machine code", "python") for what in ("", ", recorded")}
        try:
            for name, path in paths.items():
                if name.startswith("machine code"):
                    path.intake.use(code)
            takes = {name: path.intake.take for name, path in paths.items()}
            takes.update({name: recorder.tap(0, take) for name, take in takes.items() if name.endswith("recorded")})
            for number in range(rounds + 1):
                frames = _frames(number)
                for name, take in takes.items():
                    found = await _take(take, frames, recorder, recorded=name.endswith("recorded"))
                    if number:
                        spent.setdefault(name, []).append(found)
                count, size_bytes = count + 2 * len(frames), size_bytes + 2 * sum(map(len, frames))
        finally:
            await recorder.close()
            for path in paths.values():
                path.close()
        assert not recorder.problem, recorder.problem
        assert recorder.stats["recorded"] == count, "a frame was not recorded"
        disk_bytes = _disk_bytes(Path(folder, "recording"))
    print(f"{size_bytes / count:.0f} bytes a frame, {disk_bytes / count:.0f} on disk")
    return [_row(name, found) for name, found in spent.items()]


def _disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def _take(take: Callable[[bytes], Message | None], frames: list[bytes], recorder: Recorder, *, recorded: bool) -> Spent:
    """One round; with a recorder until all is on disk."""
    wanted = recorder.stats["recorded"] + (len(frames) if recorded else 0)
    loop_s, all_s = time.thread_time(), time.process_time()
    for frame in frames:
        take(frame)
    # The thread that writes has no event to wait for: one would cost what is measured.
    while recorder.stats["recorded"] < wanted:  # noqa: ASYNC110
        await asyncio.sleep(0.3)
    loop_s, all_s = time.thread_time() - loop_s, time.process_time() - all_s
    return Spent(loop_s / len(frames) * 1e6, max(0.0, all_s - loop_s) / len(frames) * 1e6)


def _row(name: str, found: list[Spent]) -> dict[str, Any]:
    loop_us, writer_us = (statistics.median(values) for values in zip(*found, strict=True))
    return {"case": name, "loop_us": loop_us, "writer_us": writer_us, "per_second": 1e6 / loop_us}


def _frames(number: int) -> list[bytes]:
    """Each symbol's bar forms and closes, events of all symbols mixed as they come over a connection."""
    return [_frame(f"COIN{symbol:03}USDT", number, event, symbol) for event in range(EVENTS) for symbol in range(SYMBOLS)]


def _frame(symbol: str, number: int, event: int, salt: int) -> bytes:
    open_ms, closed = START_MS + number * MINUTE_MS, event == EVENTS - 1
    volume = 123.4567 + event + salt * 1.37
    fields = {
        "t": open_ms, "T": open_ms + MINUTE_MS - 1, "s": symbol, "i": "1m", "f": 1_000_000 + number * 997 + salt, "L": 1_000_300,
        "o": "100.00000000", "c": f"{100 + (number * 7 + event + salt) % 13 / 100:.8f}", "h": "101.50000000", "l": "99.75000000",
        "v": f"{volume:.8f}", "n": 300 + event, "x": closed, "q": f"{volume * 100.017:.8f}", "V": f"{volume / 2.01:.8f}",
        "Q": f"{volume * 49.77:.8f}", "B": "0",
    }  # fmt: skip
    event_ms = open_ms + (MINUTE_MS + 70 if closed else (event + 1) * 5_000)
    return msgspec.json.encode(
        {"stream": kline_stream(symbol, "1m"), "data": {"e": "kline", "E": event_ms, "s": symbol, "k": fields}}
    )


def _ignore(_symbol: int, _interval: int, _open_ms: int) -> None:
    """Nobody listens to closes here."""


if __name__ == "__main__":
    for row in run():
        print(f"{row['case']:24} loop {row['loop_us']:.2f} µs  writer {row['writer_us']:.2f} µs  {row['per_second']:,.0f}/s")
