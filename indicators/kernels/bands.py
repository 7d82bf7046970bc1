"""Kernels of the Bollinger bands: a moving average, and the standard deviation of the window around it.

The deviation is a running sum of distances from a reference value (the window's own mean, now and then renewed), which
avoids the cancellation of the textbook formula `E[x²] - E[x]²`. The reference is renewed by the rule TA-Lib uses: after
32 windows, when little of the sum of squares is variance, and when the value that leaves outweighs all that stay. That
is decided lane by lane, so lanes stay independent; it is rare, so the common path has no branch per lane.
"""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.overlap import average_step_nb, copy_nb
from indicators.kernels.rows import lanes
from indicators.matypes import DEFAULT, SMA

WINDOWS_BETWEEN_RENEWALS = 32
CANCELLED = 1e-6  # share of variance in the mean square below which digits were lost
OUTWEIGHED = 1e6  # square of the leaving value, in sums of squares of the rest
FLAT = 1e-12  # share of variance that is rounding noise even around the window's own mean


@kernel
def bbands_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Average, and `nbdev` population standard deviations above and below it.

    State: deviation and mean of this bar, what `deviation_nb` keeps (5), what the average keeps.
    """
    (values,), (upper, middle, lower), (period, nbdevup, nbdevdn, matype) = ins, outs, params
    deviation, mean, newest = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(values, row, low, high)
    ready = max(average_leading_nb(period, matype), period - 1)
    # TA-Lib measures deviations over the windows it has an average for.
    measured = age - (ready - (period - 1))
    if measured >= 0:
        deviation_nb(values, deviation, period, state, 2, row, measured, low, high)
    simple = matype in (SMA, DEFAULT)
    if not simple:
        average_step_nb(newest, mean, period, matype, state, 7, age, low, high)
    elif age == 0:
        copy_nb(newest, mean, low, high)
    elif age < ready:
        for lane in range(high - low):
            mean[lane] += newest[lane]
    if age < ready:
        return
    above, centre, below = lanes(upper, row, low, high), lanes(middle, row, low, high), lanes(lower, row, low, high)
    if simple:
        # The sum of the window before, without its oldest value, is kept in place of the mean: one loop for all.
        oldest = lanes(values, row - period + 1, low, high)
        for lane in range(high - low):
            total = mean[lane] + newest[lane]
            at, spread = total / period, deviation[lane]
            centre[lane] = at
            above[lane] = at + spread * nbdevup
            below[lane] = at - spread * nbdevdn
            mean[lane] = total - oldest[lane]
        return
    for lane in range(high - low):
        at, spread = mean[lane], deviation[lane]
        centre[lane] = at
        above[lane] = at + spread * nbdevup
        below[lane] = at - spread * nbdevdn


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def deviation_nb(
    values: Block, result: Lanes, period: int, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """Population standard deviation of the window that ends in `row`; needs five rows of state from `base` on."""
    reference, distances, squares = (
        lanes(state, base, low, high),
        lanes(state, base + 1, low, high),
        lanes(state, base + 2, low, high),
    )
    due, variances = lanes(state, base + 3, low, high), lanes(state, base + 4, low, high)
    newest = lanes(values, row, low, high)
    if age == 0:
        for lane in range(high - low):
            reference[lane] = newest[lane]
            due[lane] = (1 + WINDOWS_BETWEEN_RENEWALS) * period - 2
        distances[:] = 0.0
        squares[:] = 0.0
    if age < period - 1:
        for lane in range(high - low):
            distance = newest[lane] - reference[lane]
            distances[lane] += distance
            squares[lane] += distance * distance
        return
    share = 1.0 / period
    oldest = lanes(values, row - period + 1, low, high)
    hits = 0
    for lane in range(high - low):
        distance = newest[lane] - reference[lane]
        leaving = oldest[lane] - reference[lane]
        total = distances[lane] + distance
        square = squares[lane] + distance * distance
        offset = total * share
        variance = square * share - offset * offset
        square -= leaving * leaving
        distances[lane] = total - leaving
        squares[lane] = square
        variances[lane] = variance
        hits += _is_due(variance, square, leaving, share, age >= due[lane])
        result[lane] = _root(variance)
    if hits > 0:
        for lane in range(high - low):
            leaving = oldest[lane] - reference[lane]
            if _is_due(variances[lane], squares[lane], leaving, share, age >= due[lane]):
                due[lane] = age + WINDOWS_BETWEEN_RENEWALS * period
                renewed = _renewed(values, row, low + lane, period)
                reference[lane], distances[lane], squares[lane], variance = renewed
                result[lane] = _root(variance)


@helper
def _root(variance: float) -> float:
    # NaN is not below zero and stays NaN.
    return math.sqrt(0.0 if variance < 0.0 else variance)  # noqa: FURB136 - numba's max() takes branches for NaN


@helper
def _is_due(variance: float, squares: float, leaving: float, share: float, waited: bool) -> bool:
    return waited | (variance < CANCELLED * (squares * share)) | (leaving * leaving > OUTWEIGHED * squares)


@helper
def _renewed(values: Block, row: int, lane: int, period: int) -> tuple[float, float, float, float]:
    """Reference, sum and squares (both without the oldest value) and variance of one window, from scratch."""
    first = row - period + 1
    total = 0.0
    for at in range(first, row + 1):
        total += values[at, lane]
    share = 1.0 / period
    reference = total * share
    distances = squares = 0.0
    for at in range(first, row + 1):
        distances += values[at, lane] - reference
        squares += (values[at, lane] - reference) * (values[at, lane] - reference)
    mean = distances * share
    variance = squares * share - mean * mean
    if variance < FLAT * (squares * share):
        variance = 0.0
    leaving = values[first, lane] - reference
    return reference, distances - leaving, squares - leaving * leaving, variance
