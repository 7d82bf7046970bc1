"""Kernels of the hikkake patterns: a break out of an inside bar that turns out false, and the bar that confirms it.

In the state: which pattern waits to be confirmed (1 up, -1 down, 0 none), the age at which it was seen, and the price that a
close must pass.
"""

from typing import Any

from indicators.kernels.candles import NEAR, height_limit, limit_of
from indicators.kernels.compiling import Block, Blocks, helper, kernel

# Bars within which a pattern can be confirmed.
PATIENCE = 3

# The search begins three bars before the first result.
NEAR_EDGE = limit_of(NEAR, 7, 3, shift=2)


@helper
def _inside(ins: Blocks, row: int, lane: int) -> bool:
    """Whether the candle lies within the one before, shadows included."""
    return bool((ins[1][row, lane] < ins[1][row - 1, lane]) & (ins[2][row, lane] > ins[2][row - 1, lane]))


@helper
def _fails(ins: Blocks, row: int, lane: int) -> int:
    """The way the price is to turn after a break: 1 for lower high and low, -1 for higher ones, 0 for neither."""
    highs, lows = ins[1], ins[2]
    if (highs[row, lane] < highs[row - 1, lane]) & (lows[row, lane] < lows[row - 1, lane]):
        return 1
    return -1 if (highs[row, lane] > highs[row - 1, lane]) & (lows[row, lane] > lows[row - 1, lane]) else 0


@helper
def _answer(ins: Blocks, direction: int, state: Block, row: int, age: int, lane: int) -> int:
    """What this bar is, with the pattern that ends here (0: none): 100 a pattern, 200 a confirmation; keeps what waits."""
    closed = ins[3][row, lane]
    if direction != 0:
        state[0, lane] = direction
        state[1, lane] = age
        state[2, lane] = ins[1][row - 1, lane] if direction > 0 else ins[2][row - 1, lane]
        return 100 * direction
    waiting, level = state[0, lane], state[2, lane]
    passed = closed > level if waiting > 0 else closed < level
    if waiting != 0 and passed and age <= state[1, lane] + PATIENCE:
        state[0, lane] = 0.0
        return 200 if waiting > 0 else -200
    return 0


@kernel
def cdlhikkake_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """An inside bar, then a bar with both ends beyond it to one side."""
    for lane in range(low, high):
        if age < 2:
            state[0, lane] = 0.0
        else:
            direction = _fails(ins, row, lane) if _inside(ins, row - 1, lane) else 0
            answer = _answer(ins, direction, state, row, age, lane)
            if age >= 5:
                outs[0][row, lane] = answer


@kernel
def cdlhikkakemod_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As the hikkake, with an inside bar in the inside bar, and the outer one closed near the end that is broken."""
    height_limit(ins, NEAR_EDGE, state, row, age, low, high)
    for lane in range(low, high):
        if age < 7:
            state[0, lane] = 0.0
        else:
            last = ins[3][row - 2, lane]
            direction = _fails(ins, row, lane)
            near = (
                last <= ins[2][row - 2, lane] + state[4, lane]
                if direction > 0
                else last >= ins[1][row - 2, lane] - state[4, lane]
            )
            found = _inside(ins, row - 1, lane) & _inside(ins, row - 2, lane) & near
            answer = _answer(ins, direction if found else 0, state, row, age, lane)
            if age >= 10:
                outs[0][row, lane] = answer
