"""Kernels that weigh a move against the way it took: vortex, vertical horizontal filter, efficiency ratio."""

from typing import Any

from indicators.kernels.arithmetic import larger
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range


@kernel
def vortex_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sums of the ways from low to high and from high to low, in true ranges.

    State: the sums of ranges, ways up and ways down, and how many bars in a row had no range.
    """
    (highs, lows, closes), (plusvi, minusvi), (period,) = ins, outs, params
    ranges, up, down = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    idle = lanes(state, 3, low, high)
    if age == 0:
        ranges[:] = 0.0
        up[:] = 0.0
        down[:] = 0.0
        idle[:] = 0.0
        return
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    before = lanes(closes, row - 1, low, high)
    for lane in range(high - low):
        reach = true_range(top[lane], bottom[lane], before[lane])
        counted, total = idle[lane] + 1.0, ranges[lane] + reach
        still = counted if reach == 0.0 else 0.0
        # A window without any range leaves nothing but rounding in the sum.
        ranges[lane] = 0.0 if still >= period else total
        up[lane] += abs(top[lane] - bottom_before[lane])
        down[lane] += abs(bottom[lane] - top_before[lane])
        idle[lane] = still
    if age < period:
        return
    plus, minus, first = lanes(plusvi, row, low, high), lanes(minusvi, row, low, high), row - period + 1
    old_top, older_top = lanes(highs, first, low, high), lanes(highs, first - 1, low, high)
    old_bottom, older_bottom = lanes(lows, first, low, high), lanes(lows, first - 1, low, high)
    older = lanes(closes, first - 1, low, high)
    for lane in range(high - low):
        reach, ways_up, ways_down = ranges[lane], up[lane], down[lane]
        plus[lane] = ways_up / reach if reach > 0.0 else 0.0
        minus[lane] = ways_down / reach if reach > 0.0 else 0.0
        ranges[lane] -= true_range(old_top[lane], old_bottom[lane], older[lane])
        up[lane] -= abs(old_top[lane] - older_bottom[lane])
        down[lane] -= abs(old_bottom[lane] - older_top[lane])


@kernel
def er_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Net change in the running sum of single ones. State: the sum, and how many changes in a row were none."""
    (values,), (out,), (period,) = ins, outs, params
    way, idle = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        way[:] = 0.0
        idle[:] = 0.0
        return
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    if age > period:
        left, leaving = lanes(values, row - period - 1, low, high), lanes(values, row - period, low, high)
        for lane in range(high - low):
            way[lane] -= abs(left[lane] - leaving[lane])
    for lane in range(high - low):
        step = newest[lane] - before[lane]
        counted, total = idle[lane] + 1.0, way[lane] + abs(step)
        still = counted if step == 0.0 else 0.0
        way[lane] = 0.0 if still >= period else total
        idle[lane] = still
    if age >= period:
        start, result = lanes(values, row - period, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            change, total = newest[lane] - start[lane], way[lane]
            result[lane] = 1.0 if total <= change else abs(change / total)


@kernel
def vhf_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Range of `period` values in the sum of as many changes, added up anew each time. State: sum, highest, lowest."""
    (values,), (out,), (period,) = ins, outs, params
    if age < period:
        return
    way, top, bottom = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    newest, result = lanes(values, row, low, high), lanes(out, row, low, high)
    way[:] = 0.0
    for lane in range(high - low):
        top[lane] = newest[lane]
        bottom[lane] = newest[lane]
    _walk_nb(values, way, top, bottom, period, row, low, high)
    for lane in range(high - low):
        total, reach = way[lane], top[lane] - bottom[lane]
        result[lane] = reach / total if total > 0.0 else 0.0


@helper
def _walk_nb(values: Block, way: Lanes, top: Lanes, bottom: Lanes, period: int, row: int, low: int, high: int) -> None:
    """Add the window's changes to `way` and widen `top` and `bottom`, oldest first; four rows a pass, as sums of rows are."""
    whole = row + 1 - period % 4
    for at in range(row - period + 1, whole, 4):
        start, a, b = lanes(values, at - 1, low, high), lanes(values, at, low, high), lanes(values, at + 1, low, high)
        c, d = lanes(values, at + 2, low, high), lanes(values, at + 3, low, high)
        for lane in range(high - low):
            way[lane] = (
                way[lane] + abs(a[lane] - start[lane]) + abs(b[lane] - a[lane]) + abs(c[lane] - b[lane]) + abs(d[lane] - c[lane])
            )
            top[lane] = larger(larger(larger(larger(top[lane], a[lane]), b[lane]), c[lane]), d[lane])
            bottom[lane] = -larger(larger(larger(larger(-bottom[lane], -a[lane]), -b[lane]), -c[lane]), -d[lane])
    for at in range(whole, row + 1):
        start, a = lanes(values, at - 1, low, high), lanes(values, at, low, high)
        for lane in range(high - low):
            way[lane] += abs(a[lane] - start[lane])
            top[lane] = larger(top[lane], a[lane])
            bottom[lane] = -larger(-bottom[lane], -a[lane])
