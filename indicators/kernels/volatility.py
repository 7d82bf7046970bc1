"""Kernels of the true range and its averages: TRANGE, ATR, NATR; the true range itself for others."""

from typing import Any

from indicators.kernels.arithmetic import larger
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes


@helper
def true_range(high: float, low: float, close_before: float) -> float:
    """Greatest of today's range and the distances of high and low from yesterday's close."""
    return larger(abs(close_before - low), larger(abs(close_before - high), high - low))


@kernel
def trange_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """True range of one bar."""
    (highs, lows, closes), (out,), _ = ins, outs, params
    if age == 0:
        return
    top, bottom, before = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row - 1, low, high)
    result = lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = true_range(top[lane], bottom[lane], before[lane])


@kernel
def atr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average of the true range, seeded with the plain mean of the first `period` ranges."""
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    average = lanes(state, 0, low, high)
    if age == 0:
        average[:] = 0.0
        return
    top, bottom, before = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row - 1, low, high)
    kept = (period - 1.0) / period if age > period else 1.0
    added = 1.0 - kept if age > period else 1.0
    # While there is no result the state stands in for it, so that one loop does for every bar.
    result = lanes(out, row, low, high) if age >= period else lanes(state, 0, low, high)
    for lane in range(high - low):
        mean = added * true_range(top[lane], bottom[lane], before[lane]) + kept * average[lane]
        average[lane] = mean
        result[lane] = mean
    if age == period:
        for lane in range(high - low):
            average[lane] /= period
            result[lane] = average[lane]


@helper
def _percent(part: float, whole: float) -> float:
    return part / whole * 100.0 if whole != 0.0 else 0.0


@kernel
def natr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As `atr_nb`, in percent of the close; a period of one bar leaves it in units of price."""
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    average = lanes(state, 0, low, high)
    if age == 0:
        average[:] = 0.0
        return
    top, bottom, before = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row - 1, low, high)
    kept = (period - 1.0) / period if age > period else 1.0
    added = 1.0 - kept if age > period else 1.0
    if age == period:
        # The seed is the sum, shared out.
        kept = added = 1.0 / period
    # While there is no result a row of state stands in for it, so that one loop does for every bar.
    last, result = lanes(closes, row, low, high), lanes(out, row, low, high) if age >= period else lanes(state, 1, low, high)
    for lane in range(high - low):
        mean = added * true_range(top[lane], bottom[lane], before[lane]) + kept * average[lane]
        average[lane] = mean
        result[lane] = _percent(mean, last[lane])
    if age >= period and period == 1:
        for lane in range(high - low):
            result[lane] = average[lane]
