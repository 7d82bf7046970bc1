"""Kernels of candlestick patterns of crows: black candles that fall, alone or after a gap.

In the state: totals and limits, two rows each, so that limits are in rows 1, 3, 5.
"""

from typing import Any

from indicators.kernels.candles import BODY_LONG, BODY_SHORT, EQUAL, SHADOW_VERY_SHORT, body_limit, height_limit, limit_of
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.patterns_common import body, body_gap, colour, each_lane, lower_shadow

LONG_BEFORE = limit_of(BODY_LONG, 12, 0, shift=2)
CROWS_OVER_GAP = (LONG_BEFORE, limit_of(BODY_SHORT, 12, 2, shift=1))
# Rows 1, 3, 5: the lower shadows of the last candle, the one before and the one before that.
SHADOWLESS_CROWS = tuple([limit_of(SHADOW_VERY_SHORT, 13, 2 * shift, shift) for shift in range(3)])
IDENTICAL_CROWS = (
    *[limit_of(SHADOW_VERY_SHORT, 12, 2 * shift, shift) for shift in range(3)],
    *[limit_of(EQUAL, 12, 4 + 2 * shift, shift) for shift in (1, 2)],
)


@helper
def _gap_and_crow(ins: Blocks, long: float, row: int, lane: int) -> bool:
    """A long white candle, then a black one above it, then another black one."""
    colours = colour(ins, row, lane) + colour(ins, row - 1, lane) - colour(ins, row - 2, lane)
    return (colours == -3) & (body(ins, row - 2, lane) > long) & (body_gap(ins, row - 1, row - 2, lane) > 0)


@helper
def _two_crows(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        found = (
            _gap_and_crow(ins, state[1, lane], row, lane)
            & (opens[row, lane] < opens[row - 1, lane])
            & (opens[row, lane] > closes[row - 1, lane])
            & (closes[row, lane] > opens[row - 2, lane])
            & (closes[row, lane] < closes[row - 2, lane])
        )
        out[row, lane] = -100 if found else 0


@kernel
def cdl2crows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The last crow opens in the body of the first and closes in that of the white candle."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    if age >= 12:
        _two_crows(ins, outs[0], state, row, low, high)


@helper
def _upside_gap_crows(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        found = (
            _gap_and_crow(ins, state[1, lane], row, lane)
            & (body(ins, row - 1, lane) <= state[3, lane])
            & (opens[row, lane] > opens[row - 1, lane])
            & (closes[row, lane] < closes[row - 1, lane])
            & (closes[row, lane] > closes[row - 2, lane])
        )
        out[row, lane] = -100 if found else 0


@kernel
def cdlupsidegap2crows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The last crow engulfs the first, which is short, and closes above the white candle."""
    for one in CROWS_OVER_GAP:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        _upside_gap_crows(ins, outs[0], state, row, low, high)


@helper
def _crows_fall(ins: Blocks, state: Block, row: int, lane: int) -> bool:
    """Three black candles with hardly any lower shadow, each closing lower; limits of the shadows in rows 1, 3, 5."""
    found = (ins[3][row, lane] < ins[3][row - 1, lane]) & (ins[3][row - 1, lane] < ins[3][row - 2, lane])
    for shift in range(3):
        one = row - shift
        found &= (colour(ins, one, lane) < 0) & (lower_shadow(ins, one, lane) < state[2 * shift + 1, lane])
    return bool(found)


@helper
def _black_crows(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, highs, closes = ins[0], ins[1], ins[3]
    for lane in each_lane(low, high):
        found = (
            _crows_fall(ins, state, row, lane)
            & (colour(ins, row - 3, lane) > 0)
            & (opens[row - 1, lane] < opens[row - 2, lane])
            & (opens[row - 1, lane] > closes[row - 2, lane])
            & (opens[row, lane] < opens[row - 1, lane])
            & (opens[row, lane] > closes[row - 1, lane])
            & (highs[row - 3, lane] > closes[row - 2, lane])
        )
        out[row, lane] = -100 if found else 0


@kernel
def cdl3blackcrows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """After a white candle, crows of which each opens inside the body of the one before."""
    for one in SHADOWLESS_CROWS:
        height_limit(ins, one, state, row, age, low, high)
    if age >= 13:
        _black_crows(ins, outs[0], state, row, low, high)


@helper
def _identical_crows(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        found = (
            _crows_fall(ins, state, row, lane)
            & (opens[row, lane] <= closes[row - 1, lane] + state[7, lane])
            & (opens[row, lane] >= closes[row - 1, lane] - state[7, lane])
            & (opens[row - 1, lane] <= closes[row - 2, lane] + state[9, lane])
            & (opens[row - 1, lane] >= closes[row - 2, lane] - state[9, lane])
        )
        out[row, lane] = -100 if found else 0


@kernel
def cdlidentical3crows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Crows of which each opens where the one before closed."""
    for one in IDENTICAL_CROWS:
        height_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        _identical_crows(ins, outs[0], state, row, low, high)
