"""Kernels of the Bollinger bands: a moving average, and the standard deviation of the window around it.

The deviation is a running sum of distances from a reference value (the window's own mean, now and then renewed), which
avoids the cancellation of the textbook formula `E[x²] - E[x]²`. The reference is renewed by the rule TA-Lib uses: after
32 windows, when little of the sum of squares is variance, and when the value that leaves outweighs all that stay. That
is decided lane by lane, so lanes stay independent; it is rare, so the common path has no branch per lane.
"""

# Choices are written out: numba's max() treats NaN in its own way, which takes branches.
# ruff: noqa: FURB136

import math

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted
from indicators.kernels.overlap import average_block_nb, average_series_nb

WINDOWS_BETWEEN_RENEWALS = 32
CANCELLED = 1e-6  # share of variance in the mean square below which digits were lost
OUTWEIGHED = 1e6  # square of the leaving value, in sums of squares of the rest
FLAT = 1e-12  # share of variance that is rounding noise even around the window's own mean


@jitted
def bbands_series_nb(
    values: Series, upper: Series, middle: Series, lower: Series, period: int, nbdevup: float, nbdevdn: float, matype: int
) -> None:
    """Average, and `nbdev` population standard deviations above and below it."""
    average_series_nb(values, middle, period, matype)
    _deviation_series(values, lower, period)
    for row in range(values.shape[0]):
        deviation = lower[row]
        upper[row] = middle[row] + deviation * nbdevup
        lower[row] = middle[row] - deviation * nbdevdn


@jitted
def bbands_block_nb(
    values: Block, upper: Block, middle: Block, lower: Block, period: int, nbdevup: float, nbdevdn: float, matype: int
) -> None:
    """As `bbands_series_nb`, for every lane; a simple average is computed on the way, others before."""
    simple = matype == 0
    if not simple:
        average_block_nb(values, middle, period, matype)
    rows, lanes = values.shape
    ready = min(period - 1, rows)
    for out in (upper, middle, lower):
        out[:ready] = np.nan
    if ready == rows:
        return
    share = 1.0 / period
    sums, distances, squares, variances = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes), np.empty(lanes)
    reference, due = np.empty(lanes), np.empty(lanes, np.int64)
    _start_lanes(values[:period], reference, sums, distances, squares)
    for lane in range(lanes):
        due[lane] = ready + WINDOWS_BETWEEN_RENEWALS * period - 1
    for row in range(ready, rows):
        newest, oldest = values[row], values[row - ready]
        mean, above, below = middle[row], upper[row], lower[row]
        hits = 0
        for lane in range(lanes):
            distance = newest[lane] - reference[lane]
            leaving = oldest[lane] - reference[lane]
            total = distances[lane] + distance
            square = squares[lane] + distance * distance
            offset = total * share
            variance = square * share - offset * offset
            square -= leaving * leaving
            distances[lane], squares[lane], variances[lane] = total - leaving, square, variance
            hits += _is_due(variance, square, leaving, share, row >= due[lane])
            deviation = _root(variance)
            added = sums[lane] + newest[lane]
            sums[lane] = added - oldest[lane]
            centre = added / period if simple else mean[lane]
            mean[lane], above[lane], below[lane] = centre, centre + deviation * nbdevup, centre - deviation * nbdevdn
        if hits > 0:
            for lane in range(lanes):
                leaving = oldest[lane] - reference[lane]
                if _is_due(variances[lane], squares[lane], leaving, share, row >= due[lane]):
                    due[lane] = row + WINDOWS_BETWEEN_RENEWALS * period
                    window = values[row - ready : row + 1, lane]
                    reference[lane], distances[lane], squares[lane], variance = _renewed(window, share)
                    above[lane] = mean[lane] + _root(variance) * nbdevup
                    below[lane] = mean[lane] - _root(variance) * nbdevdn


@jitted
def _start_lanes(window: Block, reference: Series, sums: Series, distances: Series, squares: Series) -> None:
    """Take the first value as reference, and sum over the first window but its last row."""
    period, lanes = window.shape
    for lane in range(lanes):
        reference[lane] = window[0, lane]
    for row in range(period - 1):
        newest = window[row]
        for lane in range(lanes):
            distance = newest[lane] - reference[lane]
            sums[lane] += newest[lane]
            distances[lane] += distance
            squares[lane] += distance * distance


@jitted
def _root(variance: float) -> float:
    # NaN is not below zero and stays NaN.
    return math.sqrt(0.0 if variance < 0.0 else variance)


@jitted
def _is_due(variance: float, squares: float, leaving: float, share: float, waited: bool) -> bool:
    return waited | (variance < CANCELLED * (squares * share)) | (leaving * leaving > OUTWEIGHED * squares)


@jitted
def _renewed(window: Series, share: float) -> tuple[float, float, float, float]:
    """Reference, sum and squares (both without the oldest value) and variance of one window, from scratch."""
    total = 0.0
    for value in window:
        total += value
    reference = total * share
    distances = squares = 0.0
    for value in window:
        distances += value - reference
        squares += (value - reference) * (value - reference)
    mean = distances * share
    variance = squares * share - mean * mean
    if variance < FLAT * (squares * share):
        variance = 0.0
    leaving = window[0] - reference
    return reference, distances - leaving, squares - leaving * leaving, variance


@jitted
def _deviation_series(values: Series, out: Series, period: int) -> None:
    rows = values.shape[0]
    ready = min(period - 1, rows)
    out[:ready] = np.nan
    if ready == rows:
        return
    share = 1.0 / period
    reference = values[0]
    distances = squares = 0.0
    for row in range(ready):
        distance = values[row] - reference
        distances += distance
        squares += distance * distance
    due = ready + WINDOWS_BETWEEN_RENEWALS * period - 1
    for row in range(ready, rows):
        distance = values[row] - reference
        leaving = values[row - ready] - reference
        distances += distance
        squares += distance * distance
        mean = distances * share
        variance = squares * share - mean * mean
        distances -= leaving
        squares -= leaving * leaving
        if _is_due(variance, squares, leaving, share, row >= due):
            due = row + WINDOWS_BETWEEN_RENEWALS * period
            reference, distances, squares, variance = _renewed(values[row - ready : row + 1], share)
        out[row] = _root(variance)
