"""Kernels of candlestick patterns of three candles that march on, and of crows.

In the state: totals and limits of the measures in their order, two rows each, so that limits are in rows 1, 3, 5.
"""

from typing import Any

from indicators.kernels.candles import (
    BODY_LONG,
    BODY_SHORT,
    EQUAL,
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
from indicators.kernels.patterns_common import body, body_gap, colour, lower_shadow, upper_shadow

# In rows 1, 3, 5 where the candles of a pattern, the last one first, must have no shadow; in 1 and 3 what is near the last two.
SHADOWLESS_CROWS = tuple([limit_of(SHADOW_VERY_SHORT, 13, 2 * shift, shift) for shift in range(3)])
IDENTICAL_CROWS = (
    *[limit_of(SHADOW_VERY_SHORT, 12, 2 * shift, shift) for shift in range(3)],
    *[limit_of(EQUAL, 12, 4 + 2 * shift, shift) for shift in (1, 2)],
)
NEAR_BEFORE = tuple([limit_of(NEAR, 12, 2 * shift - 2, shift) for shift in (1, 2)])
WHITE_SOLDIERS = (
    *NEAR_BEFORE,
    *[limit_of(SHADOW_VERY_SHORT, 12, 4 + 2 * shift, shift) for shift in range(3)],
    *[limit_of(FAR, 12, 8 + 2 * shift, shift) for shift in (1, 2)],
)
SHORT_SOLDIER = limit_of(BODY_SHORT, 12, 14)
ADVANCE_BLOCK = (*NEAR_BEFORE, *[limit_of(FAR, 12, 8 + 2 * shift, shift) for shift in (1, 2)])
ADVANCE_SHADOWS = tuple([limit_of(SHADOW_SHORT, 12, 4 + 2 * shift, shift) for shift in range(3)])
ADVANCE_LONG = limit_of(BODY_LONG, 12, 14, shift=2)
STALLED = (*NEAR_BEFORE, limit_of(SHADOW_VERY_SHORT, 12, 8, shift=1))
STALLED_BODIES = (
    limit_of(BODY_LONG, 12, 4, shift=1),
    limit_of(BODY_LONG, 12, 6, shift=2),
    limit_of(BODY_SHORT, 12, 10),
)
LONG_BEFORE_CROWS = limit_of(BODY_LONG, 12, 0, shift=2)
CROWS_OVER_GAP = (LONG_BEFORE_CROWS, limit_of(BODY_SHORT, 12, 2, shift=1))


@helper
def _crows_fall(ins: Blocks, state: Block, row: int, lane: int) -> bool:
    """Three black candles with hardly any lower shadow, each closing lower; limits of the shadows in rows 1, 3, 5."""
    found = (ins[3][row, lane] < ins[3][row - 1, lane]) & (ins[3][row - 1, lane] < ins[3][row - 2, lane])
    for shift in range(3):
        one = row - shift
        found &= (colour(ins, one, lane) < 0) & (lower_shadow(ins, one, lane) < state[2 * shift + 1, lane])
    return found


@helper
def _follows(ins: Blocks, near: float, row: int, lane: int) -> bool:
    """Whether a white candle opens above the open of the white one before, and inside or near its body."""
    opens, closes = ins[0], ins[3]
    return (opens[row, lane] > opens[row - 1, lane]) & (opens[row, lane] <= closes[row - 1, lane] + near)


@helper
def _whites_rise(ins: Blocks, row: int, lane: int) -> bool:
    """Three white candles, each closing higher."""
    closes = ins[3]
    white = colour(ins, row, lane) + colour(ins, row - 1, lane) + colour(ins, row - 2, lane) == 3
    return white & (closes[row, lane] > closes[row - 1, lane]) & (closes[row - 1, lane] > closes[row - 2, lane])


@helper
def _gap_and_crow(ins: Blocks, long: float, row: int, lane: int) -> bool:
    """A long white candle, then a black one above it, then another black one."""
    colours = colour(ins, row, lane) + colour(ins, row - 1, lane) - colour(ins, row - 2, lane)
    return (colours == -3) & (body(ins, row - 2, lane) > long) & (body_gap(ins, row - 1, row - 2, lane) > 0)


@kernel
def cdl2crows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The last crow opens in the body of the first and closes in that of the white candle."""
    body_limit(ins, LONG_BEFORE_CROWS, state, row, age, low, high)
    if age >= 12:
        opens, closes = ins[0], ins[3]
        for lane in range(low, high):
            found = (
                _gap_and_crow(ins, state[1, lane], row, lane)
                & (opens[row, lane] < opens[row - 1, lane])
                & (opens[row, lane] > closes[row - 1, lane])
                & (closes[row, lane] > opens[row - 2, lane])
                & (closes[row, lane] < closes[row - 2, lane])
            )
            outs[0][row, lane] = -100 if found else 0


@kernel
def cdlupsidegap2crows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The last crow engulfs the first, which is short, and closes above the white candle."""
    for one in CROWS_OVER_GAP:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        opens, closes = ins[0], ins[3]
        for lane in range(low, high):
            found = (
                _gap_and_crow(ins, state[1, lane], row, lane)
                & (body(ins, row - 1, lane) <= state[3, lane])
                & (opens[row, lane] > opens[row - 1, lane])
                & (closes[row, lane] < closes[row - 1, lane])
                & (closes[row, lane] > closes[row - 2, lane])
            )
            outs[0][row, lane] = -100 if found else 0


@kernel
def cdl3blackcrows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """After a white candle, crows of which each opens inside the body of the one before."""
    for one in SHADOWLESS_CROWS:
        height_limit(ins, one, state, row, age, low, high)
    if age >= 13:
        opens, highs, closes = ins[0], ins[1], ins[3]
        for lane in range(low, high):
            found = (
                _crows_fall(ins, state, row, lane)
                & (colour(ins, row - 3, lane) > 0)
                & (opens[row - 1, lane] < opens[row - 2, lane])
                & (opens[row - 1, lane] > closes[row - 2, lane])
                & (opens[row, lane] < opens[row - 1, lane])
                & (opens[row, lane] > closes[row - 1, lane])
                & (highs[row - 3, lane] > closes[row - 2, lane])
            )
            outs[0][row, lane] = -100 if found else 0


@kernel
def cdlidentical3crows_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Crows of which each opens where the one before closed."""
    for one in IDENTICAL_CROWS:
        height_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        opens, closes = ins[0], ins[3]
        for lane in range(low, high):
            found = (
                _crows_fall(ins, state, row, lane)
                & (opens[row, lane] <= closes[row - 1, lane] + state[7, lane])
                & (opens[row, lane] >= closes[row - 1, lane] - state[7, lane])
                & (opens[row - 1, lane] <= closes[row - 2, lane] + state[9, lane])
                & (opens[row - 1, lane] >= closes[row - 2, lane] - state[9, lane])
            )
            outs[0][row, lane] = -100 if found else 0


@kernel
def cdl3whitesoldiers_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """White candles without upper shadows, none much shorter than the one before."""
    for one in WHITE_SOLDIERS:
        height_limit(ins, one, state, row, age, low, high)
    body_limit(ins, SHORT_SOLDIER, state, row, age, low, high)
    if age >= 12:
        for lane in range(low, high):
            found = _whites_rise(ins, row, lane) & (body(ins, row, lane) > state[15, lane])
            for shift in range(3):
                found &= upper_shadow(ins, row - shift, lane) < state[5 + 2 * shift, lane]
            for shift in range(2):
                limit = body(ins, row - shift - 1, lane) - state[11 + 2 * shift, lane]
                found &= _follows(ins, state[1 + 2 * shift, lane], row - shift, lane)
                found &= body(ins, row - shift, lane) > limit
            outs[0][row, lane] = 100 if found else 0


@helper
def _weakens(ins: Blocks, state: Block, row: int, lane: int) -> bool:
    """Bodies that shrink or upper shadows that grow, in one of the four ways that make an advance block."""
    first, second, third = body(ins, row - 2, lane), body(ins, row - 1, lane), body(ins, row, lane)
    shadow = upper_shadow(ins, row, lane)
    shaded = (shadow > state[5, lane]) | (upper_shadow(ins, row - 1, lane) > state[7, lane])
    return (
        ((second < first - state[13, lane]) & (third < second + state[1, lane]))
        | (third < second - state[11, lane])
        | ((third < second) & (second < first) & shaded)
        | ((third < second) & (shadow > third))
    )


@kernel
def cdladvanceblock_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """White candles of which the first is long with a short upper shadow, and the others lose strength."""
    for one in ADVANCE_BLOCK:
        height_limit(ins, one, state, row, age, low, high)
    for each in ADVANCE_SHADOWS:
        shadows_limit(ins, each, state, row, age, low, high)
    body_limit(ins, ADVANCE_LONG, state, row, age, low, high)
    if age >= 12:
        for lane in range(low, high):
            found = (
                _whites_rise(ins, row, lane)
                & _follows(ins, state[1, lane], row, lane)
                & _follows(ins, state[3, lane], row - 1, lane)
                & (body(ins, row - 2, lane) > state[15, lane])
                & (upper_shadow(ins, row - 2, lane) < state[9, lane])
                & _weakens(ins, state, row, lane)
            )
            outs[0][row, lane] = -100 if found else 0


@kernel
def cdlstalledpattern_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two long white candles, then a small one that rides on the shoulder of the second."""
    for one in STALLED:
        height_limit(ins, one, state, row, age, low, high)
    for each in STALLED_BODIES:
        body_limit(ins, each, state, row, age, low, high)
    if age >= 12:
        opens, closes = ins[0], ins[3]
        for lane in range(low, high):
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
            outs[0][row, lane] = -100 if found else 0
