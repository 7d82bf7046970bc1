"""Kernels of the highest and lowest value of a sliding window.

Method of van Herk (1992) and Gil and Werman (1993): time is cut into chunks as long as the window; a window is then the
tail of one chunk and the head of the next, and both maxima are running ones. Three comparisons a value for any period,
no branch that depends on data.
"""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import larger


@kernel
def highest_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Highest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_nb(values, lanes(out, row, low, high), period, 1.0, state, 0, row, age, low, high)


@kernel
def lowest_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Lowest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_nb(values, lanes(out, row, low, high), period, -1.0, state, 0, row, age, low, high)


@helper
def extreme_nb(
    values: Block, result: Lanes, period: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """Maximum of `sign * values` over the window that ends in `row`, given back as `sign * maximum`.

    Needs `period` rows of state from `base` on: the head of this chunk, and the tails of the one before.
    """
    head, newest, place = lanes(state, base, low, high), lanes(values, row, low, high), age % period
    result_due = age >= period - 1
    if place == 0:
        for lane in range(high - low):
            head[lane] = sign * newest[lane]
        if age > 0 and period > 1:
            _tails(values, period, sign, state, base, row, low, high)
        if not result_due:
            return
    elif not result_due:
        for lane in range(high - low):
            head[lane] = larger(sign * newest[lane], head[lane])
        return
    # A chunk that is complete is the window itself; its own head stands in for the tail that there is none of.
    tail = lanes(state, base + (place + 1) % period, low, high)
    for lane in range(high - low):
        best = larger(sign * newest[lane], head[lane])
        result[lane] = sign * larger(best, tail[lane])
        head[lane] = best


@helper
def _tails(values: Block, period: int, sign: float, state: Block, base: int, row: int, low: int, high: int) -> None:
    """For each row of the chunk before `row` the maximum from there to its end; the chunk's first row is never asked for.

    Three rows a pass, which saves trips of the maximum through memory.
    """
    place = period - 1
    tail, newest = lanes(state, base + place, low, high), lanes(values, row - 1, low, high)
    for lane in range(high - low):
        tail[lane] = sign * newest[lane]
    while place > 3:
        younger, first = lanes(state, base + place, low, high), row - period + place
        a, b, c = lanes(values, first - 1, low, high), lanes(values, first - 2, low, high), lanes(values, first - 3, low, high)
        one, two = lanes(state, base + place - 1, low, high), lanes(state, base + place - 2, low, high)
        three = lanes(state, base + place - 3, low, high)
        for lane in range(high - low):
            best = larger(sign * a[lane], younger[lane])
            better = larger(sign * b[lane], best)
            one[lane] = best
            two[lane] = better
            three[lane] = larger(sign * c[lane], better)
        place -= 3
    while place > 1:
        younger, newest = lanes(state, base + place, low, high), lanes(values, row - period + place - 1, low, high)
        tail = lanes(state, base + place - 1, low, high)
        for lane in range(high - low):
            tail[lane] = larger(sign * newest[lane], younger[lane])
        place -= 1
