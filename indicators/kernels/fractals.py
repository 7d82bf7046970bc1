"""Kernel of the fractal: a bar that stands out from its neighbours on both sides."""

from typing import Any

from indicators.kernels.arithmetic import larger
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def fractal_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """100 where the bar `rightbars` ago is above (below) all others of the window. State: highest and lowest of those."""
    (highs, lows), (swinghigh, swinglow), (leftbars, rightbars) = ins, outs, params
    if age < leftbars + rightbars:
        return
    pivot = row - rightbars
    _widest_nb(highs, lows, state, pivot, leftbars, rightbars, low, high)
    highest, lowest = lanes(state, 0, low, high), lanes(state, 1, low, high)
    top, bottom = lanes(highs, pivot, low, high), lanes(lows, pivot, low, high)
    above, below = lanes(swinghigh, row, low, high), lanes(swinglow, row, low, high)
    for lane in range(high - low):
        above[lane] = 100 if top[lane] > highest[lane] else 0
        below[lane] = 100 if bottom[lane] < lowest[lane] else 0


@helper
def _widest_nb(highs: Block, lows: Block, state: Block, pivot: int, leftbars: int, rightbars: int, low: int, high: int) -> None:
    """Extremes of the bars around the pivot: the outermost two, then two a pass; of an odd number the last is taken twice."""
    highest, lowest = lanes(state, 0, low, high), lanes(state, 1, low, high)
    first, last = pivot - leftbars, pivot + rightbars
    top, bottom = lanes(highs, first, low, high), lanes(lows, first, low, high)
    next_top, next_bottom = lanes(highs, last, low, high), lanes(lows, last, low, high)
    for lane in range(high - low):
        highest[lane] = larger(top[lane], next_top[lane])
        lowest[lane] = -larger(-bottom[lane], -next_bottom[lane])
    inner = leftbars + rightbars - 2
    for number in range(1, inner + 1, 2):
        following = min(number + 1, inner)
        one, other = first + number + (number >= leftbars), first + following + (following >= leftbars)
        top, bottom = lanes(highs, one, low, high), lanes(lows, one, low, high)
        next_top, next_bottom = lanes(highs, other, low, high), lanes(lows, other, low, high)
        for lane in range(high - low):
            highest[lane] = larger(larger(highest[lane], top[lane]), next_top[lane])
            lowest[lane] = -larger(larger(-lowest[lane], -bottom[lane]), -next_bottom[lane])
