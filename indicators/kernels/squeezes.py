"""Kernels of how narrow a market is: the squeeze, the momentum that goes with it, and the choppiness index."""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range
from indicators.kernels.windows import distances_nb, sum_of_rows_nb

# Ranges below this share of the prices are rounding noise.
NOISE = 1e-14


@helper
def _keep_range(
    highs: Block, lows: Block, closes: Block, state: Block, base: int, period: int, row: int, age: int, low: int, high: int
) -> None:
    """Put the true range of this bar, which is not the first, into its slot of a ring."""
    slot = lanes(state, base + age % period, low, high)
    top, bottom, before = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row - 1, low, high)
    for lane in range(high - low):
        slot[lane] = true_range(top[lane], bottom[lane], before[lane])


@kernel
def squeeze_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Whether the Bollinger bands lie inside the Keltner channel.

    Both lie around the same mean, so only their widths are compared; squared and times the squared period, so that neither
    a root nor a division can turn a tie into a difference. State: three sums, ring of true ranges.
    """
    (highs, lows, closes), (out,), (period, nbdev, nbrange) = ins, outs, params
    if age == 0:
        return
    total, squares, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    _keep_range(highs, lows, closes, state, 3, period, row, age, low, high)
    if age >= period:
        distances_nb(closes, total, squares, period, row, low, high)
        sum_of_rows_nb(state, 3, period, ranges, low, high)
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            bollinger = nbdev * nbdev * (period * squares[lane] - total[lane] * total[lane])
            keltner = nbrange * ranges[lane]
            result[lane] = bollinger < keltner * keltner


@kernel
def squeeze_momentum_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Last point of the line fitted to the distances of the close from the middle of the market.

    State: top and bottom of the window, sums of distances, both extremes' chunks, ring of distances from the middle.
    """
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    top, bottom = lanes(state, 0, low, high), lanes(state, 1, low, high)
    total, squares = lanes(state, 2, low, high), lanes(state, 3, low, high)
    extreme_nb(highs, top, period, 1.0, state, 4, row, age, low, high)
    extreme_nb(lows, bottom, period, -1.0, state, 4 + period, row, age, low, high)
    if age < period - 1:
        return
    distances_nb(closes, total, squares, period, row, low, high)
    ring = 4 + 2 * period
    last, slot = lanes(closes, row, low, high), lanes(state, ring + age % period, low, high)
    for lane in range(high - low):
        middle = 0.5 * ((top[lane] - last[lane]) + (bottom[lane] - last[lane]))
        slot[lane] = -0.5 * (middle + total[lane] / period)
    if age >= 2 * (period - 1):
        _line_end(state, ring, period, lanes(out, row, low, high), age, low, high)


@helper
def _line_end(state: Block, ring: int, period: int, result: Lanes, age: int, low: int, high: int) -> None:
    """Least squares over the ring; the value of the line on the newest bar is a weighted sum of what it is fitted to."""
    result[:] = 0.0
    for back in range(period):
        one = lanes(state, ring + (age - back) % period, low, high)
        weight = (4.0 * period - 2.0 - 6.0 * back) / (period * (period + 1.0))
        for lane in range(high - low):
            result[lane] += weight * one[lane]


@helper
def _choppy(ranges: float, reach: float, noise: float, period: int) -> float:
    moved = (reach > noise) & (ranges > 0.0)
    steps = ranges if moved else 1.0
    way = reach if moved else 1.0
    return 100.0 * math.log10(steps / way) / math.log10(period) if moved else 100.0


@kernel
def choppiness_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sum of the true ranges over the range of the whole window, as a logarithm.

    State: top and bottom of the window, sum of ranges, both extremes' chunks, ring of true ranges.
    """
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    top, bottom, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    extreme_nb(highs, top, period, 1.0, state, 3, row, age, low, high)
    extreme_nb(lows, bottom, period, -1.0, state, 3 + period, row, age, low, high)
    if age == 0:
        return
    ring = 3 + 2 * period
    _keep_range(highs, lows, closes, state, ring, period, row, age, low, high)
    if age >= period:
        sum_of_rows_nb(state, ring, period, ranges, low, high)
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            noise = NOISE * (abs(top[lane]) + abs(bottom[lane]))
            result[lane] = _choppy(ranges[lane], top[lane] - bottom[lane], noise, period)
