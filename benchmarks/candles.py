"""How long candles take to write and to read: single bars, pages of history, and what a worker does at the beginning of a step.

Times are of one call. Calls of a microsecond are timed a thousand at a time, so their percentiles are over rounds, not over
calls. `word_store` is the floor: one aligned store as the writer makes four of a bar. Nothing is asserted here.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.base.types import MINUTE_MS, Kline
from engine.candles.reader import Reader
from engine.candles.segment import Segment
from engine.candles.writer import Writer

ROUNDS = 40
SYMBOLS = 100
INTERVALS = 2
BARS = 1100
PAGE = 1000
#: Bars closing in one round, over all symbols.
CLOSES = 1000


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: `case`, `p50_us`, `p95_us`, `per_second`.

    Args:
        options: `options.rounds`, if it has such a thing, says how often each case is measured.
    """
    segment = Segment.create(SYMBOLS, INTERVALS, BARS)
    attached = Segment.attach(os.dup(segment.fd))
    reader = Reader(attached)
    try:
        return measure(segment, Writer(segment), reader, getattr(options, "rounds", None) or ROUNDS)
    finally:
        reader.close()
        attached.close()
        segment.close()


def measure(segment: Segment, writer: Writer, reader: Reader, rounds: int) -> list[dict[str, Any]]:
    """All cases in turn within each round, so that a slow phase of the machine meets all of them."""
    fill(writer)
    times: dict[str, list[float]] = {}
    for number in range(-2, rounds):
        for case, (call, calls) in cases(segment, writer, reader, PAGE + (number + 2) * CLOSES // SYMBOLS).items():
            begun_ns = time.perf_counter_ns()
            call()
            if number >= 0:
                times.setdefault(case, []).append((time.perf_counter_ns() - begun_ns) / 1e3 / calls)
    return [row(case, found) for case, found in times.items()]


def fill(writer: Writer) -> None:
    """A page of history for all symbols, as after a start."""
    for name in ("1m", "5m")[:INTERVALS]:
        writer.add_interval(name)
    page = [bar(number) for number in range(1, PAGE + 1)]
    for symbol in range(SYMBOLS):
        writer.put_history(writer.add_symbol(f"S{symbol}USDT"), 0, page)


def bar(number: int) -> Kline:
    """An ordinary bar."""
    return Kline(number * MINUTE_MS, 100.0, 101.5, 99.25, 100.75, 12.5, 1250.0, 42.0, 6.25, 625.0)


def cases(segment: Segment, writer: Writer, reader: Reader, newest: int) -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured, and how many calls of it each function makes; `newest` is the number of the newest bar."""
    steps = CLOSES // SYMBOLS
    closing = [(symbol, 0, bar(newest + 1 + step)) for step in range(steps) for symbol in range(SYMBOLS)]
    forming = [(symbol, 0, bar(newest + 1 + steps)) for symbol in range(SYMBOLS)] * steps
    page = [bar(number) for number in range(1, PAGE + 1)]
    later = [bar(number) for number in range(PAGE // 2 + 1, PAGE * 3 // 2 + 1)]
    series = np.arange(SYMBOLS) * INTERVALS
    arrays = reader.arrays()
    ends = list(zip(series.tolist(), arrays.counts[series].tolist(), strict=True))
    return {
        "word_store": (lambda: store_words(segment), CLOSES),
        "put_closed": (lambda: repeat(writer.put_closed, closing), CLOSES),
        "put_closed_duplicate": (lambda: repeat(writer.put_closed, closing), CLOSES),
        "put_forming": (lambda: repeat(writer.put_forming, forming), CLOSES),
        f"put_history_{PAGE}_new": (lambda: put_first_page(writer, page), 1),
        f"put_history_{PAGE}_half_known": (lambda: writer.put_history(0, 1, later), 1),
        "read_forming": (lambda: repeat(reader.forming, [(place,) for place, _ in ends]), SYMBOLS),
        f"copy_closed_{steps}_new": (lambda: repeat(reader.copy_closed, ends), SYMBOLS),
        f"copy_closed_{PAGE}": (lambda: reader.copy_closed(0), 1),
        f"what_changed_of_{SYMBOLS}": (lambda: (arrays.counts[series], arrays.generations[series]), 1),
    }


def repeat(call: Callable[..., object], arguments: Sequence[tuple[Any, ...]]) -> None:
    """One call for each."""
    for given in arguments:
        call(*given)


def put_first_page(writer: Writer, page: Sequence[Kline]) -> None:
    """Into a series that is empty."""
    writer.clear(0, 1)
    writer.put_history(0, 1, page)


def store_words(segment: Segment) -> None:
    """Into a part of the header that nobody reads."""
    words = segment.words
    for _ in range(CLOSES):
        words[64] = 0


def row(case: str, times_us: list[float]) -> dict[str, Any]:
    """One line of the report."""
    p50_us = statistics.median(times_us)
    p95_us = sorted(times_us)[min(len(times_us) - 1, len(times_us) * 95 // 100)]
    return {"case": case, "p50_us": round(p50_us, 3), "p95_us": round(p95_us, 3), "per_second": round(1e6 / p50_us)}


if __name__ == "__main__":
    for found in run():
        print(f"{found['case']:32s} {found['p50_us']:10.3f} {found['p95_us']:10.3f} us {found['per_second']:12,d} /s")
