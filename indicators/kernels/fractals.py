"""Kernel of the fractal: a bar that stands out from its neighbours on both sides."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import larger


@kernel
def fractal_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """100 where the bar `rightbars` ago is above (below) all others of the window. State: highest and lowest of those."""
    (highs, lows), (swinghigh, swinglow), (leftbars, rightbars) = ins, outs, params
    if age < leftbars + rightbars:
        return
    highest, lowest, pivot = lanes(state, 0, low, high), lanes(state, 1, low, high), row - rightbars
    top, bottom = lanes(highs, pivot - leftbars, low, high), lanes(lows, pivot - leftbars, low, high)
    for lane in range(high - low):
        highest[lane] = top[lane]
        lowest[lane] = bottom[lane]
    _widen_nb(highs, lows, state, pivot - leftbars + 1, pivot, low, high)
    _widen_nb(highs, lows, state, pivot + 1, row + 1, low, high)
    top, bottom = lanes(highs, pivot, low, high), lanes(lows, pivot, low, high)
    above, below = lanes(swinghigh, row, low, high), lanes(swinglow, row, low, high)
    for lane in range(high - low):
        above[lane] = 100 if top[lane] > highest[lane] else 0
        below[lane] = 100 if bottom[lane] < lowest[lane] else 0


@helper
def _widen_nb(highs: Block, lows: Block, state: Block, first: int, end: int, low: int, high: int) -> None:
    """Widen the two extremes by these rows."""
    highest, lowest = lanes(state, 0, low, high), lanes(state, 1, low, high)
    for at in range(first, end):
        top, bottom = lanes(highs, at, low, high), lanes(lows, at, low, high)
        for lane in range(high - low):
            highest[lane] = larger(top[lane], highest[lane])
            lowest[lane] = -larger(-bottom[lane], -lowest[lane])
