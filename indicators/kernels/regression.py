"""Kernels of the straight line that fits a window best: its end, its next value, its slope, angle and beginning.

Bars of the window are counted backwards (0: the newest) in the weighted sum. When the window moves on, every value that
stays weighs one more, which adds the plain sum, and the oldest goes with its full weight: two running sums are enough.
They are added up anew by TA-Lib's rule, lane by lane: after 32 windows, and when the value that leaves outweighs all that
stay, of which it leaves nothing but rounding.
"""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes

WINDOWS_BETWEEN_RENEWALS = 32
OUTWEIGHED = 100.0  # weight of the leaving value, in sums of the window


@helper
def line_sums_nb(values: Block, period: int, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bring the weighted (row 0 of state) and the plain sum (row 1) of the window up to `row`; row 2 is when to renew them."""
    weighted, plain, newest = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(values, row, low, high)
    due = lanes(state, 2, low, high)
    if age == 0:
        weighted[:] = 0.0
        plain[:] = 0.0
        due[:] = (1.0 + WINDOWS_BETWEEN_RENEWALS) * period - 1.0
    if age < period:
        weight = period - 1.0 - age
        for lane in range(high - low):
            plain[lane] += newest[lane]
            weighted[lane] += weight * newest[lane]
        return
    oldest = lanes(values, row - period, low, high)
    hits = 0
    for lane in range(high - low):
        leaving, total = period * oldest[lane], plain[lane]
        weighted[lane] = weighted[lane] + total - leaving
        left = total - oldest[lane] + newest[lane]
        plain[lane] = left
        hits += (age >= due[lane]) | (abs(leaving) > OUTWEIGHED * abs(left))
    if hits > 0:
        for lane in range(high - low):
            if (age >= due[lane]) | (abs(period * oldest[lane]) > OUTWEIGHED * abs(plain[lane])):
                due[lane] = age + WINDOWS_BETWEEN_RENEWALS * period
                _renew(values, period, state, row, low + lane)


@helper
def _renew(values: Block, period: int, state: Block, row: int, lane: int) -> None:
    """Both sums of one lane from scratch, oldest value first."""
    weighted = plain = 0.0
    for back in range(period - 1, -1, -1):
        value = values[row - back, lane]
        plain += value
        weighted += back * value
    state[0, lane], state[1, lane] = weighted, plain


@helper
def _slope(weighted: float, plain: float, period: int) -> float:
    """Rise of the line from one bar to the next; what depends on the period alone leaves the loop over lanes."""
    places = period * (period - 1.0) * 0.5
    squares = period * (period - 1.0) * (2.0 * period - 1.0) / 6.0
    return (period * weighted - places * plain) * (1.0 / (places * places - period * squares))


@helper
def _beginning(slope: float, plain: float, period: int) -> float:
    """The line at the oldest bar."""
    return (plain - slope * (period * (period - 1.0) * 0.5)) * (1.0 / period)


@kernel
def linearreg_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The line at the newest bar."""
    (values,), (out,), (period,) = ins, outs, params
    line_sums_nb(values, period, state, row, age, low, high)
    if age >= period - 1:
        line_value_nb(state, lanes(out, row, low, high), period, period - 1.0, low, high)


@kernel
def tsf_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The line one bar after the newest."""
    (values,), (out,), (period,) = ins, outs, params
    line_sums_nb(values, period, state, row, age, low, high)
    if age >= period - 1:
        line_value_nb(state, lanes(out, row, low, high), period, 1.0 * period, low, high)


@kernel
def linearreg_intercept_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The line at the oldest bar."""
    (values,), (out,), (period,) = ins, outs, params
    line_sums_nb(values, period, state, row, age, low, high)
    if age >= period - 1:
        line_value_nb(state, lanes(out, row, low, high), period, 0.0, low, high)


@helper
def line_value_nb(state: Block, result: Any, period: int, place: float, low: int, high: int) -> None:
    """The line so many bars after the oldest."""
    weighted, plain = lanes(state, 0, low, high), lanes(state, 1, low, high)
    for lane in range(high - low):
        slope = _slope(weighted[lane], plain[lane], period)
        result[lane] = _beginning(slope, plain[lane], period) + slope * place


@kernel
def linearreg_slope_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Rise of the line from bar to bar."""
    (values,), (out,), (period,) = ins, outs, params
    line_sums_nb(values, period, state, row, age, low, high)
    if age >= period - 1:
        weighted, plain, result = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _slope(weighted[lane], plain[lane], period)


@kernel
def linearreg_angle_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Arc tangent of the rise, in degrees."""
    (values,), (out,), (period,) = ins, outs, params
    line_sums_nb(values, period, state, row, age, low, high)
    if age >= period - 1:
        weighted, plain, result = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = math.atan(_slope(weighted[lane], plain[lane], period)) * (180.0 / math.pi)
