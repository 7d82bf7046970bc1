"""Kernels of swing highs and lows, divergences between them, and pivot levels.

Whether a bar is a swing is known only when the bars after it are there; everything here appears on the bar that settles it.
"""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.rows import lanes


@kernel
def swing_high_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The value of the last swing high that is settled."""
    (values,), (out,), (period,) = ins, outs, params
    _last_swing(values, lanes(out, row, low, high), period, 1.0, state, row, age, low, high)


@kernel
def swing_low_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The value of the last swing low that is settled."""
    (values,), (out,), (period,) = ins, outs, params
    _last_swing(values, lanes(out, row, low, high), period, -1.0, state, row, age, low, high)


@helper
def _last_swing(
    values: Block, result: Lanes, period: int, sign: float, state: Block, row: int, age: int, low: int, high: int
) -> None:
    """Carry the last swing on; NaN before the first. State: its value, and whether one is settled on this bar."""
    level, settled = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        level[:] = math.nan
    if age < 2 * period:
        return
    _settle(values, settled, period, sign, row, low, high)
    centre = lanes(values, row - period, low, high)
    for lane in range(high - low):
        newest, carried = centre[lane], level[lane]
        value = newest if settled[lane] > 0.0 else carried
        level[lane] = value
        result[lane] = value


@helper
def _settle(values: Block, settled: Lanes, period: int, sign: float, row: int, low: int, high: int) -> None:
    """1 where the value `period` rows ago exceeds those before it and is not exceeded by those after it, else 0."""
    centre = lanes(values, row - period, low, high)
    settled[:] = 1.0
    for step in range(1, period + 1):
        earlier, later = lanes(values, row - period - step, low, high), lanes(values, row - period + step, low, high)
        for lane in range(high - low):
            top, so_far = sign * centre[lane], settled[lane]
            stands = (top > sign * earlier[lane]) & (top >= sign * later[lane])
            settled[lane] = so_far if stands else 0.0


@kernel
def divergence_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Last two swings of the price against the oscillator on the same bars.

    State: what tops and bottoms say on this bar, whether a swing is settled; price and oscillator of the last top, of the
    last bottom.
    """
    (prices, oscillator), (out,), (period,) = ins, outs, params
    tops, bottoms = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        for quantity in range(3, 7):
            lanes(state, quantity, low, high)[:] = math.nan
    if age >= 2 * period:
        _diverge(prices, oscillator, tops, period, 1.0, state, 3, row, low, high)
        _diverge(prices, oscillator, bottoms, period, -1.0, state, 5, row, low, high)
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = int(bottoms[lane] - tops[lane])


@helper
def _diverge(
    prices: Block,
    oscillator: Block,
    found: Lanes,
    period: int,
    sign: float,
    state: Block,
    base: int,
    row: int,
    low: int,
    high: int,
) -> None:
    """1 where the price went on and the oscillator did not (regular), 2 where it is the other way round (hidden)."""
    settled = lanes(state, 2, low, high)
    last_price, last_value = lanes(state, base, low, high), lanes(state, base + 1, low, high)
    price, value = lanes(prices, row - period, low, high), lanes(oscillator, row - period, low, high)
    _settle(prices, settled, period, sign, row, low, high)
    for lane in range(high - low):
        is_swing = settled[lane] > 0.0
        price_now, price_then = price[lane], last_price[lane]
        value_now, value_then = value[lane], last_value[lane]
        further, more = sign * (price_now - price_then), sign * (value_now - value_then)
        regular = 1.0 if is_swing & (further > 0.0) & (more < 0.0) else 0.0
        hidden = 2.0 if is_swing & (further < 0.0) & (more > 0.0) else 0.0
        found[lane] = regular + hidden
        last_price[lane] = price_now if is_swing else price_then
        last_value[lane] = value_now if is_swing else value_then


@kernel
def pivots_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Levels from the high, low and close of the `period` bars before this one."""
    (highs, lows, closes), (p, r1, r2, r3, s1, s2, s3), (period,) = ins, outs, params
    if age == 0:
        return
    top, bottom = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme_nb(highs, top, period, 1.0, state, 2, row - 1, age - 1, low, high)
    extreme_nb(lows, bottom, period, -1.0, state, 2 + period, row - 1, age - 1, low, high)
    if age < period:
        return
    _floor_levels(top, bottom, lanes(closes, row - 1, low, high), p, r1, r2, r3, row, low, high)
    _floor_levels(bottom, top, lanes(closes, row - 1, low, high), p, s1, s2, s3, row, low, high)


@helper
def _floor_levels(
    near: Lanes, far: Lanes, last: Lanes, p: Block, one: Block, two: Block, three: Block, row: int, low: int, high: int
) -> None:
    """The pivot and three levels on the side of `near`, which is the top for resistances and the bottom for supports."""
    centre = lanes(p, row, low, high)
    first, second, third = lanes(one, row, low, high), lanes(two, row, low, high), lanes(three, row, low, high)
    for lane in range(high - low):
        pivot = (near[lane] + far[lane] + last[lane]) / 3.0
        away = pivot - far[lane]
        centre[lane] = pivot
        first[lane] = pivot + away
        second[lane] = pivot + (near[lane] - far[lane])
        third[lane] = near[lane] + 2.0 * away
