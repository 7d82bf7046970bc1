"""Kernels of crossings."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def crossed_above_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where `a` was at or below `b` one bar ago and is above it now."""
    (a, b), (out,), _ = ins, outs, params
    if age > 0:
        _crossed(a, b, lanes(out, row, low, high), row, low, high)


@kernel
def crossed_below_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where `a` was at or above `b` one bar ago and is below it now."""
    (a, b), (out,), _ = ins, outs, params
    if age > 0:
        _crossed(b, a, lanes(out, row, low, high), row, low, high)


@helper
def _crossed(a: Block, b: Block, result: Lanes, row: int, low: int, high: int) -> None:
    a_now, a_before = lanes(a, row, low, high), lanes(a, row - 1, low, high)
    b_now, b_before = lanes(b, row, low, high), lanes(b, row - 1, low, high)
    for lane in range(high - low):
        result[lane] = (a_before[lane] <= b_before[lane]) & (a_now[lane] > b_now[lane])
