"""How long indicators take, for a block of symbols and for one series, beside a Python loop over TA-Lib where it is installed.

Ours and the peer's are measured in turn within each round, on the same numbers: this kind of machine changes its speed for
seconds at a time, so only medians of interleaved rounds, and ratios, can be compared. No claim is made here and nothing is
asserted; that is for whoever reads the rows.
"""

import importlib
import importlib.util
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import indicators

talib: Any = importlib.import_module("talib") if importlib.util.find_spec("talib") else None

ROUNDS = 25
SYMBOLS = 100
BARS = (500, 1000)

# Inputs and parameters; the periods are those that published comparisons use.
CASES: dict[str, tuple[str, tuple[int, ...]]] = {
    "sma": ("close", (20,)),
    "ema": ("close", (20,)),
    "wma": ("close", (20,)),
    "rsi": ("close", (14,)),
    "macd": ("close", ()),
    "bbands": ("close", (20,)),
    "atr": ("high low close", (14,)),
    "stoch": ("high low close", ()),
    "adx": ("high low close", (14,)),
    "obv": ("close volume", ()),
    "cci": ("high low close", (20,)),
    "vwap": ("high low close volume", ()),
    "highest": ("high", (30,)),
    "lowest": ("low", (30,)),
}
PEER_NAMES = {"highest": "MAX", "lowest": "MIN"}


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: `case`, `ours_ms`, and with TA-Lib `peer_ms` and `ratio` (ours to the peer's; below 1 is faster).

    Args:
        options: `options.rounds`, if it has such a thing, says how often each case is measured.
    """
    indicators.warm()
    return measure(getattr(options, "rounds", None) or ROUNDS)


def measure(rounds: int) -> list[dict[str, Any]]:
    """Medians over `rounds` interleaved rounds, for each block size and for one series, with geometric means of the ratios.

    A block is measured twice: as a worker computes it, cycle after cycle into the same arrays, and with new arrays each
    time, whose pages the system must first provide.
    """
    rows: list[dict[str, Any]] = []
    for bars in BARS:
        candles = random_walks(bars, SYMBOLS)
        rows += measured(f"{SYMBOLS}x{bars}", candles, rounds, worker_call, peer_loop, repeat=1)
        rows += measured(f"{SYMBOLS}x{bars} new arrays", candles, rounds, public_call, peer_loop, repeat=1)
    one = {name: values[:, 0].copy() for name, values in random_walks(BARS[0], 1).items()}
    rows += measured(f"1x{BARS[0]}", one, rounds, public_call, series_peer, repeat=100)
    return rows


Candles = dict[str, np.ndarray[Any, np.dtype[np.float64]]]
Call = Callable[[], object]
Making = Callable[[str, list[Any], tuple[int, ...]], Call]


def measured(label: str, candles: Candles, rounds: int, ours: Making, peer: Making, repeat: int) -> list[dict[str, Any]]:
    """One row a case, and one for all of them where there is a peer."""
    calls: dict[str, tuple[Call, ...]] = {}
    for name, (columns, parameters) in CASES.items():
        arrays = [candles[column] for column in columns.split()]
        calls[name] = (ours(name, arrays, parameters), *([peer(name, arrays, parameters)] if talib else []))
    times: dict[str, list[list[float]]] = {name: [[] for _ in pair] for name, pair in calls.items()}
    for number in range(-1, rounds):
        for name, pair in calls.items():
            for call, kept in zip(pair, times[name], strict=True):
                spent_ms = duration_ms(call, repeat)
                # The round before the first warms caches and allocators.
                if number >= 0:
                    kept.append(spent_ms)
    rows = [row(f"{name} {label}", [statistics.median(kept) for kept in lists]) for name, lists in times.items()]
    if talib:
        mean = math.exp(statistics.fmean(math.log(one["ratio"]) for one in rows))
        rows.append({"case": f"geometric mean {label}", "ratio": mean})
    return rows


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


def worker_call(name: str, blocks: list[Any], parameters: tuple[int, ...]) -> Call:
    entry = indicators.catalog.ENTRIES[name]
    named: dict[str, Any] = dict(zip(entry.parameters, parameters, strict=False))
    kept = entry.compute(*blocks, **named)
    return lambda: entry.compute(*blocks, out=kept, **named)


def public_call(name: str, arrays: list[Any], parameters: tuple[int, ...]) -> Call:
    function = getattr(indicators, name)
    return lambda: function(*arrays, *parameters)


def peer_loop(name: str, blocks: list[Any], parameters: tuple[int, ...]) -> Call:
    """TA-Lib for one symbol after the other, each series contiguous as it likes it."""
    function = getattr(talib, PEER_NAMES.get(name, name.upper()))
    symbols = [[block[:, lane].copy() for block in blocks] for lane in range(blocks[0].shape[1])]
    return lambda: [function(*series, *parameters) for series in symbols]


def series_peer(name: str, series: list[Any], parameters: tuple[int, ...]) -> Call:
    function = getattr(talib, PEER_NAMES.get(name, name.upper()))
    return lambda: function(*series, *parameters)


def random_walks(bars: int, symbols: int) -> Candles:
    """Seeded candles of shape (bars, symbols), C-contiguous."""
    random = np.random.default_rng(20_241_121)
    close = 100.0 * np.exp(random.normal(0.0, 0.01, (bars, symbols)).cumsum(axis=0))
    return {
        "close": close,
        "high": close * (1.0 + np.abs(random.normal(0.0, 0.005, close.shape))),
        "low": close * (1.0 - np.abs(random.normal(0.0, 0.005, close.shape))),
        "volume": random.gamma(2.0, 1000.0, close.shape),
    }


if __name__ == "__main__":
    for found in run():
        print("  ".join(f"{value:.4f}" if isinstance(value, float) else f"{value:34}" for value in found.values()))
