"""Kernels of the average true range, and the true range itself for others."""

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted
from indicators.kernels.extremes import larger


@jitted
def true_range(high: float, low: float, close_before: float) -> float:
    """Greatest of today's range and the distances of high and low from yesterday's close."""
    return larger(abs(close_before - low), larger(abs(close_before - high), high - low))


@jitted
def atr_series_nb(high: Series, low: Series, close: Series, out: Series, period: int) -> None:
    """Wilder's average of the true range, seeded with the plain mean of the first `period` ranges."""
    rows = high.shape[0]
    out[: min(period, rows)] = np.nan
    if rows <= period:
        return
    kept = (period - 1.0) / period
    added = 1.0 - kept
    total = 0.0
    for row in range(1, period + 1):
        total += true_range(high[row], low[row], close[row - 1])
    average = total / period
    out[period] = average
    for row in range(period + 1, rows):
        average = added * true_range(high[row], low[row], close[row - 1]) + kept * average
        out[row] = average


@jitted
def atr_block_nb(high: Block, low: Block, close: Block, out: Block, period: int) -> None:
    """As `atr_series_nb`, for every lane."""
    rows, lanes = high.shape
    out[: min(period, rows)] = np.nan
    if rows <= period:
        return
    kept = (period - 1.0) / period
    added = 1.0 - kept
    total = np.zeros(lanes)
    for row in range(1, period + 1):
        top, bottom, before = high[row], low[row], close[row - 1]
        for lane in range(lanes):
            total[lane] += true_range(top[lane], bottom[lane], before[lane])
    result = out[period]
    for lane in range(lanes):
        result[lane] = total[lane] / period
    for row in range(period + 1, rows):
        top, bottom, before, previous, result = high[row], low[row], close[row - 1], out[row - 1], out[row]
        for lane in range(lanes):
            result[lane] = added * true_range(top[lane], bottom[lane], before[lane]) + kept * previous[lane]
