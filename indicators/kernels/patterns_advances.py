"""Kernels of the patterns of two bars told by how far the second close comes back: piercing, necks, counterattack."""

from typing import Any

from indicators.kernels.candles import (
    BODY_LONG,
    EQUAL,
    SHADOW_VERY_SHORT,
    body,
    body_limit,
    colour,
    height_limit,
    limit_of,
    lower_shadow,
    upper_shadow,
)
from indicators.kernels.compiling import Block, Blocks, kernel
from indicators.kernels.rows import lanes

LEADING = 11
LONG_BEFORE = limit_of(BODY_LONG, LEADING, 0, shift=1)
ALIKE = limit_of(EQUAL, LEADING, 2, shift=1)
LONG = limit_of(BODY_LONG, LEADING, 4)
TINY = limit_of(SHADOW_VERY_SHORT, LEADING, 6)


@kernel
def cdlcounterattack_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two long bodies of different colours with the same close."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    height_limit(ins, ALIKE, state, row, age, low, high)
    body_limit(ins, LONG, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    long_before, equal = lanes(state, 1, low, high), lanes(state, 3, low, high)
    long, result = lanes(state, 5, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        long_ones = (body(opened[lane], closed[lane]) > long[lane]) & (
            body(opened_before[lane], closed_before[lane]) > long_before[lane]
        )
        alike = (closed[lane] <= closed_before[lane] + equal[lane]) & (closed[lane] >= closed_before[lane] - equal[lane])
        result[lane] = 100 * sign * (long_ones & alike & (sign != colour(opened_before[lane], closed_before[lane])))


@kernel
def cdlseparatinglines_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two bodies of different colours with the same open, the second one a belt-hold."""
    height_limit(ins, ALIKE, state, row, age, low, high)
    body_limit(ins, LONG, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    equal, long = lanes(state, 3, low, high), lanes(state, 5, low, high)
    tiny, result = lanes(state, 7, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        above = upper_shadow(opened[lane], top[lane], closed[lane])
        below = lower_shadow(opened[lane], bottom[lane], closed[lane])
        other = sign != colour(opened_before[lane], closed_before[lane])
        alike = (opened[lane] <= opened_before[lane] + equal[lane]) & (opened[lane] >= opened_before[lane] - equal[lane])
        bare = (below if sign > 0 else above) < tiny[lane]
        result[lane] = 100 * sign * (other & alike & bare & (body(opened[lane], closed[lane]) > long[lane]))


@kernel
def cdldarkcloudcover_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long white body, then a black one from above its high to deep within it."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    if age < LEADING:
        return
    (penetration,) = params
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, top_before = lanes(ins[0], row - 1, low, high), lanes(ins[1], row - 1, low, high)
    closed_before = lanes(ins[3], row - 1, low, high)
    long_before, result = lanes(state, 1, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        length_before = body(opened_before[lane], closed_before[lane])
        white = (closed_before[lane] >= opened_before[lane]) & (length_before > long_before[lane])
        turn = (closed[lane] < opened[lane]) & (opened[lane] > top_before[lane])
        deep = (closed[lane] > opened_before[lane]) & (closed[lane] < closed_before[lane] - length_before * penetration)
        result[lane] = -100 * (white & turn & deep)


@kernel
def cdlpiercing_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long black body, then a long white one from below its low to its upper half."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    body_limit(ins, LONG, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, bottom_before = lanes(ins[0], row - 1, low, high), lanes(ins[2], row - 1, low, high)
    closed_before = lanes(ins[3], row - 1, low, high)
    long_before, long = lanes(state, 1, low, high), lanes(state, 5, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        length_before = body(opened_before[lane], closed_before[lane])
        long_black = (closed_before[lane] < opened_before[lane]) & (length_before > long_before[lane])
        turn = (closed[lane] >= opened[lane]) & (opened[lane] < bottom_before[lane])
        deep = (closed[lane] < opened_before[lane]) & (closed[lane] > closed_before[lane] + length_before * 0.5)
        result[lane] = 100 * (long_black & turn & (body(opened[lane], closed[lane]) > long[lane]) & deep)


@kernel
def cdlthrusting_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long black body, then a white one from below its low into its lower half."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    height_limit(ins, ALIKE, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, bottom_before = lanes(ins[0], row - 1, low, high), lanes(ins[2], row - 1, low, high)
    closed_before = lanes(ins[3], row - 1, low, high)
    long_before, equal = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        length_before = body(opened_before[lane], closed_before[lane])
        long_black = (closed_before[lane] < opened_before[lane]) & (length_before > long_before[lane])
        turn = (closed[lane] >= opened[lane]) & (opened[lane] < bottom_before[lane])
        shallow = (closed[lane] > closed_before[lane] + equal[lane]) & (closed[lane] <= closed_before[lane] + length_before * 0.5)
        result[lane] = -100 * (long_black & turn & shallow)


@kernel
def cdlinneck_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long black body, then a white one from below its low to its close."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    height_limit(ins, ALIKE, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, bottom_before = lanes(ins[0], row - 1, low, high), lanes(ins[2], row - 1, low, high)
    closed_before = lanes(ins[3], row - 1, low, high)
    long_before, equal = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        long_black = (closed_before[lane] < opened_before[lane]) & (
            body(opened_before[lane], closed_before[lane]) > long_before[lane]
        )
        turn = (closed[lane] >= opened[lane]) & (opened[lane] < bottom_before[lane])
        alike = (closed[lane] <= closed_before[lane] + equal[lane]) & (closed[lane] >= closed_before[lane])
        result[lane] = -100 * (long_black & turn & alike)


@kernel
def cdlonneck_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long black body, then a white one from below its low to that low."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    height_limit(ins, ALIKE, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, bottom_before = lanes(ins[0], row - 1, low, high), lanes(ins[2], row - 1, low, high)
    closed_before = lanes(ins[3], row - 1, low, high)
    long_before, equal = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        long_black = (closed_before[lane] < opened_before[lane]) & (
            body(opened_before[lane], closed_before[lane]) > long_before[lane]
        )
        turn = (closed[lane] >= opened[lane]) & (opened[lane] < bottom_before[lane])
        alike = (closed[lane] <= bottom_before[lane] + equal[lane]) & (closed[lane] >= bottom_before[lane] - equal[lane])
        result[lane] = -100 * (long_black & turn & alike)
