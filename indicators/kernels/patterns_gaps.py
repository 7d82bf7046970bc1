"""Kernels of candlestick patterns of three bars that turn or go on: inside and outside, gaps, sandwich.

In the state: totals and limits of the measures in their order, two rows each, so that limits are in rows 1, 3.
"""

from typing import Any

from indicators.kernels.candles import BODY_LONG, BODY_SHORT, EQUAL, NEAR, body_limit, height_limit, limit_of
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.patterns_common import beyond, body, body_bottom, body_gap, body_top, colour, each_lane

INSIDE = (limit_of(BODY_LONG, 12, 0, shift=2), limit_of(BODY_SHORT, 12, 2, shift=1))
NEAR_GAP = limit_of(NEAR, 7, 0, shift=1)
SIDE_BY_SIDE = (NEAR_GAP, limit_of(EQUAL, 7, 2, shift=1))
SANDWICH = limit_of(EQUAL, 7, 0, shift=2)


@helper
def _three_inside(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        first, last = colour(ins, row - 2, lane), colour(ins, row, lane)
        found = (
            (body(ins, row - 2, lane) > state[1, lane])
            & (body(ins, row - 1, lane) <= state[3, lane])
            & (body_top(ins, row - 1, lane) < body_top(ins, row - 2, lane))
            & (body_bottom(ins, row - 1, lane) > body_bottom(ins, row - 2, lane))
            & (first != last)
            & beyond(closes[row, lane], opens[row - 2, lane], last)
        )
        out[row, lane] = 100 * last if found else 0


@kernel
def cdl3inside_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long candle, a short one inside its body, and one that closes beyond the open of the first."""
    for one in INSIDE:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        _three_inside(ins, outs[0], state, row, low, high)


@helper
def _three_outside(ins: Blocks, out: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        direction = colour(ins, row - 1, lane)
        found = (
            (colour(ins, row - 2, lane) != direction)
            & beyond(closes[row - 1, lane], opens[row - 2, lane], direction)
            & beyond(closes[row - 2, lane], opens[row - 1, lane], direction)
            & beyond(closes[row, lane], closes[row - 1, lane], direction)
        )
        out[row, lane] = 100 * direction if found else 0


@kernel
def cdl3outside_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A candle whose body engulfs the one before, of the other colour, and a close further on."""
    if age >= 3:
        _three_outside(ins, outs[0], row, low, high)


@helper
def _side_by_side(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens = ins[0]
    for lane in each_lane(low, high):
        gap = body_gap(ins, row - 1, row - 2, lane)
        size, last, opened = body(ins, row - 1, lane), body(ins, row, lane), opens[row - 1, lane]
        found = (
            (colour(ins, row - 1, lane) + colour(ins, row, lane) == 2)
            & (last >= size - state[1, lane])
            & (last <= size + state[1, lane])
            & (opens[row, lane] >= opened - state[3, lane])
            & (opens[row, lane] <= opened + state[3, lane])
            & (body_gap(ins, row, row - 2, lane) == gap)
        )
        out[row, lane] = 100 * gap if found else 0


@kernel
def cdlgapsidesidewhite_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two white candles of about one size and open, both beyond a gap to the same side."""
    for one in SIDE_BY_SIDE:
        height_limit(ins, one, state, row, age, low, high)
    if age >= 7:
        _side_by_side(ins, outs[0], state, row, low, high)


@helper
def _tasuki_gap(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        gap = body_gap(ins, row - 1, row - 2, lane)
        edge = body_top(ins, row - 2, lane) if gap > 0 else body_bottom(ins, row - 2, lane)
        found = (
            beyond(opens[row - 1, lane], closes[row, lane], gap)
            & beyond(closes[row, lane], edge, gap)
            & (colour(ins, row - 1, lane) == gap)
            & (colour(ins, row, lane) == -gap)
            & (opens[row, lane] < body_top(ins, row - 1, lane))
            & (opens[row, lane] > body_bottom(ins, row - 1, lane))
            & (abs(body(ins, row - 1, lane) - body(ins, row, lane)) < state[1, lane])
        )
        out[row, lane] = 100 * gap if found else 0


@kernel
def cdltasukigap_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A gap, and a candle of the other colour and about the same size that closes within the gap."""
    height_limit(ins, NEAR_GAP, state, row, age, low, high)
    if age >= 7:
        _tasuki_gap(ins, outs[0], state, row, low, high)


@helper
def _gap_closed(ins: Blocks, out: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        gap = body_gap(ins, row - 1, row - 2, lane)
        found = (
            (colour(ins, row - 2, lane) == gap)
            & (colour(ins, row - 1, lane) == gap)
            & (colour(ins, row, lane) == -gap)
            & (opens[row, lane] < body_top(ins, row - 1, lane))
            & (opens[row, lane] > body_bottom(ins, row - 1, lane))
            & (closes[row, lane] < body_top(ins, row - 2, lane))
            & (closes[row, lane] > body_bottom(ins, row - 2, lane))
        )
        out[row, lane] = 100 * gap if found else 0


@kernel
def cdlxsidegap3methods_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A gap between two candles of one colour, closed by one of the other colour, from body to body."""
    if age >= 2:
        _gap_closed(ins, outs[0], row, low, high)


@helper
def _stick_sandwich(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    lows, closes = ins[2], ins[3]
    for lane in each_lane(low, high):
        level = closes[row - 2, lane]
        found = (
            (colour(ins, row - 2, lane) - colour(ins, row - 1, lane) + colour(ins, row, lane) == -3)
            & (lows[row - 1, lane] > level)
            & (closes[row, lane] <= level + state[1, lane])
            & (closes[row, lane] >= level - state[1, lane])
        )
        out[row, lane] = 100 if found else 0


@kernel
def cdlsticksandwich_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two black candles that close equal, a white one between them above that close."""
    height_limit(ins, SANDWICH, state, row, age, low, high)
    if age >= 7:
        _stick_sandwich(ins, outs[0], state, row, low, high)
