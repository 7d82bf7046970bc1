"""Kernels of arithmetic between two series, and of sums and extremes of a window.

Where a window holds its extreme more than once, which of them TA-Lib names depends on how it came there: a search through
the window finds the oldest, a new value that equals the extreme so far replaces it. Hence what is kept is the place of the
extreme, and the window is searched only when that place has left it.
"""

from typing import Any

import numpy as np

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.extremes import extreme_nb, extreme_step_nb
from indicators.kernels.rows import lanes


@kernel
def add_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """One plus the other."""
    (values, others), (out,), _ = ins, outs, params
    one, other, result = lanes(values, row, low, high), lanes(others, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = one[lane] + other[lane]


@kernel
def sub_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """One minus the other."""
    (values, others), (out,), _ = ins, outs, params
    one, other, result = lanes(values, row, low, high), lanes(others, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = one[lane] - other[lane]


@kernel
def mult_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """One times the other."""
    (values, others), (out,), _ = ins, outs, params
    one, other, result = lanes(values, row, low, high), lanes(others, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = one[lane] * other[lane]


@kernel
def div_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """One divided by the other, by the rules of IEEE 754."""
    (values, others), (out,), _ = ins, outs, params
    one, other, result = lanes(values, row, low, high), lanes(others, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = one[lane] / other[lane]


@kernel
def cumsum_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sum of all values so far, added in the order of time."""
    (values,), (out,), _ = ins, outs, params
    total, newest, result = lanes(state, 0, low, high), lanes(values, row, low, high), lanes(out, row, low, high)
    if age == 0:
        total[:] = 0.0
    for lane in range(high - low):
        added = total[lane] + newest[lane]
        total[lane] = added
        result[lane] = added


@kernel
def sum_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum over the window."""
    (values,), (out,), (period,) = ins, outs, params
    total, newest = lanes(state, 0, low, high), lanes(values, row, low, high)
    if age == 0:
        total[:] = 0.0
    if age < period - 1:
        for lane in range(high - low):
            total[lane] += newest[lane]
        return
    oldest, result = lanes(values, row - period + 1, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        added = total[lane] + newest[lane]
        result[lane] = added
        total[lane] = added - oldest[lane]


@kernel
def max_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Highest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_step_nb(values, lanes(out, row, low, high), period, 1.0, state, 0, row, age, low, high)


@kernel
def min_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Lowest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_step_nb(values, lanes(out, row, low, high), period, -1.0, state, 0, row, age, low, high)


@kernel
def minmax_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Lowest and highest of the last `period` values."""
    (values,), (lowest, highest), (period,) = ins, outs, params
    extreme_nb(values, lanes(lowest, row, low, high), period, -1.0, state, 0, row, age, low, high)
    extreme_nb(values, lanes(highest, row, low, high), period, 1.0, state, period, row, age, low, high)


@kernel
def maxindex_nb(ins: Blocks, outs: Any, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Row of the highest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_place_nb(values, lanes(out, row, low, high), period, 1.0, state, 0, row, age, low, high)


@kernel
def minindex_nb(ins: Blocks, outs: Any, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Row of the lowest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_place_nb(values, lanes(out, row, low, high), period, -1.0, state, 0, row, age, low, high)


@kernel
def minmaxindex_nb(ins: Blocks, outs: Any, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Rows of the lowest and the highest of the last `period` values."""
    (values,), (lowest, highest), (period,) = ins, outs, params
    extreme_place_nb(values, lanes(lowest, row, low, high), period, -1.0, state, 0, row, age, low, high)
    extreme_place_nb(values, lanes(highest, row, low, high), period, 1.0, state, 2, row, age, low, high)


@helper
def extreme_place_nb(
    values: Block, result: Any, period: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """Row in which `sign * values` has its maximum over the window that ends in `row`.

    Needs two rows of state from `base` on: the extreme and its age, which unlike its row does not change when rows move up.
    """
    extreme, place, newest = lanes(state, base, low, high), lanes(state, base + 1, low, high), lanes(values, row, low, high)
    if age < period - 1:
        return
    begin, gone, now, first = row - age, 0, 1.0 * age, age - period + 1.0
    if age == period - 1:
        place[:] = -1.0
        gone = 1
    else:
        for lane in range(high - low):
            value, before, held = sign * newest[lane], extreme[lane], place[lane]
            stays = held >= first
            taken = (value >= before) & stays
            gone += not stays
            extreme[lane] = value if taken else before
            held = now if taken else held
            place[lane] = held
            result[lane] = np.int32(begin + held)
    if gone > 0:
        for lane in range(high - low):
            if place[lane] <= age - period:
                found = _first_extreme(values, row - period + 1, row, low + lane, sign)
                place[lane] = found - row + age
                extreme[lane] = sign * values[found, low + lane]
                result[lane] = found


@helper
def _first_extreme(values: Block, first: int, last: int, lane: int, sign: float) -> int:
    """The oldest row in which `sign * values` is highest."""
    found = first
    highest = sign * values[first, lane]
    for at in range(first + 1, last + 1):
        value = sign * values[at, lane]
        if value > highest:
            highest = value
            found = at
    return found
