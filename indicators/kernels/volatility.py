"""Kernels of the average true range, and the true range itself for others."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes


@helper
def larger(a: float, b: float) -> float:
    """The larger of two numbers as one machine instruction; numba's max() treats NaN in its own way, which takes branches."""
    return a if a > b else b  # noqa: FURB136


@helper
def true_range(high: float, low: float, close_before: float) -> float:
    """Greatest of today's range and the distances of high and low from yesterday's close."""
    return larger(abs(close_before - low), larger(abs(close_before - high), high - low))


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
    for lane in range(high - low):
        average[lane] = added * true_range(top[lane], bottom[lane], before[lane]) + kept * average[lane]
    if age >= period:
        divisor = period if age == period else 1
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            average[lane] /= divisor
            result[lane] = average[lane]
