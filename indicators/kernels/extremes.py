"""Kernels of the highest and lowest value of a sliding window.

Method of van Herk (1992) and Gil and Werman (1993): time is cut into chunks as long as the window; a window is then the
tail of one chunk and the head of the next, and both maxima are running ones. Three comparisons a value for any period,
no branch that depends on data.

A window keeps one row of state for each place in a chunk: up to the newest place the heads of this chunk, after it the tails
of the chunk before. Where there is no head before or no tail, the newest value itself stands in, which changes no extreme.
"""

from typing import Any

from indicators.kernels.arithmetic import larger
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def highest_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Highest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_step_nb(values, lanes(out, row, low, high), period, 1.0, state, 0, row, age, low, high)


@kernel
def lowest_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Lowest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    extreme_step_nb(values, lanes(out, row, low, high), period, -1.0, state, 0, row, age, low, high)


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def extreme_step_nb(
    values: Block, result: Lanes, period: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """Highest value of the window that ends in `row`, or the lowest where `sign` is negative; `period` rows of state."""
    place, newest = age % period, lanes(values, row, low, high)
    if place == 0 and age > 0 and period > 1:
        _tails(values, period, sign, state, base, row, low, high)
    head = lanes(state, base + place, low, high)
    before = lanes(values, row, low, high) if place == 0 else lanes(state, base + place - 1, low, high)
    tail = lanes(values, row, low, high) if place == period - 1 else lanes(state, base + place + 1, low, high)
    # While there is no result, the last row takes its place: nothing is in it yet.
    target = result if age >= period - 1 else lanes(state, base + period - 1, low, high)
    for lane in range(high - low):
        best = larger(sign * newest[lane], sign * before[lane])
        head[lane] = sign * best
        target[lane] = sign * larger(best, sign * tail[lane])


@helper
def extreme_nb(
    values: Block, result: Lanes, period: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """`extreme_step_nb`, compiled once for kernels that take it more than once."""
    extreme_step_nb(values, result, period, sign, state, base, row, age, low, high)


@helper
def _tails(values: Block, period: int, sign: float, state: Block, base: int, row: int, low: int, high: int) -> None:
    """For each row of the chunk before `row` what was reached from there to its end; the first row is never asked for.

    Two rows a pass, which saves trips of the extreme through memory.
    """
    left = period - 1.0
    tail, newest = lanes(state, base + period - 1, low, high), lanes(values, row - 1, low, high)
    for lane in range(high - low):
        tail[lane] = newest[lane]
    # Counted down as a float: of passes it can count LLVM compares the addresses all at once, and sees them overlap.
    while left > 1.0:
        place = int(left)
        younger, first = lanes(state, base + place, low, high), row - period + place
        a, b = lanes(values, first - 1, low, high), lanes(values, first - 2, low, high)
        one, two = lanes(state, base + place - 1, low, high), lanes(state, base + place - 2, low, high)
        for lane in range(high - low):
            best = larger(sign * a[lane], sign * younger[lane])
            one[lane] = sign * best
            two[lane] = sign * larger(sign * b[lane], best)
        left -= 2.0
