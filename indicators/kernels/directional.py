"""Kernels of Wilder's directional movement: the movements, the indicators, DX, ADX, ADXR."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range

# TA-Lib's bound under which the sum of the two directional indicators counts as zero.
NO_DIRECTION = 1e-14


@helper
def movement(ahead: float, other: float) -> float:
    """Directional movement: the larger of the two steps counts, if it is one."""
    return ahead if (ahead > 0.0) & (ahead > other) else 0.0


@helper
def _direction(plus: float, minus: float, ranges: float, otherwise: float) -> float:
    """Directional index (DX); `otherwise` where nothing moved.

    The true range cancels out of `|+DI - -DI| / (+DI + -DI)`; it only says whether there was any.
    """
    total = plus + minus
    moved = (ranges > 0.0) & (100.0 * total >= NO_DIRECTION * ranges)
    return 100.0 * (abs(minus - plus) / total) if moved else otherwise


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


@helper
def _adx_step_nb(ins: Blocks, period: int, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average of the directional index, in state 3; it is one from age `2 * period - 1` on."""
    _both_sides_nb(ins, period, state, row, age, low, high)
    plus, minus, ranges = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    average = lanes(state, 3, low, high)
    if age == 0:
        average[:] = 0.0
    if age < period:
        return
    ready = 2 * period - 1
    if age <= ready:
        divisor = period if age == ready else 1
        for lane in range(high - low):
            average[lane] = (average[lane] + _direction(plus[lane], minus[lane], ranges[lane], 0.0)) / divisor
        return
    share, kept = 1.0 / period, period - 1.0
    for lane in range(high - low):
        # Without any movement the average stays: it is its own fixed point.
        direction = _direction(plus[lane], minus[lane], ranges[lane], average[lane])
        average[lane] = (average[lane] * kept + direction) * share


@kernel
def adx_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average of the directional index of Wilder-smoothed movements."""
    (out,), (period,) = outs, params
    _adx_step_nb(ins, period, state, row, age, low, high)
    if age >= 2 * period - 1:
        average, result = lanes(state, 3, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = average[lane]


@kernel
def adxr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of ADX now and `period - 1` bars ago. State 4 on: the last `period` values of ADX, in a ring."""
    (out,), (period,) = outs, params
    _adx_step_nb(ins, period, state, row, age, low, high)
    if age < 2 * period - 1:
        return
    average, slot = lanes(state, 3, low, high), lanes(state, 4 + age % period, low, high)
    for lane in range(high - low):
        slot[lane] = average[lane]
    if age >= 3 * period - 2:
        earlier, result = lanes(state, 4 + (age + 1) % period, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = (average[lane] + earlier[lane]) / 2.0


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
    _one_side_nb(top, top_before, bottom_before, bottom, smoothed, period, age, high - low)
    _share_of_range_nb(ins, smoothed, ranges, out, period, row, age, low, high)


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
    _one_side_nb(bottom_before, bottom, top, top_before, smoothed, period, age, high - low)
    _share_of_range_nb(ins, smoothed, ranges, out, period, row, age, low, high)


@helper
def _share_of_range_nb(
    ins: Blocks, smoothed: Lanes, ranges: Lanes, out: Block, period: int, row: int, age: int, low: int, high: int
) -> None:
    """Smooth the true range into `ranges`, and write the share of it that the movement is."""
    highs, lows, closes = ins
    leaving = 1.0 / period if age >= period else 0.0
    top, bottom, before = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row - 1, low, high)
    for lane in range(high - low):
        ranges[lane] = ranges[lane] - ranges[lane] * leaving + true_range(top[lane], bottom[lane], before[lane])
    if age >= period:
        # TA-Lib gives a fraction, not percents, where nothing is smoothed.
        unit = 100.0 if period > 1 else 1.0
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = unit * (smoothed[lane] / ranges[lane]) if ranges[lane] > 0.0 else 0.0
