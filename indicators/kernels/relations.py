"""Kernels of how two series go together: correlation of their values, regression of their changes.

Running sums of distances from a reference near the window keep the digits that sums of the values themselves lose. The
reference is renewed (the window's mean, sums from scratch) by TA-Lib's rule: after 32 windows, when little of a sum of
squares is variance, and when what left outweighs what stays. Which lanes are due is a row of state, so that the common
path has no branch per lane and lanes stay independent.
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

# Rows of state: reference of either series, five sums, what left with the last bar, when a renewal is due, and whether.
SUMS = 2
LEFT = 7
DUE = 9
STALE = 10


@helper
def _clear(state: Block, low: int, high: int, due: float) -> None:
    for kept in range(SUMS, DUE):
        quantity = lanes(state, kept, low, high)
        quantity[:] = 0.0
    waiting = lanes(state, DUE, low, high)
    waiting[:] = due


@helper
def _correlation(xx: float, yy: float, xy: float, flat: bool) -> float:
    # NaN is neither above nor below and stays NaN, as the value it came from.
    value = xy / math.sqrt(1.0 if flat else xx * yy)
    capped = 1.0 if value > 1.0 else value  # noqa: FURB136 - numba's min() takes branches for NaN
    capped = -1.0 if capped < -1.0 else capped  # noqa: FURB136 - as above
    return 0.0 if flat else capped


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
    for lane in range(high - low):
        x, y = one[lane] - at_x[lane], other[lane] - at_y[lane]
        sum_x[lane] += x
        sum_y[lane] += y
        sum_xx[lane] += x * x
        sum_yy[lane] += y * y
        sum_xy[lane] += x * y
    if age < period - 1:
        return
    left_x, left_y = lanes(state, LEFT, low, high), lanes(state, LEFT + 1, low, high)
    due, stale, result = lanes(state, DUE, low, high), lanes(state, STALE, low, high), lanes(out, row, low, high)
    oldest, oldest_other = lanes(values, row - period + 1, low, high), lanes(others, row - period + 1, low, high)
    share = 1.0 / period
    hits = 0.0
    for lane in range(high - low):
        squares_x, squares_y = sum_xx[lane], sum_yy[lane]
        xx = squares_x - sum_x[lane] * sum_x[lane] * share
        yy = squares_y - sum_y[lane] * sum_y[lane] * share
        lost = (xx < CANCELLED * squares_x) | (yy < CANCELLED * squares_y)
        outweighed = (left_x[lane] > OUTWEIGHED * squares_x) | (left_y[lane] > OUTWEIGHED * squares_y)
        stale[lane] = 1.0 if lost | outweighed | (age >= due[lane]) else 0.0
        hits += stale[lane]
    if hits > 0.0:
        for lane in range(high - low):
            if stale[lane] > 0.0:
                due[lane] = age + WINDOWS_BETWEEN_RENEWALS * period
                _renew_values(values, others, period, state, row, low + lane)
    for lane in range(high - low):
        squares_x, squares_y = sum_xx[lane], sum_yy[lane]
        xx = squares_x - sum_x[lane] * sum_x[lane] * share
        yy = squares_y - sum_y[lane] * sum_y[lane] * share
        xy = sum_xy[lane] - sum_x[lane] * sum_y[lane] * share
        varied = (xx > FLAT * squares_x) & (yy > FLAT * squares_y)
        result[lane] = _correlation(xx, yy, xy, not varied)
        x, y = oldest[lane] - at_x[lane], oldest_other[lane] - at_y[lane]
        left_x[lane] = x * x
        left_y[lane] = y * y
        sum_x[lane] -= x
        sum_y[lane] -= y
        sum_xx[lane] = squares_x - x * x
        sum_yy[lane] = squares_y - y * y
        sum_xy[lane] -= x * y


@helper
def _renew_values(values: Block, others: Block, period: int, state: Block, row: int, lane: int) -> None:
    """References and sums of one lane from scratch, from the window that ends in `row`."""
    total_x = total_y = 0.0
    for at in range(row - period + 1, row + 1):
        total_x += values[at, lane]
        total_y += others[at, lane]
    share = 1.0 / period
    at_x, at_y = total_x * share, total_y * share
    sum_x = sum_y = sum_xx = sum_yy = sum_xy = 0.0
    for at in range(row - period + 1, row + 1):
        x, y = values[at, lane] - at_x, others[at, lane] - at_y
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_yy += y * y
        sum_xy += x * y
    state[0, lane], state[1, lane] = at_x, at_y
    state[SUMS, lane], state[SUMS + 1, lane] = sum_x, sum_y
    state[SUMS + 2, lane], state[SUMS + 3, lane], state[SUMS + 4, lane] = sum_xx, sum_yy, sum_xy


@helper
def _change(newest: float, before: float) -> float:
    """Change in shares of the price before; 0 if there was no price."""
    nothing = abs(before) < NOTHING
    change = (newest - before) / (1.0 if nothing else before)
    return 0.0 if nothing else change


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
    due, stale = lanes(state, DUE, low, high), lanes(state, STALE, low, high)
    hits = 0.0
    for lane in range(high - low):
        squares = period * sum_xx[lane]
        lost = squares - sum_x[lane] * sum_x[lane] < CANCELLED * squares
        outweighed = (left_x[lane] > CHANGE_OUTWEIGHED * sum_xx[lane]) | (left_y[lane] > CHANGE_OUTWEIGHED * sum_yy[lane])
        stale[lane] = 1.0 if lost | outweighed | (age >= due[lane]) else 0.0
        hits += stale[lane]
    if hits > 0.0:
        for lane in range(high - low):
            if stale[lane] > 0.0:
                due[lane] = age + WINDOWS_BETWEEN_RENEWALS * period
                _renew_changes(values, others, period, state, row, low + lane)
    first, first_other = lanes(values, row - period, low, high), lanes(others, row - period, low, high)
    second, second_other = lanes(values, row - period + 1, low, high), lanes(others, row - period + 1, low, high)
    result = lanes(out, row, low, high)
    for lane in range(high - low):
        squares = period * sum_xx[lane]
        spread = squares - sum_x[lane] * sum_x[lane]
        varied = spread > FLAT * squares
        slope = (period * sum_xy[lane] - sum_x[lane] * sum_y[lane]) / (spread if varied else 1.0)
        result[lane] = slope if varied else 0.0
        x = _change(second[lane], first[lane]) - at_x[lane]
        y = _change(second_other[lane], first_other[lane]) - at_y[lane]
        left_x[lane] = x * x
        left_y[lane] = y * y
        sum_x[lane] -= x
        sum_y[lane] -= y
        sum_xx[lane] -= x * x
        sum_yy[lane] -= y * y
        sum_xy[lane] -= x * y


@helper
def _renew_changes(values: Block, others: Block, period: int, state: Block, row: int, lane: int) -> None:
    """References and sums of one lane from scratch, from the changes of the window that ends in `row`."""
    total_x = total_y = 0.0
    for at in range(row - period + 1, row + 1):
        total_x += _change(values[at, lane], values[at - 1, lane])
        total_y += _change(others[at, lane], others[at - 1, lane])
    at_x, at_y = total_x / period, total_y / period
    sum_x = sum_y = sum_xx = sum_yy = sum_xy = 0.0
    for at in range(row - period + 1, row + 1):
        x = _change(values[at, lane], values[at - 1, lane]) - at_x
        y = _change(others[at, lane], others[at - 1, lane]) - at_y
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_yy += y * y
        sum_xy += x * y
    state[0, lane], state[1, lane] = at_x, at_y
    state[SUMS, lane], state[SUMS + 1, lane] = sum_x, sum_y
    state[SUMS + 2, lane], state[SUMS + 3, lane], state[SUMS + 4, lane] = sum_xx, sum_yy, sum_xy
