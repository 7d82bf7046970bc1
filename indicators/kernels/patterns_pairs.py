"""Kernels of the patterns of two bars in which one body holds the other, or leaves a gap to it."""

from typing import Any

from indicators.kernels.candles import (
    BODY_DOJI,
    BODY_LONG,
    BODY_SHORT,
    EQUAL,
    SHADOW_VERY_SHORT,
    body,
    body_limit,
    colour,
    gap_down,
    gap_up,
    height_limit,
    larger,
    limit_of,
    lower_shadow,
    smaller,
    upper_shadow,
)
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes

LEADING = 11
LONG_BEFORE = limit_of(BODY_LONG, LEADING, 0, shift=1)
SHORT = limit_of(BODY_SHORT, LEADING, 2)
DOJI = limit_of(BODY_DOJI, LEADING, 2)
LONG = limit_of(BODY_LONG, LEADING, 2)
TINY_BEFORE = limit_of(SHADOW_VERY_SHORT, LEADING, 4, shift=1)
TINY = limit_of(SHADOW_VERY_SHORT, LEADING, 6)
LEADING_MATCHING = 6
ALIKE = limit_of(EQUAL, LEADING_MATCHING, 0, shift=1)
LEADING_ENGULFING = 2

# What a pattern is worth whose bodies share an end, instead of 100.
SHARED_END = 80


@kernel
def cdldojistar_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long body, then a doji beyond its close."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    height_limit(ins, DOJI, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    long_before, doji = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign_before = colour(opened_before[lane], closed_before[lane])
        found = (body(opened_before[lane], closed_before[lane]) > long_before[lane]) & (
            body(opened[lane], closed[lane]) <= doji[lane]
        )
        up = gap_up(opened[lane], closed[lane], opened_before[lane], closed_before[lane])
        down = gap_down(opened[lane], closed[lane], opened_before[lane], closed_before[lane])
        result[lane] = -100 * sign_before * (found & (up if sign_before > 0 else down))


