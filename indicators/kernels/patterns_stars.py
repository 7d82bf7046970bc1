"""Kernels of candlestick patterns around a small candle in the middle: stars and the abandoned baby, tristar, unique river.

In the state: totals and limits of the measures in their order, two rows each, so that limits are in rows 1, 3, 5.
"""

from typing import Any

from indicators.kernels.candles import BODY_DOJI, BODY_LONG, BODY_SHORT, SHADOW_VERY_SHORT, body_limit, height_limit, limit_of
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.patterns_common import (
    beyond,
    body,
    body_bottom,
    body_gap,
    body_top,
    candle_gap,
    colour,
    each_lane,
    lower_shadow,
    upper_shadow,
)

LONG_FIRST = limit_of(BODY_LONG, 12, 0, shift=2)
SHORT_LAST = limit_of(BODY_SHORT, 12, 4)
SHORT_STAR = limit_of(BODY_SHORT, 12, 2, shift=1)
DOJI_STAR = limit_of(BODY_DOJI, 12, 2, shift=1)
DOJI_FIRST = limit_of(BODY_DOJI, 12, 0, shift=2)
SHADOWLESS = (limit_of(SHADOW_VERY_SHORT, 12, 2, shift=1), limit_of(SHADOW_VERY_SHORT, 12, 6))

# Real bodies of a pattern
STAR = (LONG_FIRST, SHORT_STAR, SHORT_LAST)
OUTER = (LONG_FIRST, SHORT_LAST)


@helper
def _turn(ins: Blocks, state: Block, penetration: float, row: int, lane: int) -> int:
    """1 for a long black, a small and a white candle, the last closing well inside the first; -1 for the mirror image."""
    closes = ins[3]
    direction = colour(ins, row, lane)
    deep = beyond(closes[row, lane], closes[row - 2, lane] + direction * (body(ins, row - 2, lane) * penetration), direction)
    sized = (
        (body(ins, row - 2, lane) > state[1, lane])
        & (body(ins, row - 1, lane) <= state[3, lane])
        & (body(ins, row, lane) > state[5, lane])
    )
    return direction if sized & deep & (colour(ins, row - 2, lane) != direction) else 0


