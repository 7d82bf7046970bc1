"""Kernels of the patterns of one bar whose open and close are next to equal."""

from typing import Any

from indicators.kernels.candles import (
    BODY_DOJI,
    NEAR,
    SHADOW_LONG,
    SHADOW_VERY_LONG,
    SHADOW_VERY_SHORT,
    body,
    height_limit,
    larger,
    limit_of,
    lower_shadow,
    smaller,
    upper_shadow,
)
from indicators.kernels.compiling import Block, Blocks, kernel
from indicators.kernels.rows import lanes

LEADING = 10
DOJI = limit_of(BODY_DOJI, LEADING, 0)
TINY = limit_of(SHADOW_VERY_SHORT, LEADING, 2)
NEARBY = limit_of(NEAR, LEADING, 2)


@kernel
def cdldoji_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Hardly a body."""
    height_limit(ins, DOJI, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    doji, result = lanes(state, 1, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        result[lane] = 100 * (body(opened[lane], closed[lane]) <= doji[lane])


@kernel
def cdldragonflydoji_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Hardly a body, at the upper end of the candle."""
    height_limit(ins, DOJI, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    doji, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (body(opened[lane], closed[lane]) <= doji[lane]) & (above < tiny[lane]) & (below > tiny[lane])
        result[lane] = 100 * found


@kernel
def cdlgravestonedoji_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Hardly a body, at the lower end of the candle."""
    height_limit(ins, DOJI, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    doji, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (body(opened[lane], closed[lane]) <= doji[lane]) & (below < tiny[lane]) & (above > tiny[lane])
        result[lane] = 100 * found


@kernel
def cdltakuri_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As a dragonfly doji, with a lower shadow that is very long as against the body."""
    height_limit(ins, DOJI, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    doji, tiny = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        length = body(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        found = (length <= doji[lane]) & (above < tiny[lane]) & (below > SHADOW_VERY_LONG * length)
        result[lane] = 100 * found


@kernel
def cdllongleggeddoji_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Hardly a body, and a shadow that is longer."""
    height_limit(ins, DOJI, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    doji, result = lanes(state, 1, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        length = body(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        result[lane] = 100 * ((length <= doji[lane]) & ((above > SHADOW_LONG * length) | (below > SHADOW_LONG * length)))


@kernel
def cdlrickshawman_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Hardly a body, in the middle between two shadows that are longer."""
    height_limit(ins, DOJI, state, row, age, low, high)
    height_limit(ins, NEARBY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    doji, near = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        length = body(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        middle = bottom[lane] + (top[lane] - bottom[lane]) / 2.0
        central = (smaller(opened[lane], closed[lane]) <= middle + near[lane]) & (
            larger(opened[lane], closed[lane]) >= middle - near[lane]
        )
        long = (above > SHADOW_LONG * length) & (below > SHADOW_LONG * length)
        result[lane] = 100 * ((length <= doji[lane]) & long & central)
