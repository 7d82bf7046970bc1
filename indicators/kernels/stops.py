"""Kernels of stops that follow the price: parabolic SAR, its extended form, and the supertrend.

A short position is a long one with all prices negated, so one rule serves both sides, lane by lane and without a branch.
"""

import math
from typing import Any

from indicators.kernels.arithmetic import chosen, larger, smaller
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range


@kernel
def sar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's stop and reverse. State: side (1 or -1), the stop for the next bar, extreme price, acceleration."""
    (_, _), (out,), (acceleration, maximum) = ins, outs, params
    step = maximum if acceleration > maximum else acceleration  # noqa: FURB136 - numba's min() takes branches for NaN
    if age == 0:
        return
    if age == 1:
        _begin(ins, 0.0, step, step, state, row, low, high)
    highs, lows = ins
    side, stop = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme, pace = lanes(state, 2, low, high), lanes(state, 3, low, high)
    top, bottom, result = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(out, row, low, high)
    earlier = row if age == 1 else row - 1
    top_before, bottom_before = lanes(highs, earlier, low, high), lanes(lows, earlier, low, high)
    # `_follow` with one acceleration for both sides and no offset.
    for lane in range(high - low):
        sign, held = side[lane], side[lane] * stop[lane]
        long = sign > 0.0
        near, far = chosen(long, bottom[lane], -top[lane]), chosen(long, top[lane], -bottom[lane])
        near_before = chosen(long, bottom_before[lane], -top_before[lane])
        far_before = chosen(long, top_before[lane], -bottom_before[lane])
        best, outmost = sign * extreme[lane], larger(far_before, far)
        turned, further = near <= held, far > best
        speed = chosen(turned, step, chosen(further, smaller(maximum, pace[lane] + step), pace[lane]))
        # On reversal the stop jumps to the extreme, outside of the last two bars.
        stop_now = chosen(turned, larger(best, outmost), held)
        best = chosen(turned, near, larger(far, best))
        moved = stop_now + speed * (best - stop_now)
        bound = chosen(turned, larger(moved, outmost), smaller(smaller(moved, near_before), near))
        result[lane] = sign * stop_now
        side[lane] = chosen(turned, -sign, sign)
        stop[lane] = sign * bound
        extreme[lane] = sign * best
        pace[lane] = speed