@helper
def _falling_star(ins: Blocks, out: Block, state: Block, penetration: float, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        found = (_turn(ins, state, penetration, row, lane) < 0) & (body_gap(ins, row - 1, row - 2, lane) > 0)
        out[row, lane] = -100 if found else 0


@helper
def _rising_star(ins: Blocks, out: Block, state: Block, penetration: float, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        found = (_turn(ins, state, penetration, row, lane) > 0) & (body_gap(ins, row - 1, row - 2, lane) < 0)
        out[row, lane] = 100 if found else 0


@kernel
def cdleveningstar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A star above a long white candle, then a black one."""
    for one in STAR:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        _falling_star(ins, outs[0], state, params[0], row, low, high)


@kernel
def cdleveningdojistar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As the evening star, with a doji."""
    for one in OUTER:
        body_limit(ins, one, state, row, age, low, high)
    height_limit(ins, DOJI_STAR, state, row, age, low, high)
    if age >= 12:
        _falling_star(ins, outs[0], state, params[0], row, low, high)


@kernel
def cdlmorningstar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A star below a long black candle, then a white one."""
    for one in STAR:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        _rising_star(ins, outs[0], state, params[0], row, low, high)


@kernel
def cdlmorningdojistar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As the morning star, with a doji."""
    for one in OUTER:
        body_limit(ins, one, state, row, age, low, high)
    height_limit(ins, DOJI_STAR, state, row, age, low, high)
    if age >= 12:
        _rising_star(ins, outs[0], state, params[0], row, low, high)


@helper
def _abandoned_baby(ins: Blocks, out: Block, state: Block, penetration: float, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        turn = _turn(ins, state, penetration, row, lane)
        alone = (candle_gap(ins, row - 1, row - 2, lane) == -turn) & (candle_gap(ins, row, row - 1, lane) == turn)
        out[row, lane] = 100 * turn if alone else 0


@kernel
def cdlabandonedbaby_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A doji star that even shadows do not touch, on neither side."""
    for one in OUTER:
        body_limit(ins, one, state, row, age, low, high)
    height_limit(ins, DOJI_STAR, state, row, age, low, high)
    if age >= 12:
        _abandoned_baby(ins, outs[0], state, params[0], row, low, high)


@helper
def _tristar(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        limit = state[1, lane]
        dojis = (body(ins, row - 2, lane) <= limit) & (body(ins, row - 1, lane) <= limit) & (body(ins, row, lane) <= limit)
        gap = body_gap(ins, row - 1, row - 2, lane)
        above = (gap > 0) & (body_top(ins, row, lane) < body_top(ins, row - 1, lane))
        below = (gap < 0) & (body_bottom(ins, row, lane) > body_bottom(ins, row - 1, lane))
        out[row, lane] = -100 * gap if dojis & (above | below) else 0


@kernel
def cdltristar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Three dojis by the measure of the first, the second one apart from the first and further out than the third."""
    height_limit(ins, DOJI_FIRST, state, row, age, low, high)
    if age >= 12:
        _tristar(ins, outs[0], state, row, low, high)


@helper
def _unique_river(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, _, lows, closes = ins
    for lane in each_lane(low, high):
        found = (
            (body(ins, row - 2, lane) > state[1, lane])
            & (body(ins, row, lane) < state[5, lane])
            & (colour(ins, row - 2, lane) + colour(ins, row - 1, lane) - colour(ins, row, lane) == -3)
            & (closes[row - 1, lane] > closes[row - 2, lane])
            & (opens[row - 1, lane] <= opens[row - 2, lane])
            & (lows[row - 1, lane] < lows[row - 2, lane])
            & (opens[row, lane] > lows[row - 1, lane])
        )
        out[row, lane] = 100 if found else 0


@kernel
def cdlunique3river_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long black candle, a black one inside it with a lower low, a small white one above that low."""
    for one in OUTER:
        body_limit(ins, one, state, row, age, low, high)
    if age >= 12:
        _unique_river(ins, outs[0], state, row, low, high)


@helper
def _stars_in_south(ins: Blocks, out: Block, state: Block, row: int, low: int, high: int) -> None:
    opens, highs, lows, closes = ins
    for lane in each_lane(low, high):
        falling = colour(ins, row - 2, lane) + colour(ins, row - 1, lane) + colour(ins, row, lane) == -3
        first = (body(ins, row - 2, lane) > state[1, lane]) & (lower_shadow(ins, row - 2, lane) > body(ins, row - 2, lane))
        second = (
            (body(ins, row - 1, lane) < body(ins, row - 2, lane))
            & (opens[row - 1, lane] > closes[row - 2, lane])
            & (opens[row - 1, lane] <= highs[row - 2, lane])
            & (lows[row - 1, lane] < closes[row - 2, lane])
            & (lows[row - 1, lane] >= lows[row - 2, lane])
            & (lower_shadow(ins, row - 1, lane) > state[3, lane])
        )
        third = (
            (body(ins, row, lane) < state[5, lane])
            & (lower_shadow(ins, row, lane) < state[7, lane])
            & (upper_shadow(ins, row, lane) < state[7, lane])
            & (lows[row, lane] > lows[row - 1, lane])
            & (highs[row, lane] < highs[row - 1, lane])
        )
        out[row, lane] = 100 if falling & first & second & third else 0


@kernel
def cdl3starsinsouth_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Three black candles, each lying within the reach of the one before: a long one with a long tail, a shorter, a marubozu."""
    for one in OUTER:
        body_limit(ins, one, state, row, age, low, high)
    for other in SHADOWLESS:
        height_limit(ins, other, state, row, age, low, high)
    if age >= 12:
        _stars_in_south(ins, outs[0], state, row, low, high)
