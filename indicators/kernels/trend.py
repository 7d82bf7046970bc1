"""Kernels of ADX and of crossings."""

import numpy as np

from indicators.kernels.compiling import Block, Mask, Series, jitted
from indicators.kernels.volatility import true_range

# TA-Lib's bound under which the sum of the two directional indicators counts as zero.
NO_DIRECTION = 1e-14


@jitted
def _movement(ahead: float, other: float) -> float:
    """Directional movement: the larger of the two steps counts, if it is one."""
    return ahead if (ahead > 0.0) & (ahead > other) else 0.0


@jitted
def _direction(plus: float, minus: float, ranges: float, otherwise: float) -> float:
    """Directional index (DX); `otherwise` where nothing moved.

    The true range cancels out of `|+DI - -DI| / (+DI + -DI)`; it only says whether there was any.
    """
    total = plus + minus
    moved = (ranges > 0.0) & (100.0 * total >= NO_DIRECTION * ranges)
    return 100.0 * (abs(minus - plus) / total) if moved else otherwise


@jitted
def adx_series_nb(high: Series, low: Series, close: Series, out: Series, period: int) -> None:
    """Wilder's average of the directional index of Wilder-smoothed movements."""
    rows = high.shape[0]
    ready = 2 * period - 1
    out[: min(ready, rows)] = np.nan
    if rows <= ready:
        return
    share = 1.0 / period
    kept = period - 1.0
    plus = minus = ranges = total = 0.0
    for row in range(1, ready + 1):
        rise, fall = high[row] - high[row - 1], low[row - 1] - low[row]
        if row >= period:
            plus -= plus * share
            minus -= minus * share
            ranges -= ranges * share
        plus += _movement(rise, fall)
        minus += _movement(fall, rise)
        ranges += true_range(high[row], low[row], close[row - 1])
        if row >= period:
            total += _direction(plus, minus, ranges, 0.0)
    average = total / period
    out[ready] = average
    for row in range(ready + 1, rows):
        rise, fall = high[row] - high[row - 1], low[row - 1] - low[row]
        plus = plus - plus * share + _movement(rise, fall)
        minus = minus - minus * share + _movement(fall, rise)
        ranges = ranges - ranges * share + true_range(high[row], low[row], close[row - 1])
        # Without any movement the average stays: it is its own fixed point.
        average = (average * kept + _direction(plus, minus, ranges, average)) * share
        out[row] = average


@jitted
def adx_block_nb(high: Block, low: Block, close: Block, out: Block, period: int) -> None:
    """As `adx_series_nb`, for every lane."""
    rows, lanes = high.shape
    ready = 2 * period - 1
    out[: min(ready, rows)] = np.nan
    if rows <= ready:
        return
    share = 1.0 / period
    kept = period - 1.0
    plus, minus, ranges, total = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    for row in range(1, ready + 1):
        # Plain sums over the first period, Wilder's smoothing after it.
        _move_lanes(high, low, close, row, plus, minus, ranges, share if row >= period else 0.0)
        if row >= period:
            for lane in range(lanes):
                total[lane] += _direction(plus[lane], minus[lane], ranges[lane], 0.0)
    for lane in range(lanes):
        out[ready, lane] = total[lane] / period
    for row in range(ready + 1, rows):
        _move_lanes(high, low, close, row, plus, minus, ranges, share)
        previous, result = out[row - 1], out[row]
        for lane in range(lanes):
            direction = _direction(plus[lane], minus[lane], ranges[lane], previous[lane])
            result[lane] = (previous[lane] * kept + direction) * share


@jitted
def _move_lanes(
    high: Block, low: Block, close: Block, row: int, plus: Series, minus: Series, ranges: Series, share: float
) -> None:
    """Add one bar to the sums of movements and true ranges, after taking `share` of them away."""
    top, top_before, bottom, bottom_before, before = high[row], high[row - 1], low[row], low[row - 1], close[row - 1]
    for lane in range(top.shape[0]):
        rise, fall = top[lane] - top_before[lane], bottom_before[lane] - bottom[lane]
        plus[lane] = plus[lane] - plus[lane] * share + _movement(rise, fall)
        minus[lane] = minus[lane] - minus[lane] * share + _movement(fall, rise)
        ranges[lane] = ranges[lane] - ranges[lane] * share + true_range(top[lane], bottom[lane], before[lane])


@jitted
def crossed_above_series_nb(a: Series, b: Series, out: Mask) -> None:
    """Where `a` was at or below `b` one bar ago and is above it now."""
    rows = a.shape[0]
    out[: min(1, rows)] = False
    for row in range(1, rows):
        out[row] = (a[row - 1] <= b[row - 1]) & (a[row] > b[row])


@jitted
def crossed_above_block_nb(a: Block, b: Block, out: Mask) -> None:
    """As `crossed_above_series_nb`, for every lane."""
    rows, lanes = a.shape
    out[: min(1, rows)] = False
    for row in range(1, rows):
        a_now, b_now, a_before, b_before, result = a[row], b[row], a[row - 1], b[row - 1], out[row]
        for lane in range(lanes):
            result[lane] = (a_before[lane] <= b_before[lane]) & (a_now[lane] > b_now[lane])


@jitted
def crossed_below_series_nb(a: Series, b: Series, out: Mask) -> None:
    """Where `a` was at or above `b` one bar ago and is below it now."""
    crossed_above_series_nb(b, a, out)


@jitted
def crossed_below_block_nb(a: Block, b: Block, out: Mask) -> None:
    """As `crossed_below_series_nb`, for every lane."""
    crossed_above_block_nb(b, a, out)
