"""Kernels of candlestick patterns of three white candles that rise.

In the state: totals and limits, two rows each, so that limits are in rows 1, 3, 5. Rows 1 and 3 are what is near to the candle
before the last, and to the first; the layout of the others depends on the pattern.
"""

from typing import Any

from indicators.kernels.candles import (
    BODY_LONG,
    BODY_SHORT,
    FAR,
    NEAR,
    SHADOW_SHORT,
    SHADOW_VERY_SHORT,
    body_limit,
    height_limit,
    limit_of,
    shadows_limit,
)
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.patterns_common import body, colour, each_lane, upper_shadow

NEAR_BEFORE = tuple([limit_of(NEAR, 12, 2 * shift - 2, shift) for shift in (1, 2)])
NEAR_AND_FAR_BEFORE = (*NEAR_BEFORE, *[limit_of(FAR, 12, 8 + 2 * shift, shift) for shift in (1, 2)])
SOLDIERS = (*NEAR_AND_FAR_BEFORE, *[limit_of(SHADOW_VERY_SHORT, 12, 4 + 2 * shift, shift) for shift in range(3)])
SHORT_SOLDIER = limit_of(BODY_SHORT, 12, 14)
BLOCK_SHADOWS = tuple([limit_of(SHADOW_SHORT, 12, 4 + 2 * shift, shift) for shift in range(3)])
LONG_BLOCK = limit_of(BODY_LONG, 12, 14, shift=2)
STALLED = (*NEAR_BEFORE, limit_of(SHADOW_VERY_SHORT, 12, 8, shift=1))
STALLED_BODIES = (limit_of(BODY_LONG, 12, 4, shift=1), limit_of(BODY_LONG, 12, 6, shift=2), limit_of(BODY_SHORT, 12, 10))


@helper
def _follows(ins: Blocks, near: float, row: int, lane: int) -> bool:
    """Whether a white candle opens above the open of the white one before, and inside or near its body."""
    opens, closes = ins[0], ins[3]
    return bool((opens[row, lane] > opens[row - 1, lane]) & (opens[row, lane] <= closes[row - 1, lane] + near))


@helper
def _whites_rise(ins: Blocks, row: int, lane: int) -> bool:
    """Three white candles, each closing higher."""
    closes = ins[3]
    white = colour(ins, row, lane) + colour(ins, row - 1, lane) + colour(ins, row - 2, lane) == 3
    return bool(white & (closes[row, lane] > closes[row - 1, lane]) & (closes[row - 1, lane] > closes[row - 2, lane]))


@helper
def _white_soldiers(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        found = _whites_rise(ins, row, lane) & (body(ins, row, lane) > state[15, lane])
        for shift in range(3):
            found &= upper_shadow(ins, row - shift, lane) < state[5 + 2 * shift, lane]
        for shift in range(2):
            limit = body(ins, row - shift - 1, lane) - state[11 + 2 * shift, lane]
            found &= _follows(ins, state[1 + 2 * shift, lane], row - shift, lane)
            found &= body(ins, row - shift, lane) > limit
        out[row, lane] = 100 if found else 0


@kernel
def cdl3whitesoldiers_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """White candles without upper shadows, none much shorter than the one before."""
    for one in SOLDIERS:
        height_limit(ins, one, state, row, age, low, high)
    body_limit(ins, SHORT_SOLDIER, state, row, age, low, high)
    if age >= 12:
        _white_soldiers(ins, outs[0], state, row, low, high)


@helper
def _weakens(ins: Blocks, state: Block, row: int, lane: int) -> bool:
    """Bodies that shrink or upper shadows that grow, in one of the four ways that make an advance block."""
    first, second, third = body(ins, row - 2, lane), body(ins, row - 1, lane), body(ins, row, lane)
    shadow = upper_shadow(ins, row, lane)
    shaded = (shadow > state[5, lane]) | (upper_shadow(ins, row - 1, lane) > state[7, lane])
    return bool(
        ((second < first - state[13, lane]) & (third < second + state[1, lane]))
        | (third < second - state[11, lane])
        | ((third < second) & (second < first) & shaded)
        | ((third < second) & (shadow > third))
    )


@helper
def _advance_block(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        found = (
            _whites_rise(ins, row, lane)
            & _follows(ins, state[1, lane], row, lane)
            & _follows(ins, state[3, lane], row - 1, lane)
            & (body(ins, row - 2, lane) > state[15, lane])
            & (upper_shadow(ins, row - 2, lane) < state[9, lane])
            & _weakens(ins, state, row, lane)
        )
        out[row, lane] = -100 if found else 0


@kernel
def cdladvanceblock_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """White candles of which the first is long with a short upper shadow, and the others lose strength."""
    for one in NEAR_AND_FAR_BEFORE:
        height_limit(ins, one, state, row, age, low, high)
    for shadow in BLOCK_SHADOWS:
        shadows_limit(ins, shadow, state, row, age, low, high)
    body_limit(ins, LONG_BLOCK, state, row, age, low, high)
    if age >= 12:
        _advance_block(ins, outs[0], state, row, low, high)


@helper
def _stalled(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, closes = ins[0], ins[3]
    for lane in each_lane(low, high):
        small = body(ins, row, lane)
        found = (
            _whites_rise(ins, row, lane)
            & _follows(ins, state[3, lane], row - 1, lane)
            & (body(ins, row - 2, lane) > state[7, lane])
            & (body(ins, row - 1, lane) > state[5, lane])
            & (upper_shadow(ins, row - 1, lane) < state[9, lane])
            & (small < state[11, lane])
            & (opens[row, lane] >= closes[row - 1, lane] - small - state[1, lane])
        )
        out[row, lane] = -100 if found else 0


@kernel
def cdlstalledpattern_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two long white candles, then a small one that rides on the shoulder of the second."""
    for one in STALLED:
        height_limit(ins, one, state, row, age, low, high)
    for other in STALLED_BODIES:
        body_limit(ins, other, state, row, age, low, high)
    if age >= 12:
        _stalled(ins, outs[0], state, row, low, high)
