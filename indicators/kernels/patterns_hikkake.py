"""Kernels of the hikkake patterns: a break out of an inside bar that turns out false, and the bar that confirms it.

In the state: which pattern waits to be confirmed (1 up, -1 down, 0 none), the age at which it was seen, the price that a
close must pass, and the pattern that ends on this bar.
"""

from typing import Any

from indicators.kernels.candles import NEAR, height_limit, limit_of
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.patterns_common import each_lane
from indicators.kernels.rows import lanes

# Bars within which a pattern can be confirmed.
PATIENCE = 3

# Ages of the first results. The search begins three bars before.
LEADING, NESTED_LEADING = 5, 10
NEAR_EDGE = limit_of(NEAR, NESTED_LEADING - 3, 4, shift=2)


@helper
def _inside(ins: Blocks, row: int, lane: int) -> bool:
    """Whether the candle lies within the one before, shadows included."""
    return bool((ins[1][row, lane] < ins[1][row - 1, lane]) & (ins[2][row, lane] > ins[2][row - 1, lane]))


@helper
def _fails(ins: Blocks, row: int, lane: int) -> float:
    """The way the price is to turn after a break: 1 for lower high and low, -1 for higher ones, 0 for neither."""
    highs, lows = ins[1], ins[2]
    down = (highs[row, lane] < highs[row - 1, lane]) & (lows[row, lane] < lows[row - 1, lane])
    up = (highs[row, lane] > highs[row - 1, lane]) & (lows[row, lane] > lows[row - 1, lane])
    return 1.0 if down else (-1.0 if up else 0.0)


@helper
def _answer(ins: Blocks, out: Block, state: Block, row: int, age: float, defined: bool, low: int, high: int) -> None:
    """What each bar is, given the patterns that end here: 100 a pattern, 200 a confirmation; keeps what waits."""
    for lane in each_lane(low, high):
        waiting, since, level, turn = state[0, lane], state[1, lane], state[2, lane], state[3, lane]
        closed, top, bottom = ins[3][row, lane], ins[1][row - 1, lane], ins[2][row - 1, lane]
        passed = closed > level if waiting > 0.0 else closed < level
        confirmed = passed & (waiting != 0.0) & (age <= since + PATIENCE)
        left = 0.0 if confirmed else waiting
        state[0, lane] = left if turn == 0.0 else turn
        state[1, lane] = since if turn == 0.0 else age
        state[2, lane] = level if turn == 0.0 else (top if turn > 0.0 else bottom)
        confirmation = (200 if waiting > 0.0 else -200) if confirmed else 0
        answer = confirmation if turn == 0.0 else (100 if turn > 0.0 else -100)
        out[row, lane] = answer if defined else 0


@helper
def _hikkake(ins: Blocks, state: Block, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        turn = _fails(ins, row, lane)
        state[3, lane] = turn if _inside(ins, row - 1, lane) else 0.0


@kernel
def cdlhikkake_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """An inside bar, then a bar with both ends beyond it to one side."""
    if age == 0:
        lanes(state, 0, low, high)[:] = 0.0
    if age >= LEADING - 3:
        _hikkake(ins, state, row, low, high)
        _answer(ins, outs[0], state, row, float(age), age >= LEADING, low, high)


@helper
def _nested_hikkake(ins: Blocks, state: Block, row: int, low: int, high: int) -> None:
    for lane in each_lane(low, high):
        last, top, bottom, near = ins[3][row - 2, lane], ins[1][row - 2, lane], ins[2][row - 2, lane], state[5, lane]
        turn = _fails(ins, row, lane)
        at_edge = last <= bottom + near if turn > 0.0 else last >= top - near
        found = _inside(ins, row - 1, lane) & _inside(ins, row - 2, lane) & at_edge
        state[3, lane] = turn if found else 0.0


@kernel
def cdlhikkakemod_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As the hikkake, with an inside bar in the inside bar, and the outer one closed near the end that is broken."""
    height_limit(ins, NEAR_EDGE, state, row, age, low, high)
    if age == 0:
        lanes(state, 0, low, high)[:] = 0.0
    if age >= NESTED_LEADING - 3:
        _nested_hikkake(ins, state, row, low, high)
        _answer(ins, outs[0], state, row, float(age), age >= NESTED_LEADING, low, high)
