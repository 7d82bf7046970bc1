"""One new bar for each of 100 symbols: our kernels over one row, beside what streams of TA-Lib and of wickra do with it.

Each peer has an object for every symbol and is called once for each; ours is one call. Bars are handed over in the form that
each takes, made beforehand. TA-Lib must have streams (0.8 or newer); wickra is measured where it is installed.
"""

from typing import Any

import numpy as np

import indicators
from benchmarks.indicator_cases import CASES, Case, peer, random_walks
from benchmarks.indicators import Call, in_turns, means

ROUNDS = 200
SYMBOLS = 100
BARS = 500
#: Updates in one measurement; the peers go on through these bars.
UPDATES = 4


def run(options: Any = None) -> list[dict[str, Any]]:
    """Rows for a report: microseconds for 100 symbols, and ratios of ours to each peer (below 1 is faster)."""
    indicators.warm(CASES)
    rounds = getattr(options, "rounds", None) or ROUNDS
    candles = random_walks(BARS, SYMBOLS)
    peers = {"talib": talib_call if hasattr(peer("talib"), "stream") else None, "wickra": wickra_call if peer("wickra") else None}
    present = {name: make for name, make in peers.items() if make is not None}
    calls: dict[str, list[Call]] = {}
    kept: dict[str, list[str]] = {}
    for name, case in CASES.items():
        found = {one: call for one, make in present.items() if (call := make(name, case, candles)) is not None}
        calls[name] = [our_call(name, case, candles), *found.values()]
        kept[name] = list(found)
    rows = []
    for name, medians_ms in in_turns(calls, rounds, UPDATES).items():
        ours_us, *others_us = (median_ms * 1e3 for median_ms in medians_ms)
        row: dict[str, Any] = {"case": f"{name} one bar x {SYMBOLS}", "ours_us": ours_us}
        for one, spent_us in zip(kept[name], others_us, strict=True):
            row |= {f"{one}_us": spent_us, f"ratio_{one}": ours_us / spent_us}
        rows.append(row)
    return rows + [line for one in present for line in means(f"to {one}", rows, f"ratio_{one}")]


def our_call(name: str, case: Case, candles: dict[str, Any]) -> Call:
    """The last row of a block whose rows before it are done, as a worker extends it."""
    entry = indicators.catalog.ENTRIES[name]
    blocks = tuple(candles[column] for column in case.columns.split())
    _, parameters = entry.bind((*blocks, *case.parameters), {})
    outs, state = entry.blocks(BARS, SYMBOLS), entry.new_state(parameters, SYMBOLS)
    run_kernel = entry.kernel.run
    run_kernel(blocks, outs, parameters, state, np.array([[0, SYMBOLS, 0, 0, BARS - 1]]))
    last = np.array([[0, SYMBOLS, 0, BARS - 1, BARS]])
    return lambda: run_kernel(blocks, outs, parameters, state, last)


def talib_call(name: str, case: Case, candles: dict[str, Any]) -> Call | None:
    """One stream a symbol, filled with all bars but the last; None where TA-Lib cannot stream the indicator."""
    talib = peer("talib")
    make = getattr(talib.stream, name.upper(), None)
    columns = case.columns.split()
    try:
        streams = [make(*(candles[column][:-1, lane].copy() for column in columns), *case.parameters) for lane in range(SYMBOLS)]
        bars = [tuple(float(candles[column][-1, lane]) for column in columns) for lane in range(SYMBOLS)]
        streams[0].update(*bars[0])
    except (TypeError, AttributeError):
        return None
    pairs = [(stream.update, bar) for stream, bar in zip(streams, bars, strict=True)]

    def call() -> None:
        for update, bar in pairs:
            update(*bar)

    return call


def wickra_call(_name: str, case: Case, candles: dict[str, Any]) -> Call | None:
    """One object a symbol; candles are tuples (open, high, low, close, volume, time), plain series are numbers."""
    if not case.wickra:
        return None
    kind, *arguments = case.wickra
    pairs = []
    for lane in range(SYMBOLS):
        column = {name: candles[name][:, lane].tolist() for name in candles}
        bars: list[Any] = [
            (close, high, low, close, volume, number)
            for number, (close, high, low, volume) in enumerate(
                zip(column["close"], column["high"], column["low"], column["volume"], strict=True)
            )
        ]
        stream = getattr(peer("wickra"), kind)(*arguments)
        if case.columns == "close":
            bars = column["close"]
        for bar in bars:
            stream.update(bar)
        pairs.append((stream.update, bars[-1]))

    def call() -> None:
        for update, bar in pairs:
            update(bar)

    return call
