"""How long indicators take, for a block of symbols and for one series, beside a Python loop over TA-Lib where it is installed.

Ours and the peer's are measured in turn within each round, on the same numbers: this kind of machine changes its speed for
seconds at a time, so only medians of interleaved rounds, and ratios, can be compared. No claim is made here and nothing is
asserted; that is for whoever reads the rows.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import indicators
from benchmarks.indicator_cases import CASES, Candles, peer, random_walks

talib: Any = peer("talib")

ROUNDS = 25
SYMBOLS = 100
BARS = (500, 1_440)
#: Five calls in a row find in the caches of the CPU what the last one left there; one call after 49 others finds nothing.
PACES = {"": 5, " cold": 1}

Call = Callable[[], object]
Making = Callable[[str, list[Any], tuple[float, ...]], Call]


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: `case`, `ours_ms`, and with TA-Lib `peer_ms` and `ratio` (ours to the peer's; below 1 is faster).

    Args:
        options: `options.rounds`, if it has such a thing, says how often each case is measured.
    """
    indicators.warm(CASES)
    return measure(getattr(options, "rounds", None) or ROUNDS)


def measure(rounds: int) -> list[dict[str, Any]]:
    """Medians over `rounds` interleaved rounds, for each block size and for one series, with geometric means of the ratios.

    A block is computed as a worker does it: into arrays that are there already.
    """
    rows: list[dict[str, Any]] = []
    for bars in BARS:
        candles = random_walks(bars, SYMBOLS)
        for label, repeat in PACES.items():
            rows += measured(f"{SYMBOLS}x{bars}{label}", candles, rounds, worker_call, peer_loop, repeat)
    one = {name: values[:, 0].copy() for name, values in random_walks(BARS[0], 1).items()}
    rows += measured(f"1x{BARS[0]}", one, rounds, public_call, series_peer, repeat=50)
    return rows


def measured(label: str, candles: Candles, rounds: int, ours: Making, theirs: Making, repeat: int) -> list[dict[str, Any]]:
    """One row a case, and one for all of them where there is a peer."""
    calls: dict[str, list[Call]] = {}
    for name, case in CASES.items():
        arrays = [candles[column] for column in case.columns.split()]
        calls[name] = [ours(name, arrays, case.parameters), *([theirs(name, arrays, case.parameters)] if talib else [])]
    rows = [row(f"{name} {label}", medians) for name, medians in in_turns(calls, rounds, repeat).items()]
    return rows + means(label, rows, "ratio")


def in_turns(calls: Mapping[str, list[Call]], rounds: int, repeat: int) -> dict[str, list[float]]:
    """Median milliseconds of every call; within a round all take turns."""
    times: dict[str, list[list[float]]] = {name: [[] for _ in several] for name, several in calls.items()}
    for number in range(-1, rounds):
        for name, several in calls.items():
            for call, kept in zip(several, times[name], strict=True):
                spent_ms = duration_ms(call, repeat)
                # The round before the first warms caches and allocators.
                if number >= 0:
                    kept.append(spent_ms)
    return {name: [statistics.median(kept) for kept in lists] for name, lists in times.items()}


def means(label: str, rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """Geometric mean and worst of the ratios of one column."""
    found = [one[column] for one in rows if column in one]
    if not found:
        return []
    mean = math.exp(statistics.fmean(map(math.log, found)))
    return [{"case": f"geometric mean {label}", column: mean}, {"case": f"worst {label}", column: max(found)}]


def row(case: str, medians_ms: list[float]) -> dict[str, Any]:
    if len(medians_ms) == 1:
        return {"case": case, "ours_ms": medians_ms[0]}
    ours_ms, peer_ms = medians_ms
    return {"case": case, "ours_ms": ours_ms, "peer_ms": peer_ms, "ratio": ours_ms / peer_ms}


def duration_ms(call: Call, repeat: int) -> float:
    begin_ns = time.perf_counter_ns()
    for _ in range(repeat):
        call()
    return (time.perf_counter_ns() - begin_ns) / repeat / 1e6


def worker_call(name: str, blocks: list[Any], parameters: tuple[float, ...]) -> Call:
    entry = indicators.catalog.ENTRIES[name]
    named: dict[str, Any] = dict(zip(entry.parameters, parameters, strict=False))
    kept = entry.compute(*blocks, **named)
    return lambda: entry.compute(*blocks, out=kept, **named)


def public_call(name: str, arrays: list[Any], parameters: tuple[float, ...]) -> Call:
    function = getattr(indicators, name)
    return lambda: function(*arrays, *parameters)


def peer_loop(name: str, blocks: list[Any], parameters: tuple[float, ...]) -> Call:
    """TA-Lib for one symbol after the other, each series contiguous as it likes it."""
    function = getattr(talib, name.upper())
    symbols = [[block[:, lane].copy() for block in blocks] for lane in range(blocks[0].shape[1])]
    return lambda: [function(*series, *parameters) for series in symbols]


def series_peer(name: str, series: list[Any], parameters: tuple[float, ...]) -> Call:
    function = getattr(talib, name.upper())
    return lambda: function(*series, *parameters)
