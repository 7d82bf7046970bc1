"""Kernels of the patterns of one bar that its body and its shadows make: belt-hold, marubozu, long and short lines."""

from typing import Any

from indicators.kernels.candles import (
    BODY_LONG,
    BODY_SHORT,
    SHADOW_SHORT,
    SHADOW_VERY_LONG,
    SHADOW_VERY_SHORT,
    body,
    body_limit,
    colour,
    height_limit,
    limit_of,
    lower_shadow,
    shadows_limit,
    upper_shadow,
)
from indicators.kernels.compiling import Block, Blocks, kernel
from indicators.kernels.rows import lanes

LEADING = 10
LONG = limit_of(BODY_LONG, LEADING, 0)
SHORT = limit_of(BODY_SHORT, LEADING, 0)
TINY = limit_of(SHADOW_VERY_SHORT, LEADING, 2)
SMALL = limit_of(SHADOW_SHORT, LEADING, 2)


@kernel
def cdlbelthold_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long body without a shadow at the open."""
    body_limit(ins, LONG, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    long, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (body(opened[lane], closed[lane]) > long[lane]) & ((below if sign > 0 else above) < tiny[lane])
        result[lane] = 100 * sign * found


@kernel
def cdlclosingmarubozu_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long body without a shadow at the close."""
    body_limit(ins, LONG, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    long, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (body(opened[lane], closed[lane]) > long[lane]) & ((above if sign > 0 else below) < tiny[lane])
        result[lane] = 100 * sign * found


@kernel
def cdlmarubozu_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long body without shadows."""
    body_limit(ins, LONG, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    long, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (body(opened[lane], closed[lane]) > long[lane]) & (above < tiny[lane]) & (below < tiny[lane])
        result[lane] = 100 * sign * found


@kernel
def cdllongline_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long body with short shadows."""
    body_limit(ins, LONG, state, row, age, low, high)
    shadows_limit(ins, SMALL, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    long, small = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (body(opened[lane], closed[lane]) > long[lane]) & (above < small[lane]) & (below < small[lane])
        result[lane] = 100 * sign * found


@kernel
def cdlshortline_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A short body with short shadows."""
    body_limit(ins, SHORT, state, row, age, low, high)
    shadows_limit(ins, SMALL, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    short, small = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (body(opened[lane], closed[lane]) < short[lane]) & (above < small[lane]) & (below < small[lane])
        result[lane] = 100 * sign * found


@kernel
def cdlspinningtop_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A short body between shadows longer than itself."""
    body_limit(ins, SHORT, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    short, result = lanes(state, 1, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        length = body(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        result[lane] = 100 * sign * ((length < short[lane]) & (above > length) & (below > length))


@kernel
def cdlhighwave_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A short body between very long shadows."""
    body_limit(ins, SHORT, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    short, result = lanes(state, 1, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        length = body(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        long = SHADOW_VERY_LONG * length
        result[lane] = 100 * sign * ((length < short[lane]) & (above > long) & (below > long))