@kernel
def cdlengulfing_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A body of the other colour that holds the one before and goes beyond it at one end or both."""
    if age < LEADING_ENGULFING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        first, last = opened[lane], closed[lane]
        first_before, last_before = opened_before[lane], closed_before[lane]
        sign = colour(first, last)
        upper, lower = larger(first, last), smaller(first, last)
        upper_before, lower_before = larger(first_before, last_before), smaller(first_before, last_before)
        holds = (upper >= upper_before) & (lower <= lower_before) & ((upper > upper_before) | (lower < lower_before))
        worth = 100 if (first != last_before) & (last != first_before) else SHARED_END
        result[lane] = sign * worth * (holds & (sign != colour(first_before, last_before)))


@helper
def _held(opened: float, closed: float, opened_before: float, closed_before: float) -> int:
    """What a body is worth that lies within the body before; 0 for one that does not."""
    upper, lower = larger(opened, closed), smaller(opened, closed)
    upper_before, lower_before = larger(opened_before, closed_before), smaller(opened_before, closed_before)
    worth = 100 if (upper < upper_before) & (lower > lower_before) else SHARED_END
    return worth if (upper <= upper_before) & (lower >= lower_before) else 0


@kernel
def cdlharami_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long body, then a short one within it."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    body_limit(ins, SHORT, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    long_before, short = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign_before = colour(opened_before[lane], closed_before[lane])
        found = (body(opened_before[lane], closed_before[lane]) > long_before[lane]) & (
            body(opened[lane], closed[lane]) <= short[lane]
        )
        held = _held(opened[lane], closed[lane], opened_before[lane], closed_before[lane])
        result[lane] = -sign_before * held * found


@kernel
def cdlharamicross_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long body, then a doji within it."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    height_limit(ins, DOJI, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    long_before, doji = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign_before = colour(opened_before[lane], closed_before[lane])
        found = (body(opened_before[lane], closed_before[lane]) > long_before[lane]) & (
            body(opened[lane], closed[lane]) <= doji[lane]
        )
        held = _held(opened[lane], closed[lane], opened_before[lane], closed_before[lane])
        result[lane] = -sign_before * held * found


@kernel
def cdlhomingpigeon_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """A long black body, then a short black one within it."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    body_limit(ins, SHORT, state, row, age, low, high)
    if age < LEADING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    long_before, short = lanes(state, 1, low, high), lanes(state, 3, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        black = (closed_before[lane] < opened_before[lane]) & (closed[lane] < opened[lane])
        lengths = (body(opened_before[lane], closed_before[lane]) > long_before[lane]) & (
            body(opened[lane], closed[lane]) <= short[lane]
        )
        within = (opened[lane] < opened_before[lane]) & (closed[lane] > closed_before[lane])
        result[lane] = 100 * (black & lengths & within)


@helper
def _bare(opened: float, top: float, bottom: float, closed: float, long: float, tiny: float) -> bool:
    """A marubozu: a long body without shadows."""
    above, below = upper_shadow(opened, top, closed), lower_shadow(opened, bottom, closed)
    return (body(opened, closed) > long) & (above < tiny) & (below < tiny)


@kernel
def cdlkicking_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two marubozu with a gap between them, the second one of the other colour, away from the first."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    body_limit(ins, LONG, state, row, age, low, high)
    height_limit(ins, TINY_BEFORE, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    opened_before, top_before = lanes(ins[0], row - 1, low, high), lanes(ins[1], row - 1, low, high)
    bottom_before, closed_before = lanes(ins[2], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    long_before, long = lanes(state, 1, low, high), lanes(state, 3, low, high)
    tiny_before, tiny = lanes(state, 5, low, high), lanes(state, 7, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        sign_before = colour(opened_before[lane], closed_before[lane])
        bare = _bare(opened[lane], top[lane], bottom[lane], closed[lane], long[lane], tiny[lane])
        bare_before = _bare(
            opened_before[lane], top_before[lane], bottom_before[lane], closed_before[lane], long_before[lane], tiny_before[lane]
        )
        gap = (bottom[lane] > top_before[lane]) if sign > 0 else (top[lane] < bottom_before[lane])
        result[lane] = 100 * sign * (bare & bare_before & gap & (sign != sign_before))


@kernel
def cdlkickingbylength_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As `cdlkicking`, with the sign of the longer of the two."""
    body_limit(ins, LONG_BEFORE, state, row, age, low, high)
    body_limit(ins, LONG, state, row, age, low, high)
    height_limit(ins, TINY_BEFORE, state, row, age, low, high)
    height_limit(ins, TINY, state, row, age, low, high)
    if age < LEADING:
        return
    opened, top = lanes(ins[0], row, low, high), lanes(ins[1], row, low, high)
    bottom, closed = lanes(ins[2], row, low, high), lanes(ins[3], row, low, high)
    opened_before, top_before = lanes(ins[0], row - 1, low, high), lanes(ins[1], row - 1, low, high)
    bottom_before, closed_before = lanes(ins[2], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    long_before, long = lanes(state, 1, low, high), lanes(state, 3, low, high)
    tiny_before, tiny = lanes(state, 5, low, high), lanes(state, 7, low, high)
    result = lanes(outs[0], row, low, high)
    for lane in range(high - low):
        sign = colour(opened[lane], closed[lane])
        sign_before = colour(opened_before[lane], closed_before[lane])
        bare = _bare(opened[lane], top[lane], bottom[lane], closed[lane], long[lane], tiny[lane])
        bare_before = _bare(
            opened_before[lane], top_before[lane], bottom_before[lane], closed_before[lane], long_before[lane], tiny_before[lane]
        )
        gap = (bottom[lane] > top_before[lane]) if sign > 0 else (top[lane] < bottom_before[lane])
        length = body(opened[lane], closed[lane])
        length_before = body(opened_before[lane], closed_before[lane])
        longer = sign if length > length_before else sign_before
        result[lane] = 100 * longer * (bare & bare_before & gap & (sign != sign_before))


@kernel
def cdlmatchinglow_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Two black candles with the same close."""
    height_limit(ins, ALIKE, state, row, age, low, high)
    if age < LEADING_MATCHING:
        return
    opened, closed = lanes(ins[0], row, low, high), lanes(ins[3], row, low, high)
    opened_before, closed_before = lanes(ins[0], row - 1, low, high), lanes(ins[3], row - 1, low, high)
    equal, result = lanes(state, 1, low, high), lanes(outs[0], row, low, high)
    for lane in range(high - low):
        black = (closed_before[lane] < opened_before[lane]) & (closed[lane] < opened[lane])
        alike = (closed[lane] <= closed_before[lane] + equal[lane]) & (closed[lane] >= closed_before[lane] - equal[lane])
        result[lane] = 100 * (black & alike)
