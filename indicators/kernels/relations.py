"""Kernels of how two series go together: correlation of their values, regression of their changes.

Running sums of distances from a reference near the window keep the digits that sums of the values themselves lose. The
reference is renewed (the window's mean, sums from scratch) by TA-Lib's rule: after 32 windows, when little of a sum of
squares is variance, and when what left outweighs what stays. Lanes that are due are marked in state and done over, so
that the common path has no branch per lane and lanes stay independent.
"""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes

WINDOWS_BETWEEN_RENEWALS = 32
CANCELLED = 1e-6  # share of variance in a sum of squares below which digits were lost
OUTWEIGHED = 1e6  # square of the leaving value, in sums of squares of the rest
CHANGE_OUTWEIGHED = 1e3  # the same among changes
FLAT = 1e-14  # share of variance that is rounding noise
NOTHING = 1e-14  # prices below this have no change

# Rows of state: reference of either series, five sums, what left with the last bar, when a renewal is due (-1: now).
SUMS = 2
LEFT = 7
DUE = 9


@helper
def _clear(state: Block, low: int, high: int, due: float) -> None:
    for kept in range(SUMS, DUE):
        quantity = lanes(state, kept, low, high)
        quantity[:] = 0.0
    waiting = lanes(state, DUE, low, high)
    waiting[:] = due


@helper
def _correlation(xx: float, yy: float, xy: float, varied: bool) -> float:
    value = xy / math.sqrt(xx * yy if varied else 1.0)
    capped = 1.0 if value > 1.0 else value  # noqa: FURB136 - numba's min() takes branches for NaN
    capped = -1.0 if capped < -1.0 else capped  # noqa: FURB136 - as above
    return capped if varied else 0.0


@kernel
def correl_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Pearson's correlation of two series over the window."""
    (values, others), (out,), (period,) = ins, outs, params
    at_x, at_y = lanes(state, 0, low, high), lanes(state, 1, low, high)
    one, other = lanes(values, row, low, high), lanes(others, row, low, high)
    if age == 0:
        for lane in range(high - low):
            at_x[lane] = one[lane]
            at_y[lane] = other[lane]
        _clear(state, low, high, (1.0 + WINDOWS_BETWEEN_RENEWALS) * period - 2.0)
    sum_x, sum_y = lanes(state, SUMS, low, high), lanes(state, SUMS + 1, low, high)
    sum_xx, sum_yy = lanes(state, SUMS + 2, low, high), lanes(state, SUMS + 3, low, high)
    sum_xy = lanes(state, SUMS + 4, low, high)
    if age < period - 1:
        for lane in range(high - low):
            x, y = one[lane] - at_x[lane], other[lane] - at_y[lane]
            sum_x[lane] += x
            sum_y[lane] += y
            sum_xx[lane] += x * x
            sum_yy[lane] += y * y
            sum_xy[lane] += x * y
        return
    left_x, left_y = lanes(state, LEFT, low, high), lanes(state, LEFT + 1, low, high)
    due, result = lanes(state, DUE, low, high), lanes(out, row, low, high)
    oldest, oldest_other = lanes(values, row - period + 1, low, high), lanes(others, row - period + 1, low, high)
    share = 1.0 / period
    hits = 0
    for lane in range(high - low):
        x, y = one[lane] - at_x[lane], other[lane] - at_y[lane]
        total_x, total_y, squares_xy = sum_x[lane] + x, sum_y[lane] + y, sum_xy[lane] + x * y
        squares_x, squares_y = sum_xx[lane] + x * x, sum_yy[lane] + y * y
        xx, yy = squares_x - total_x * total_x * share, squares_y - total_y * total_y * share
        lost = (xx < CANCELLED * squares_x) | (yy < CANCELLED * squares_y)
        outweighed = (left_x[lane] > OUTWEIGHED * squares_x) | (left_y[lane] > OUTWEIGHED * squares_y)
        stale = lost | outweighed | (age >= due[lane])
        hits += stale
        due[lane] = -1.0 if stale else due[lane]
        varied = (xx > FLAT * squares_x) & (yy > FLAT * squares_y)
        result[lane] = _correlation(xx, yy, squares_xy - total_x * total_y * share, varied)
        x, y = oldest[lane] - at_x[lane], oldest_other[lane] - at_y[lane]
        left_x[lane] = x * x
        left_y[lane] = y * y
        sum_x[lane] = total_x - x
        sum_y[lane] = total_y - y
        sum_xx[lane] = squares_x - x * x
        sum_yy[lane] = squares_y - y * y
        sum_xy[lane] = squares_xy - x * y
    if hits > 0:
        for lane in range(high - low):
            if due[lane] < 0.0:
                due[lane] = age + WINDOWS_BETWEEN_RENEWALS * period
                result[lane] = _renewed_correlation(values, others, period, state, row, low + lane)


@helper
def _renewed_correlation(values: Block, others: Block, period: int, state: Block, row: int, lane: int) -> float:
    """The correlation of one lane from scratch; its references and sums become those of the window without the oldest bar."""
    total_x = total_y = 0.0
    first = row - period + 1
    for at in range(first, row + 1):
        total_x += values[at, lane]
        total_y += others[at, lane]
    share = 1.0 / period
    at_x, at_y = total_x * share, total_y * share
    sum_x = sum_y = sum_xx = sum_yy = sum_xy = 0.0
    for at in range(first, row + 1):
        x, y = values[at, lane] - at_x, others[at, lane] - at_y
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_yy += y * y
        sum_xy += x * y
    x, y = values[first, lane] - at_x, others[first, lane] - at_y
    state[0, lane], state[1, lane] = at_x, at_y
    state[SUMS, lane], state[SUMS + 1, lane] = sum_x - x, sum_y - y
    state[SUMS + 2, lane], state[SUMS + 3, lane], state[SUMS + 4, lane] = sum_xx - x * x, sum_yy - y * y, sum_xy - x * y
    state[LEFT, lane], state[LEFT + 1, lane] = x * x, y * y
    xx, yy = sum_xx - sum_x * sum_x * share, sum_yy - sum_y * sum_y * share
    varied = (xx > FLAT * sum_xx) & (yy > FLAT * sum_yy)
    return float(_correlation(xx, yy, sum_xy - sum_x * sum_y * share, varied))


