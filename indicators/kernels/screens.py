"""Kernels of conditions that last, and of bars since something was so."""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def above_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where `a` was above `b` on each of the last `period` bars."""
    (a, b), (out,), (period,) = ins, outs, params
    _lasted(lanes(a, row, low, high), lanes(b, row, low, high), lanes(out, row, low, high), period, state, age == 0, low, high)


@kernel
def below_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where `a` was below `b` on each of the last `period` bars."""
    (a, b), (out,), (period,) = ins, outs, params
    _lasted(lanes(b, row, low, high), lanes(a, row, low, high), lanes(out, row, low, high), period, state, age == 0, low, high)


@kernel
def rising_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where each of the last `period` bars was above the one before it."""
    (values,), (out,), (period,) = ins, outs, params
    if age > 0:
        newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
        _lasted(newest, before, lanes(out, row, low, high), period, state, age == 1, low, high)


@kernel
def falling_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Where each of the last `period` bars was below the one before it."""
    (values,), (out,), (period,) = ins, outs, params
    if age > 0:
        newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
        _lasted(before, newest, lanes(out, row, low, high), period, state, age == 1, low, high)


@helper
def _lasted(upper: Lanes, under: Lanes, result: Lanes, period: int, state: Block, first: bool, low: int, high: int) -> None:
    """Count the comparisons in a row that held; a missing value ends the count."""
    held = lanes(state, 0, low, high)
    if first:
        held[:] = 0.0
    for lane in range(high - low):
        count = held[lane] + 1.0 if upper[lane] > under[lane] else 0.0
        held[lane] = count
        result[lane] = count >= period


@kernel
def bars_since_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bars since a value other than 0; NaN, which counting leaves as it is, until there was one."""
    (values,), (out,), _ = ins, outs, params
    bars, newest, result = lanes(state, 0, low, high), lanes(values, row, low, high), lanes(out, row, low, high)
    if age == 0:
        bars[:] = math.nan
    for lane in range(high - low):
        given = (newest[lane] < 0.0) | (newest[lane] > 0.0)
        count = 0.0 if given else bars[lane] + 1.0
        bars[lane] = count
        result[lane] = count


@kernel
def highest_bars_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bars since the highest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    _extreme_bars(values, lanes(out, row, low, high), period, 1.0, state, row, age, low, high)


@kernel
def lowest_bars_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bars since the lowest of the last `period` values."""
    (values,), (out,), (period,) = ins, outs, params
    _extreme_bars(values, lanes(out, row, low, high), period, -1.0, state, row, age, low, high)


@helper
def _extreme_bars(
    values: Block, result: Lanes, period: int, sign: float, state: Block, row: int, age: int, low: int, high: int
) -> None:
    """Keep the extreme and the bars since it; only when it leaves the window is the window looked through."""
    best, bars, newest = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(values, row, low, high)
    if age == 0:
        best[:] = -math.inf
        bars[:] = math.nan
    left = 0
    for lane in range(high - low):
        value = sign * newest[lane]
        taken = value >= best[lane]
        best[lane] = value if taken else best[lane]
        count = 0.0 if taken else bars[lane] + 1.0
        bars[lane] = count
        left += count >= period
    if left > 0:
        for lane in range(high - low):
            if bars[lane] >= period:
                best[lane], bars[lane] = _looked_up(values, row, low + lane, period, sign)
    if age >= period - 1:
        for lane in range(high - low):
            result[lane] = bars[lane]


@helper
def _looked_up(values: Block, row: int, lane: int, period: int, sign: float) -> tuple[float, float]:
    """The extreme of one window, and the bars since it was last reached."""
    best, bars = -math.inf, math.nan
    for back in range(period - 1, -1, -1):
        value = sign * values[row - back, lane]
        if value >= best:
            best, bars = value, float(back)
    return best, bars
