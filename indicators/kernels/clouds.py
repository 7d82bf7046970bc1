"""Kernels of lines around the price: Ichimoku's cloud, envelopes, the channel of a fitted line."""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.rows import lanes
from indicators.kernels.windows import distances_nb


@helper
def _middle(
    highs: Block, lows: Block, result: Lanes, period: int, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """Middle between highest high and lowest low; needs `2 * period` rows of state from `base` on, and rows 0 and 1."""
    top, bottom = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme_nb(highs, top, period, 1.0, state, base, row, age, low, high)
    extreme_nb(lows, bottom, period, -1.0, state, base + period, row, age, low, high)
    for lane in range(high - low):
        result[lane] = 0.5 * (top[lane] + bottom[lane])


@kernel
def ichimoku_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Middles of three windows; the cloud waits in two rings until its bar has come.

    State: top, bottom, conversion, base; extremes of the three windows; rings of `displacement + 1` bars.
    """
    (highs, lows, closes), (conversion, base, span_a, span_b, lagging), params_ = ins, outs, params
    conversion_period, base_period, span_period, displacement = params_
    fast, slow = lanes(state, 2, low, high), lanes(state, 3, low, high)
    second = 4 + 2 * conversion_period
    third = second + 2 * base_period
    ring, size = third + 2 * span_period, displacement + 1
    _middle(highs, lows, fast, conversion_period, state, 4, row, age, low, high)
    _middle(highs, lows, slow, base_period, state, second, row, age, low, high)
    ahead_a = lanes(state, ring + age % size, low, high)
    _middle(highs, lows, lanes(state, ring + size + age % size, low, high), span_period, state, third, row, age, low, high)
    for lane in range(high - low):
        ahead_a[lane] = 0.5 * (fast[lane] + slow[lane])
    if age >= max(conversion_period, base_period, span_period) - 1 + displacement:
        _copy(fast, lanes(conversion, row, low, high), low, high)
        _copy(slow, lanes(base, row, low, high), low, high)
        _copy(lanes(state, ring + (age + 1) % size, low, high), lanes(span_a, row, low, high), low, high)
        _copy(lanes(state, ring + size + (age + 1) % size, low, high), lanes(span_b, row, low, high), low, high)
        _copy(lanes(closes, row - displacement, low, high), lanes(lagging, row, low, high), low, high)


@helper
def _copy(source: Lanes, target: Lanes, low: int, high: int) -> None:
    for lane in range(high - low):
        target[lane] = source[lane]


@kernel
def envelope_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of the window, and a share of it above and below."""
    (values,), (upper, middle, lower), (period, percent) = ins, outs, params
    if age >= period - 1:
        total, squares, newest = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(values, row, low, high)
        distances_nb(values, total, squares, period, row, low, high)
        above, centre, below = lanes(upper, row, low, high), lanes(middle, row, low, high), lanes(lower, row, low, high)
        for lane in range(high - low):
            mean = newest[lane] + total[lane] / period
            centre[lane] = mean
            above[lane] = mean * (1.0 + percent / 100.0)
            below[lane] = mean * (1.0 - percent / 100.0)


@kernel
def linear_channel_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Line fitted to the window, and the deviation of the window from it. State: mean distance, slope, squares."""
    (values,), (upper, middle, lower), (period, nbdev) = ins, outs, params
    if age < period - 1:
        return
    mean, slope, squares = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    newest, half = lanes(values, row, low, high), 0.5 * (period - 1.0)
    mean[:] = 0.0
    slope[:] = 0.0
    squares[:] = 0.0
    share, spread = 1.0 / period, period * (period * period - 1.0) / 12.0
    for back in range(period):
        one, weight = lanes(values, row - back, low, high), (half - back) / spread
        for lane in range(high - low):
            distance = one[lane] - newest[lane]
            mean[lane] += distance * share
            slope[lane] += distance * weight
    for back in range(period):
        one = lanes(values, row - back, low, high)
        for lane in range(high - low):
            rest = (one[lane] - newest[lane]) - mean[lane] - slope[lane] * (half - back)
            squares[lane] += rest * rest
    above, centre, below = lanes(upper, row, low, high), lanes(middle, row, low, high), lanes(lower, row, low, high)
    for lane in range(high - low):
        end = newest[lane] + (mean[lane] + slope[lane] * half)
        width = nbdev * math.sqrt(squares[lane] / period)
        centre[lane] = end
        above[lane] = end + width
        below[lane] = end - width