@helper
def _change(newest: float, before: float) -> float:
    """Change in shares of the price before; 0 if there was no price."""
    nothing = abs(before) < NOTHING
    change = (newest - before) / (1.0 if nothing else before)
    return 0.0 if nothing else change


@helper
def _slope(spread: float, together: float, varied: bool) -> float:
    return together / spread if varied else 0.0


@kernel
def beta_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Slope of the second series' changes over those of the first."""
    (values, others), (out,), (period,) = ins, outs, params
    if age == 0:
        return
    at_x, at_y = lanes(state, 0, low, high), lanes(state, 1, low, high)
    one, other = lanes(values, row, low, high), lanes(others, row, low, high)
    one_before, other_before = lanes(values, row - 1, low, high), lanes(others, row - 1, low, high)
    if age == 1:
        for lane in range(high - low):
            at_x[lane] = _change(one[lane], one_before[lane])
            at_y[lane] = _change(other[lane], other_before[lane])
        _clear(state, low, high, (1.0 + WINDOWS_BETWEEN_RENEWALS) * period - 1.0)
    sum_x, sum_y = lanes(state, SUMS, low, high), lanes(state, SUMS + 1, low, high)
    sum_xx, sum_yy = lanes(state, SUMS + 2, low, high), lanes(state, SUMS + 3, low, high)
    sum_xy = lanes(state, SUMS + 4, low, high)
    for lane in range(high - low):
        x = _change(one[lane], one_before[lane]) - at_x[lane]
        y = _change(other[lane], other_before[lane]) - at_y[lane]
        sum_x[lane] += x
        sum_y[lane] += y
        sum_xx[lane] += x * x
        sum_yy[lane] += y * y
        sum_xy[lane] += x * y
    if age < period:
        return
    left_x, left_y = lanes(state, LEFT, low, high), lanes(state, LEFT + 1, low, high)
    due, result = lanes(state, DUE, low, high), lanes(out, row, low, high)
    first, first_other = lanes(values, row - period, low, high), lanes(others, row - period, low, high)
    second, second_other = lanes(values, row - period + 1, low, high), lanes(others, row - period + 1, low, high)
    hits = 0
    for lane in range(high - low):
        total_x, squares = sum_x[lane], period * sum_xx[lane]
        spread = squares - total_x * total_x
        outweighed = (left_x[lane] > CHANGE_OUTWEIGHED * sum_xx[lane]) | (left_y[lane] > CHANGE_OUTWEIGHED * sum_yy[lane])
        stale = outweighed | (spread < CANCELLED * squares) | (age >= due[lane])
        hits += stale
        due[lane] = -1.0 if stale else due[lane]
        result[lane] = _slope(spread, period * sum_xy[lane] - total_x * sum_y[lane], spread > FLAT * squares)
        x = _change(second[lane], first[lane]) - at_x[lane]
        y = _change(second_other[lane], first_other[lane]) - at_y[lane]
        left_x[lane] = x * x
        left_y[lane] = y * y
        sum_x[lane] = total_x - x
        sum_y[lane] -= y
        sum_xx[lane] -= x * x
        sum_yy[lane] -= y * y
        sum_xy[lane] -= x * y
    if hits > 0:
        for lane in range(high - low):
            if due[lane] < 0.0:
                due[lane] = age + WINDOWS_BETWEEN_RENEWALS * period
                result[lane] = _renewed_beta(values, others, period, state, row, low + lane)


@helper
def _renewed_beta(values: Block, others: Block, period: int, state: Block, row: int, lane: int) -> float:
    """The slope of one lane from scratch; its references and sums become those of the window without the oldest change."""
    total_x = total_y = 0.0
    first = row - period + 1
    for at in range(first, row + 1):
        total_x += _change(values[at, lane], values[at - 1, lane])
        total_y += _change(others[at, lane], others[at - 1, lane])
    at_x, at_y = total_x / period, total_y / period
    sum_x = sum_y = sum_xx = sum_yy = sum_xy = 0.0
    for at in range(first, row + 1):
        x = _change(values[at, lane], values[at - 1, lane]) - at_x
        y = _change(others[at, lane], others[at - 1, lane]) - at_y
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_yy += y * y
        sum_xy += x * y
    x = _change(values[first, lane], values[first - 1, lane]) - at_x
    y = _change(others[first, lane], others[first - 1, lane]) - at_y
    state[0, lane], state[1, lane] = at_x, at_y
    state[SUMS, lane], state[SUMS + 1, lane] = sum_x - x, sum_y - y
    state[SUMS + 2, lane], state[SUMS + 3, lane], state[SUMS + 4, lane] = sum_xx - x * x, sum_yy - y * y, sum_xy - x * y
    state[LEFT, lane], state[LEFT + 1, lane] = x * x, y * y
    squares = period * sum_xx
    spread = squares - sum_x * sum_x
    return float(_slope(spread, period * sum_xy - sum_x * sum_y, spread > FLAT * squares))