@kernel
def sarext_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As `sar_nb`, with a start, an offset on reversal and accelerations of its own on either side; negative while short."""
    (out,), (start, offset, first_long, step_long, most_long, first_short, step_short, most_short) = outs, params
    if age == 0:
        return
    first_long, step_long = _capped(first_long, most_long), _capped(step_long, most_long)
    first_short, step_short = _capped(first_short, most_short), _capped(step_short, most_short)
    if age == 1:
        _begin(ins, start, first_long, first_short, state, row, low, high)
    result = lanes(out, row, low, high)
    _follow(
        ins, result, offset, first_long, step_long, most_long, first_short, step_short, most_short, state, row, age, low, high
    )


@helper
def _capped(value: float, most: float) -> float:
    return most if value > most else value  # noqa: FURB136 - numba's min() takes branches for NaN


@helper
def _begin(ins: Blocks, start: float, first_long: float, first_short: float, state: Block, row: int, low: int, high: int) -> None:
    """Side, stop and extreme at the second bar: short if the low fell further than the high rose, or as `start` says."""
    highs, lows = ins
    side, stop = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme, pace = lanes(state, 2, low, high), lanes(state, 3, low, high)
    top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
    top_before, bottom_before = lanes(highs, row - 1, low, high), lanes(lows, row - 1, low, high)
    for lane in range(high - low):
        fall, rise = bottom_before[lane] - bottom[lane], top[lane] - top_before[lane]
        falling = (fall > 0.0) & (rise < fall)
        short = (start < 0.0) | ((start == 0.0) & falling)
        side[lane] = -1.0 if short else 1.0
        natural = top_before[lane] if short else bottom_before[lane]
        stop[lane] = natural if start == 0.0 else abs(start)
        extreme[lane] = bottom[lane] if short else top[lane]
        pace[lane] = first_short if short else first_long


@helper
def _follow(
    ins: Blocks,
    result: Any,
    offset: float,
    first_long: float,
    step_long: float,
    most_long: float,
    first_short: float,
    step_short: float,
    most_short: float,
    state: Block,
    row: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """One bar: the stop that holds in it, negative while short, and the one for the next."""
    highs, lows = ins
    side, stop = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme, pace = lanes(state, 2, low, high), lanes(state, 3, low, high)
    top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
    earlier = row if age == 1 else row - 1
    top_before, bottom_before = lanes(highs, earlier, low, high), lanes(lows, earlier, low, high)
    for lane in range(high - low):
        sign, pace_now = side[lane], pace[lane]
        high_now, low_now, high_before, low_before = top[lane], bottom[lane], top_before[lane], bottom_before[lane]
        long = sign > 0.0
        near, far = (low_now if long else -high_now), (high_now if long else -low_now)
        near_before, far_before = (low_before if long else -high_before), (high_before if long else -low_before)
        held, best = sign * stop[lane], sign * extreme[lane]
        reversed_ = near <= held
        # On reversal the stop jumps to the extreme, outside of the last two bars.
        jumped = larger(larger(best, far_before), far)
        jumped += sign * (jumped * offset)
        new_best = far > best
        step, most = (step_long if long else step_short), (most_long if long else most_short)
        quicker = pace_now + step if new_best else pace_now
        quicker = most if (quicker > most) & new_best else quicker
        first = first_short if long else first_long
        stop_now = jumped if reversed_ else held
        best = near if reversed_ else (far if new_best else best)
        speed = first if reversed_ else quicker
        moved = stop_now + speed * (best - stop_now)
        outside = larger(larger(moved, far_before), far)
        inside = -larger(larger(-moved, -near_before), -near)
        result[lane] = -stop_now if reversed_ else stop_now
        side[lane] = -sign if reversed_ else sign
        stop[lane] = sign * (outside if reversed_ else inside)
        extreme[lane] = sign * best
        pace[lane] = speed


@kernel
def supertrend_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bands around the median price that only move towards it; the lower one while the trend is up, else the upper one.

    State: average true range, upper and lower band, trend (1 or -1).
    """
    (highs, lows, closes), (line, direction), (period, multiplier) = ins, outs, params
    reach = lanes(state, 0, low, high)
    upper, lower, trend = lanes(state, 1, low, high), lanes(state, 2, low, high), lanes(state, 3, low, high)
    if age == 0:
        # Bands that are no numbers hold nobody.
        reach[:] = 0.0
        upper[:] = math.nan
        lower[:] = math.nan
        trend[:] = 1.0
        return
    top, bottom, before = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row - 1, low, high)
    if age < period:
        for lane in range(high - low):
            reach[lane] += true_range(top[lane], bottom[lane], before[lane])
        return
    kept = (period - 1.0) / period
    added, unsure = 1.0 - kept, 0.0
    if age == period:
        # The seed is the sum, shared out; and no close of this bar can turn the trend.
        kept = added = 1.0 / period
        unsure = math.nan
    last, stop, side = lanes(closes, row, low, high), lanes(line, row, low, high), lanes(direction, row, low, high)
    for lane in range(high - low):
        mean = added * true_range(top[lane], bottom[lane], before[lane]) + kept * reach[lane]
        median, band = (top[lane] + bottom[lane]) / 2.0, multiplier * mean
        ceiling, floor, way = upper[lane], lower[lane], trend[lane]
        above, below = median + band, median - band
        above = chosen((above >= ceiling) & (before[lane] <= ceiling), ceiling, above)
        below = chosen((below <= floor) & (before[lane] >= floor), floor, below)
        falls = way < 0.0
        passed, by = chosen(falls, above, last[lane]), chosen(falls, last[lane], below + unsure)
        way = chosen(passed < by, -way, way)
        side[lane] = way
        stop[lane] = chosen(way < 0.0, above, below)
        reach[lane] = mean
        upper[lane] = above
        lower[lane] = below
        trend[lane] = way
