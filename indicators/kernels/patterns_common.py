"""Parts of candles by row and lane, for candlestick patterns of three and more bars.

`ins` are opens, highs, lows and closes, as the kernels of patterns are given them.
"""

import numpy as np

from indicators.kernels.candles import larger, smaller
from indicators.kernels.compiling import Blocks, helper


@helper
def each_lane(low: int, high: int) -> range:
    """The lanes, as unsigned numbers: a signed index may count from the end, and asking for that keeps a loop scalar."""
    return range(np.uint64(low), np.uint64(high))


@helper
def colour(ins: Blocks, row: int, lane: int) -> int:
    """1 for a white candle, -1 for a black one; without a body it is white."""
    return 1 if ins[3][row, lane] >= ins[0][row, lane] else -1


@helper
def body(ins: Blocks, row: int, lane: int) -> float:
    """Length of the real body."""
    return float(abs(ins[3][row, lane] - ins[0][row, lane]))


@helper
def body_top(ins: Blocks, row: int, lane: int) -> float:
    """Upper end of the real body."""
    return larger(ins[3][row, lane], ins[0][row, lane])


@helper
def body_bottom(ins: Blocks, row: int, lane: int) -> float:
    """Lower end of the real body."""
    return smaller(ins[3][row, lane], ins[0][row, lane])


@helper
def upper_shadow(ins: Blocks, row: int, lane: int) -> float:
    """Length of the line above the real body."""
    return float(ins[1][row, lane] - body_top(ins, row, lane))


@helper
def lower_shadow(ins: Blocks, row: int, lane: int) -> float:
    """Length of the line below the real body."""
    return float(body_bottom(ins, row, lane) - ins[2][row, lane])


@helper
def body_gap(ins: Blocks, row: int, before: int, lane: int) -> int:
    """1 where the real body of `row` lies above that of `before`, -1 where it lies below, 0 where they meet."""
    above = body_bottom(ins, row, lane) > body_top(ins, before, lane)
    below = body_top(ins, row, lane) < body_bottom(ins, before, lane)
    return 1 if above else (-1 if below else 0)


@helper
def candle_gap(ins: Blocks, row: int, before: int, lane: int) -> int:
    """As `body_gap`, of the whole candles with their shadows."""
    above = ins[2][row, lane] > ins[1][before, lane]
    below = ins[1][row, lane] < ins[2][before, lane]
    return 1 if above else (-1 if below else 0)


@helper
def beyond(one: float, other: float, direction: int) -> bool:
    """Whether the first number is further than the other in a direction, 1 up or -1 down."""
    return one > other if direction > 0 else one < other
