"""Kernels of candlestick patterns of four and five bars.

In the state: totals and limits of the measures in their order, two rows each, so that limits are in rows 1, 3, 5.
"""

from typing import Any

from indicators.kernels.candles import BODY_LONG, BODY_SHORT, NEAR, SHADOW_VERY_SHORT, body_limit, height_limit, limit_of
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.patterns_common import (
    beyond,
    body,
    body_bottom,
    body_gap,
    body_top,
    colour,
    each_lane,
    lower_shadow,
    upper_shadow,
)

LINE_STRIKE = (limit_of(NEAR, 8, 0, shift=2), limit_of(NEAR, 8, 2, shift=3))
SWALLOW = tuple([limit_of(SHADOW_VERY_SHORT, 13, 2 * shift - 2, shift) for shift in (1, 2, 3)])
LADDER = limit_of(SHADOW_VERY_SHORT, 14, 0, shift=1)
LONG_FIRST = limit_of(BODY_LONG, 14, 0, shift=4)
MAT_HOLD = (LONG_FIRST, *[limit_of(BODY_SHORT, 14, 2 * shift, shift) for shift in (1, 2, 3)])
THREE_METHODS = (*MAT_HOLD, limit_of(BODY_LONG, 14, 8))


@helper
def _opens_near(ins: Blocks, near: float, row: int, lane: int) -> bool:
    """Whether the open lies inside or near the body of the candle before."""
    opened = ins[0][row, lane]
    return bool((opened >= body_bottom(ins, row - 1, lane) - near) & (opened <= body_top(ins, row - 1, lane) + near))


