"""Kernels of the patterns of a short body at one end of its candle: hammers, hanging man, shooting star."""

from typing import Any

from indicators.kernels.candles import (
    BODY_SHORT,
    NEAR,
    SHADOW_LONG,
    SHADOW_VERY_SHORT,
    body,
    body_limit,
    gap_down,
    gap_up,
    height_limit,
    limit_of,
    lower_shadow,
    smaller,
    upper_shadow,
)
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes

LEADING = 11
SHORT = limit_of(BODY_SHORT, LEADING, 0)
TINY = limit_of(SHADOW_VERY_SHORT, LEADING, 2)
NEARBY = limit_of(NEAR, LEADING, 4, shift=1)


@helper
def _standing(opened: float, top: float, bottom: float, closed: float, short: float, tiny: float) -> bool:
    """A short body at the upper end of its candle."""
    length = body(opened, closed)
    below, above = lower_shadow(opened, bottom, closed), upper_shadow(opened, top, closed)
    return (length < short) & (below > SHADOW_LONG * length) & (above < tiny)


@helper
def _inverted(opened: float, top: float, bottom: float, closed: float, short: float, tiny: float) -> bool:
    """A short body at the lower end of its candle."""
    length = body(opened, closed)
    below, above = lower_shadow(opened, bottom, closed), upper_shadow(opened, top, closed)
    return (length < short) & (above > SHADOW_LONG * length) & (below < tiny)


@kernel
def cdlhammer_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A standing body near the low of the candle before, or below it."""
    body_limit(ins, SHORT, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    height_limit(ins, NEARBY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    bottom_before = lanes(ins[2], row - 1, low, high)
    short, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    near, result = lanes(state, 5, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        standing = _standing(opened[lane], top[lane], bottom[lane], closed[lane], short[lane], tiny[lane])
        result[lane] = 100 * (standing & (smaller(opened[lane], closed[lane]) <= bottom_before[lane] + near[lane]))


@kernel
def cdlhangingman_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A standing body near the high of the candle before, or above it."""
    body_limit(ins, SHORT, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    height_limit(ins, NEARBY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    top_before = lanes(ins[1], row - 1, low, high)
    short, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    near, result = lanes(state, 5, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        standing = _standing(opened[lane], top[lane], bottom[lane], closed[lane], short[lane], tiny[lane])
        result[lane] = -100 * (standing & (smaller(opened[lane], closed[lane]) >= top_before[lane] - near[lane]))


@kernel
def cdlinvertedhammer_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """An inverted body below the body before."""
    body_limit(ins, SHORT, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    short, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        inverted = _inverted(opened[lane], top[lane], bottom[lane], closed[lane], short[lane], tiny[lane])
        result[lane] = 100 * (inverted & gap_down(opened[lane], closed[lane], opened_before[lane], closed_before[lane]))


@kernel
def cdlshootingstar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """An inverted body above the body before."""
    body_limit(ins, SHORT, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    short, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        inverted = _inverted(opened[lane], top[lane], bottom[lane], closed[lane], short[lane], tiny[lane])
        result[lane] = -100 * (inverted & gap_up(opened[lane], closed[lane], opened_before[lane], closed_before[lane]))
