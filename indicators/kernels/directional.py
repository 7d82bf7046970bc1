"""Kernels of Wilder's directional movement: the movements, the indicators, DX, ADX, ADXR."""

from typing import Any

from indicators.kernels.arithmetic import chosen
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range

# TA-Lib's bound under which the sum of the two directional indicators counts as zero.
NO_DIRECTION = 1e-14


@helper
def movement(ahead: float, other: float) -> float:
    """Directional movement: the larger of the two steps counts, if it is one."""
    return chosen((ahead > 0.0) & (ahead > other), ahead, 0.0)


@helper
def _direction(plus: float, minus: float, ranges: float, otherwise: float) -> float:
    """Directional index (DX); `otherwise` where nothing moved.

    The true range cancels out of `|+DI - -DI| / (+DI + -DI)`; it only says whether there was any.
    """
    total = plus + minus
    moved = (ranges > 0.0) & (100.0 * total >= NO_DIRECTION * ranges)
    return chosen(moved, 100.0 * (abs(minus - plus) / total), otherwise)


@helper
def _both_sides_nb(ins: Blocks, period: int, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Movement up, movement down and true range, in state 0 to 2: sums of the first steps, then Wilder's smoothing."""
    highs, lows, closes = ins
    plus, minus, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    if age == 0:
        plus[:] = 0.0
        minus[:] = 0.0
        ranges[:] = 0.0
        return
    leaving = 1.0 / period if age >= period else 0.0
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    before = lanes(closes, row - 1, low, high)
    for lane in range(high - low):
        rise, fall = top[lane] - top_before[lane], bottom_before[lane] - bottom[lane]
        plus[lane] = plus[lane] - plus[lane] * leaving + movement(rise, fall)
        minus[lane] = minus[lane] - minus[lane] * leaving + movement(fall, rise)
        ranges[lane] = ranges[lane] - ranges[lane] * leaving + true_range(top[lane], bottom[lane], before[lane])


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def _adx_step_nb(ins: Blocks, result: Lanes, period: int, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average of the directional index, in state 3 and in `result`; it is one from age `2 * period - 1` on."""
    highs, lows, closes = ins
    plus, minus, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    average, ready = lanes(state, 3, low, high), 2 * period - 1
    if age == 0:
        plus[:] = 0.0
        minus[:] = 0.0
        ranges[:] = 0.0
        average[:] = 0.0
        return
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    before = lanes(closes, row - 1, low, high)
    leaving = 1.0 / period if age >= period else 0.0
    # Nothing, then sums until there are enough, then the average decays; the seed is the sum, shared out.
    kept, share, stays = (period - 1.0, leaving, 1.0) if age > ready else (1.0, 1.0, 0.0)
    counted = 1.0 if age >= period else 0.0
    for lane in range(high - low):
        rise, fall = top[lane] - top_before[lane], bottom_before[lane] - bottom[lane]
        up = plus[lane] - plus[lane] * leaving + movement(rise, fall)
        down = minus[lane] - minus[lane] * leaving + movement(fall, rise)
        reach = ranges[lane] - ranges[lane] * leaving + true_range(top[lane], bottom[lane], before[lane])
        # Without any movement the average stays: it is its own fixed point.
        direction = _direction(up, down, reach, average[lane] * stays) * counted
        mean = (average[lane] * kept + direction) * share
        result[lane] = mean
        plus[lane] = up
        minus[lane] = down
        ranges[lane] = reach
        average[lane] = mean
    if age == ready:
        for lane in range(high - low):
            mean = average[lane] / period
            average[lane] = mean
            result[lane] = mean


@kernel
def adx_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average of the directional index of Wilder-smoothed movements. State 4: what is not yet a result."""
    (out,), (period,) = outs, params
    result = lanes(out, row, low, high) if age >= 2 * period - 1 else lanes(state, 4, low, high)
    _adx_step_nb(ins, result, period, state, row, age, low, high)


@kernel
def adxr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of ADX now and `period - 1` bars ago. State 4 on: the last `period` values of ADX, in a ring."""
    (out,), (period,) = outs, params
    newest, earlier = lanes(state, 4 + age % period, low, high), lanes(state, 4 + (age + 1) % period, low, high)
    _adx_step_nb(ins, newest, period, state, row, age, low, high)
    if age >= 3 * period - 2:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = (newest[lane] + earlier[lane]) / 2.0


@kernel
def dx_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Difference of the smoothed movements in their sum; the value before where nothing moved. State 3: that value."""
    (out,), (period,) = outs, params
    _both_sides_nb(ins, period, state, row, age, low, high)
    plus, minus, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    last = lanes(state, 3, low, high)
    if age == 0:
        last[:] = 0.0
    if age >= period:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            direction = _direction(plus[lane], minus[lane], ranges[lane], last[lane])
            last[lane] = direction
            result[lane] = direction


@helper
def _one_side_nb(
    ahead: Lanes, ahead_from: Lanes, other: Lanes, other_from: Lanes, smoothed: Lanes, period: int, age: int, width: int
) -> None:
    """Movement on one side: the step from `ahead_from` to `ahead`, where it is more than the one on the other side."""
    leaving = 1.0 / period if age >= period else 0.0
    for lane in range(width):
        step = movement(ahead[lane] - ahead_from[lane], other[lane] - other_from[lane])
        smoothed[lane] = smoothed[lane] - smoothed[lane] * leaving + step


@kernel
def plus_dm_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Smoothed movement up."""
    (highs, lows), (out,), (period,) = ins, outs, params
    smoothed = lanes(state, 0, low, high)
    if age == 0:
        smoothed[:] = 0.0
        return
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    _one_side_nb(top, top_before, bottom_before, bottom, smoothed, period, age, high - low)
    if age >= period - 1:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = smoothed[lane]


@kernel
def minus_dm_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Smoothed movement down."""
    (highs, lows), (out,), (period,) = ins, outs, params
    smoothed = lanes(state, 0, low, high)
    if age == 0:
        smoothed[:] = 0.0
        return
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    _one_side_nb(bottom_before, bottom, top, top_before, smoothed, period, age, high - low)
    if age >= period - 1:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = smoothed[lane]


@kernel
def plus_di_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Smoothed movement up as a share of the smoothed true range."""
    (highs, lows, _), (out,), (period,) = ins, outs, params
    smoothed, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        smoothed[:] = 0.0
        ranges[:] = 0.0
        return
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    result = lanes(out, row, low, high) if age >= period else lanes(state, 2, low, high)
    _share_of_range_nb(top, top_before, bottom_before, bottom, ins, smoothed, ranges, result, period, row, age, low, high)


@kernel
def minus_di_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Smoothed movement down as a share of the smoothed true range."""
    (highs, lows, _), (out,), (period,) = ins, outs, params
    smoothed, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        smoothed[:] = 0.0
        ranges[:] = 0.0
        return
    top, top_before = lanes(highs, row, low, high), lanes(highs, row - 1, low, high)
    bottom, bottom_before = lanes(lows, row, low, high), lanes(lows, row - 1, low, high)
    result = lanes(out, row, low, high) if age >= period else lanes(state, 2, low, high)
    _share_of_range_nb(bottom_before, bottom, top, top_before, ins, smoothed, ranges, result, period, row, age, low, high)


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def _share_of_range_nb(
    ahead: Lanes,
    ahead_from: Lanes,
    other: Lanes,
    other_from: Lanes,
    ins: Blocks,
    smoothed: Lanes,
    ranges: Lanes,
    result: Lanes,
    period: int,
    row: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """Smooth the movement of one side, as `_one_side_nb`, and the true range, and write the share of it that the movement is."""
    highs, lows, closes = ins
    leaving = 1.0 / period if age >= period else 0.0
    top, bottom, before = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row - 1, low, high)
    # TA-Lib gives a fraction, not percents, where nothing is smoothed.
    unit = 100.0 if period > 1 else 1.0
    for lane in range(high - low):
        step = movement(ahead[lane] - ahead_from[lane], other[lane] - other_from[lane])
        moved = smoothed[lane] - smoothed[lane] * leaving + step
        reach = ranges[lane] - ranges[lane] * leaving + true_range(top[lane], bottom[lane], before[lane])
        result[lane] = chosen(reach > 0.0, unit * (moved / reach), 0.0)
        smoothed[lane] = moved
        ranges[lane] = reach
