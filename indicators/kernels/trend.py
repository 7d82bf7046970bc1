"""Kernels of ADX and of crossings."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range

# TA-Lib's bound under which the sum of the two directional indicators counts as zero.
NO_DIRECTION = 1e-14


@helper
def movement(ahead: float, other: float) -> float:
    """Directional movement: the larger of the two steps counts, if it is one."""
    return ahead if (ahead > 0.0) & (ahead > other) else 0.0


@helper
def _direction(plus: float, minus: float, ranges: float, otherwise: float) -> float:
    """Directional index (DX); `otherwise` where nothing moved.

    The true range cancels out of `|+DI - -DI| / (+DI + -DI)`; it only says whether there was any.
    """
    total = plus + minus
    moved = (ranges > 0.0) & (100.0 * total >= NO_DIRECTION * ranges)
    return 100.0 * (abs(minus - plus) / total) if moved else otherwise


@kernel
def adx_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average of the directional index of Wilder-smoothed movements."""
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    plus, minus, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    average = lanes(state, 3, low, high)
    if age == 0:
        plus[:] = 0.0
        minus[:] = 0.0
        ranges[:] = 0.0
        average[:] = 0.0
        return
    # Plain sums over the first period, Wilder's smoothing after it.
    share = 1.0 / period
    leaving = share if age >= period else 0.0
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    before = lanes(closes, row - 1, low, high)
    for lane in range(high - low):
        rise, fall = top[lane] - top_before[lane], bottom_before[lane] - bottom[lane]
        plus[lane] = plus[lane] - plus[lane] * leaving + movement(rise, fall)
        minus[lane] = minus[lane] - minus[lane] * leaving + movement(fall, rise)
        ranges[lane] = ranges[lane] - ranges[lane] * leaving + true_range(top[lane], bottom[lane], before[lane])
    ready = 2 * period - 1
    if age < period:
        return
    if age <= ready:
        divisor = period if age == ready else 1
        for lane in range(high - low):
            average[lane] = (average[lane] + _direction(plus[lane], minus[lane], ranges[lane], 0.0)) / divisor
    else:
        kept = period - 1.0
        for lane in range(high - low):
            # Without any movement the average stays: it is its own fixed point.
            direction = _direction(plus[lane], minus[lane], ranges[lane], average[lane])
            average[lane] = (average[lane] * kept + direction) * share
    if age >= ready:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = average[lane]


@kernel
def crossed_above_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where `a` was at or below `b` one bar ago and is above it now."""
    (a, b), (out,), _ = ins, outs, params
    if age > 0:
        _crossed(a, b, lanes(out, row, low, high), row, low, high)


@kernel
def crossed_below_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where `a` was at or above `b` one bar ago and is below it now."""
    (a, b), (out,), _ = ins, outs, params
    if age > 0:
        _crossed(b, a, lanes(out, row, low, high), row, low, high)


@helper
def _crossed(a: Block, b: Block, result: Lanes, row: int, low: int, high: int) -> None:
    a_now, a_before = lanes(a, row, low, high), lanes(a, row - 1, low, high)
    b_now, b_before = lanes(b, row, low, high), lanes(b, row - 1, low, high)
    for lane in range(high - low):
        result[lane] = (a_before[lane] <= b_before[lane]) & (a_now[lane] > b_now[lane])
