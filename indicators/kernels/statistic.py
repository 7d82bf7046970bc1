"""Kernels of the spread of a window, and of ranks in it."""

import math
from typing import Any

from indicators.kernels.arithmetic import larger, smaller
from indicators.kernels.bands import deviation_nb
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def stddev_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Population standard deviation of the window, times `nbdev`."""
    (values,), (out,), (period, nbdev) = ins, outs, params
    result = lanes(out, row, low, high)
    deviation_nb(values, result, period, state, 0, row, age, low, high)
    if age >= period - 1 and nbdev != 1.0:
        for lane in range(high - low):
            result[lane] *= nbdev


@kernel
def var_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Population variance of the window."""
    (values,), (out,), (period, _) = ins, outs, params
    result = lanes(out, row, low, high)
    deviation_nb(values, result, period, state, 0, row, age, low, high)
    if age >= period - 1:
        for lane in range(high - low):
            result[lane] *= result[lane]


@kernel
def percentile_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The value of the window that has the given rank.

    State: the window in ascending order, infinity where it has no value yet and after its end, and a row to work with.
    """
    (values,), (out,), (period, percentile) = ins, outs, params
    if age == 0:
        for place in range(period + 1):
            slot = lanes(state, place, low, high)
            slot[:] = math.inf
    if age < period:
        leaving = lanes(state, period, low, high)
    else:
        leaving = lanes(values, row - period, low, high)
    _replace(state, period, lanes(values, row, low, high), leaving, low, high)
    if age >= period - 1:
        rank = min(max(math.ceil(percentile * period / 100.0), 1), period)
        ranked, result = lanes(state, rank - 1, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = ranked[lane]


@helper
def _replace(state: Block, period: int, newest: Lanes, leaving: Lanes, low: int, high: int) -> None:
    """Put one value into the sorted window in place of another, without a branch.

    Without the leaving value, each place holds what it held or what stood above it; with the new one, each holds the middle
    of three: what would be there, what would be below, and the new value.
    """
    below = lanes(state, period + 1, low, high)
    below[:] = -math.inf
    even = period - period % 2
    for place in range(0, even, 2):
        first, second, third = (
            lanes(state, place, low, high),
            lanes(state, place + 1, low, high),
            lanes(state, place + 2, low, high),
        )
        for lane in range(high - low):
            a, b, c, added, taken = first[lane], second[lane], third[lane], newest[lane], leaving[lane]
            one = a if a < taken else b
            two = b if b < taken else c
            first[lane] = smaller(one, larger(below[lane], added))
            second[lane] = smaller(two, larger(one, added))
            below[lane] = two
    if even < period:
        last = lanes(state, even, low, high)
        for lane in range(high - low):
            last[lane] = larger(below[lane], newest[lane])


@kernel
def percentrank_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Share of the `period` values before that are below this one."""
    (values,), (out,), (period,) = ins, outs, params
    if age < period:
        return
    newest, result = lanes(values, row, low, high), lanes(out, row, low, high)
    result[:] = 0.0
    whole = row - period % 4
    for at in range(row - period, whole, 4):
        a, b = lanes(values, at, low, high), lanes(values, at + 1, low, high)
        c, d = lanes(values, at + 2, low, high), lanes(values, at + 3, low, high)
        for lane in range(high - low):
            limit = newest[lane]
            first = (1.0 if a[lane] < limit else 0.0) + (1.0 if b[lane] < limit else 0.0)
            result[lane] += first + (1.0 if c[lane] < limit else 0.0) + (1.0 if d[lane] < limit else 0.0)
    for at in range(whole, row):
        a = lanes(values, at, low, high)
        for lane in range(high - low):
            result[lane] += 1.0 if a[lane] < newest[lane] else 0.0
    for lane in range(high - low):
        result[lane] = result[lane] / period * 100.0