@helper
def _line_strike(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        direction = colour(ins, row - 1, lane)
        found = (
            (colour(ins, row - 3, lane) + colour(ins, row - 2, lane) - colour(ins, row, lane) == 3 * direction)
            & _opens_near(ins, state[1, lane], row - 1, lane)
            & _opens_near(ins, state[3, lane], row - 2, lane)
            & beyond(closes[row - 1, lane], closes[row - 2, lane], direction)
            & beyond(closes[row - 2, lane], closes[row - 3, lane], direction)
            & beyond(opens[row, lane], closes[row - 1, lane], direction)
            & beyond(opens[row - 3, lane], closes[row, lane], direction)
        )
        out[row, lane] = 100 * direction if found else 0


@kernel
def cdl3linestrike_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Three candles that march on, and one of the other colour that takes all of it back."""
    for one in LINE_STRIKE:
        height_limit(ins, one, state, row, age, low, high)
    if age >= 8:
        _line_strike(ins, outs[0], state, row, low, high)


@helper
def _concealing_swallow(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    _, highs, lows, closes = ins
    for lane in each_lane(low, high):
        found = (
            (body_gap(ins, row - 1, row - 2, lane) < 0)
            & (upper_shadow(ins, row - 1, lane) > state[1, lane])
            & (highs[row - 1, lane] > closes[row - 2, lane])
            & (highs[row, lane] > highs[row - 1, lane])
            & (lows[row, lane] < lows[row - 1, lane])
        )
        for shift in range(4):
            found &= colour(ins, row - shift, lane) < 0
        for shift in range(2, 4):
            limit = state[2 * shift - 1, lane]
            found &= (lower_shadow(ins, row - shift, lane) < limit) & (upper_shadow(ins, row - shift, lane) < limit)
        out[row, lane] = 100 if found else 0


@kernel
def cdlconcealbabyswall_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two black marubozus, a black candle below with a shadow into the second, and a black one that hides the third."""
    for one in SWALLOW:
        height_limit(ins, one, state, row, age, low, high)
    if age >= 13:
        _concealing_swallow(ins, outs[0], state, row, low, high)


@helper
def _ladder_bottom(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, highs, closes = ins[0], ins[1], ins[3]
    for lane in each_lane(low, high):
        found = (
            (colour(ins, row, lane) - colour(ins, row - 1, lane) - colour(ins, row - 2, lane) == 3)
            & (colour(ins, row - 3, lane) + colour(ins, row - 4, lane) == -2)
            & (upper_shadow(ins, row - 1, lane) > state[1, lane])
            & (opens[row, lane] > opens[row - 1, lane])
            & (closes[row, lane] > highs[row - 1, lane])
        )
        for next_ in range(row - 3, row - 1):
            found &= (opens[next_ - 1, lane] > opens[next_, lane]) & (closes[next_ - 1, lane] > closes[next_, lane])
        out[row, lane] = 100 if found else 0


@kernel
def cdlladderbottom_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Black candles with lower opens and closes, a black one with an upper shadow, a white one that closes above it."""
    height_limit(ins, LADDER, state, row, age, low, high)
    if age >= 14:
        _ladder_bottom(ins, outs[0], state, row, low, high)


@helper
def _breakaway(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, highs, lows, closes = ins
    for lane in each_lane(low, high):
        trend = -colour(ins, row, lane)
        found = (
            (body_gap(ins, row - 3, row - 4, lane) == trend)
            & (body(ins, row - 4, lane) > state[1, lane])
            & (colour(ins, row - 4, lane) + colour(ins, row - 3, lane) + colour(ins, row - 1, lane) == 3 * trend)
            & beyond(opens[row - 3, lane], closes[row, lane], trend)
            & beyond(closes[row, lane], closes[row - 4, lane], trend)
        )
        for one in range(row - 2, row):
            found &= beyond(highs[one, lane], highs[one - 1, lane], trend) & beyond(lows[one, lane], lows[one - 1, lane], trend)
        out[row, lane] = -100 * trend if found else 0


@kernel
def cdlbreakaway_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A gap, two candles further on, and one of the other colour that closes within the gap."""
    body_limit(ins, LONG_FIRST, state, row, age, low, high)
    if age >= 14:
        _breakaway(ins, outs[0], state, row, low, high)


@helper
def _mat_hold(ins: Blocks, out: Block, state: Block, penetration: float, row: int, low: int, high: int) -> None:
    opens, highs, _, closes = ins
    for lane in each_lane(low, high):
        top = closes[row - 4, lane]
        floor = top - body(ins, row - 4, lane) * penetration
        found = (
            (body(ins, row - 4, lane) > state[1, lane])
            & (colour(ins, row - 4, lane) - colour(ins, row - 3, lane) + colour(ins, row, lane) == 3)
            & (body_gap(ins, row - 3, row - 4, lane) > 0)
            & (body_top(ins, row - 2, lane) < opens[row - 3, lane])
            & (body_top(ins, row - 1, lane) < body_top(ins, row - 2, lane))
            & (opens[row, lane] > closes[row - 1, lane])
        )
        for shift in range(1, 4):
            found &= (body(ins, row - shift, lane) < state[1 + 2 * shift, lane]) & (closes[row, lane] > highs[row - shift, lane])
        for shift in range(1, 3):
            bottom = body_bottom(ins, row - shift, lane)
            found &= (bottom < top) & (bottom > floor)
        out[row, lane] = 100 if found else 0


@kernel
def cdlmathold_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long white candle, a short black one above it, two short ones that sink into its body, and a new high close."""
    for one in MAT_HOLD:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 14:
        _mat_hold(ins, outs[0], state, params[0], row, low, high)


@helper
def _three_methods(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, highs, lows, closes = ins
    for lane in each_lane(low, high):
        trend = colour(ins, row - 4, lane)
        found = (
            (body(ins, row - 4, lane) > state[1, lane])
            & (body(ins, row, lane) > state[9, lane])
            & (colour(ins, row, lane) == trend)
            & beyond(closes[row - 3, lane], closes[row - 2, lane], trend)
            & beyond(closes[row - 2, lane], closes[row - 1, lane], trend)
            & beyond(opens[row, lane], closes[row - 1, lane], trend)
            & beyond(closes[row, lane], closes[row - 4, lane], trend)
        )
        for shift in range(1, 4):
            found &= (
                (colour(ins, row - shift, lane) != trend)
                & (body(ins, row - shift, lane) < state[1 + 2 * shift, lane])
                & (body_bottom(ins, row - shift, lane) < highs[row - 4, lane])
                & (body_top(ins, row - shift, lane) > lows[row - 4, lane])
            )
        out[row, lane] = 100 * trend if found else 0


@kernel
def cdlrisefall3methods_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long candle, three short ones of the other colour within its reach that go back, a long one that goes on."""
    for one in THREE_METHODS:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 14:
        _three_methods(ins, outs[0], state, row, low, high)
