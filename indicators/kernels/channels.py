"""Kernels of bands and channels: acceleration bands, Donchian and Keltner channels, midpoint and midprice."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range


@helper
def _widened(price: float, high: float, low: float, side: float) -> float:
    total = high + low
    return price if total == 0.0 else price * (1.0 + side * (4.0 * (high - low) / total))


@kernel
def accbands_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Means of highs and lows, each moved outwards by four times the bar's relative range, and of the close; running sums."""
    (highs, lows, closes), (upper, middle, lower), (period,) = ins, outs, params
    above, centre, below = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    if age == 0:
        above[:] = 0.0
        centre[:] = 0.0
        below[:] = 0.0
    for lane in range(high - low):
        above[lane] += _widened(top[lane], top[lane], bottom[lane], 1.0)
        centre[lane] += last[lane]
        below[lane] += _widened(bottom[lane], top[lane], bottom[lane], -1.0)
    if age >= period - 1:
        first = row - period + 1
        old_top, old_bottom, old_last = (
            lanes(highs, first, low, high),
            lanes(lows, first, low, high),
            lanes(closes, first, low, high),
        )
        up, mid, down = lanes(upper, row, low, high), lanes(middle, row, low, high), lanes(lower, row, low, high)
        for lane in range(high - low):
            up[lane] = above[lane] / period
            mid[lane] = centre[lane] / period
            down[lane] = below[lane] / period
            above[lane] -= _widened(old_top[lane], old_top[lane], old_bottom[lane], 1.0)
            centre[lane] -= old_last[lane]
            below[lane] -= _widened(old_bottom[lane], old_top[lane], old_bottom[lane], -1.0)


@kernel
def donchian_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Highest high, lowest low, and the middle of both."""
    (highs, lows), (upper, middle, lower), (period,) = ins, outs, params
    up, down = lanes(upper, row, low, high), lanes(lower, row, low, high)
    extreme_nb(highs, up, period, 1.0, state, 0, row, age, low, high)
    extreme_nb(lows, down, period, -1.0, state, period, row, age, low, high)
    if age >= period - 1:
        mid = lanes(middle, row, low, high)
        for lane in range(high - low):
            mid[lane] = (up[lane] + down[lane]) / 2.0


@kernel
def midpoint_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Middle of the highest and the lowest value. State: both, then their chunks."""
    (values,), (out,), (period,) = ins, outs, params
    up, down = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme_nb(values, up, period, 1.0, state, 2, row, age, low, high)
    extreme_nb(values, down, period, -1.0, state, 2 + period, row, age, low, high)
    if age >= period - 1:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = (up[lane] + down[lane]) / 2.0


@kernel
def midprice_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Middle of the highest high and the lowest low. State: both, then their chunks."""
    (highs, lows), (out,), (period,) = ins, outs, params
    up, down = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme_nb(highs, up, period, 1.0, state, 2, row, age, low, high)
    extreme_nb(lows, down, period, -1.0, state, 2 + period, row, age, low, high)
    if age >= period - 1:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = (up[lane] + down[lane]) / 2.0


@kernel
def kc_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """EMA of the typical price, and multiples of the average true range above and below it. State: both."""
    (highs, lows, closes), (upper, middle, lower), (period, atrperiod, nbdev) = ins, outs, params
    ready = max(period - 1, atrperiod)
    # The shorter of both begins later, so that their first values come on the same bar, as in TA-Lib.
    averaged, ranged = age - ready + period - 1, age - ready + atrperiod
    average, reach = lanes(state, 0, low, high), lanes(state, 1, low, high)
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    if age == 0:
        average[:] = 0.0
        reach[:] = 0.0
    if averaged >= 0:
        weight, kept = (2.0 / (period + 1), 1.0) if averaged >= period else (1.0, 0.0)
        divisor = period if averaged == period - 1 else 1
        for lane in range(high - low):
            typical = (top[lane] + bottom[lane] + last[lane]) / 3.0
            average[lane] = ((typical - average[lane] * kept) * weight + average[lane]) / divisor
    if ranged >= 1:
        before = lanes(closes, row - 1, low, high)
        held = (atrperiod - 1.0) / atrperiod if ranged > atrperiod else 1.0
        added = 1.0 - held if ranged > atrperiod else 1.0
        share = atrperiod if ranged == atrperiod else 1
        for lane in range(high - low):
            reach[lane] = (added * true_range(top[lane], bottom[lane], before[lane]) + held * reach[lane]) / share
    if age >= ready:
        up, mid, down = lanes(upper, row, low, high), lanes(middle, row, low, high), lanes(lower, row, low, high)
        for lane in range(high - low):
            mid[lane] = average[lane]
            up[lane] = average[lane] + reach[lane] * nbdev
            down[lane] = average[lane] - reach[lane] * nbdev
