"""Kernels of Aroon: how long ago the highest high and the lowest low were.

The newest extreme of a sliding window is found as in `indicators.kernels.extremes`, with the age of each extreme carried
along: a window is the tail of one chunk of bars and the head of the next.
"""

from typing import Any

from indicators.kernels.arithmetic import chosen
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def aroon_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bars of the window that came up to its lowest low, and up to its highest high, in percent."""
    (highs, lows), (down, up), (period,) = ins, outs, params
    due = age >= period
    fell = lanes(down, row, low, high) if due else lanes(state, 0, low, high)
    rose = lanes(up, row, low, high) if due else lanes(state, 1, low, high)
    _extremes_nb(highs, lows, fell, rose, period, 100.0 / period, state, row, age, low, high)


@kernel
def aroonosc_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Aroon up minus Aroon down."""
    (highs, lows), (out,), (period,) = ins, outs, params
    fell, rose = lanes(state, 0, low, high), lanes(state, 1, low, high)
    _extremes_nb(highs, lows, fell, rose, period, 1.0, state, row, age, low, high)
    if age >= period:
        factor = 100.0 / period
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = factor * (rose[lane] - fell[lane])


@helper
def _extremes_nb(
    highs: Block,
    lows: Block,
    fell: Lanes,
    rose: Lanes,
    period: int,
    factor: float,
    state: Block,
    row: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """Bars of this one and `period` before it up to the newest lowest low and highest high, times `factor`; from row 2 on."""
    window = period + 1
    for side in range(2):
        # One call for both sides is compiled once.
        values, result, sign = (highs, rose, 1.0) if side == 1 else (lows, fell, -1.0)
        _newest_extreme_nb(values, result, window, sign, factor, state, 2 + 2 * window * side, row, age, low, high)


@helper
def _newest_extreme_nb(
    values: Block,
    result: Lanes,
    window: int,
    sign: float,
    factor: float,
    state: Block,
    base: int,
    row: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """Bars up to the newest of the greatest `sign * values`, times `factor`; needs `2 * window` rows of state from `base` on.

    Values of heads and tails, one a place, then their ages. Where there is no head before or no tail, the newest value itself
    stands in for it: it is taken for the newer one, and so nobody asks for an age.
    """
    place, newest, now, bars = age % window, lanes(values, row, low, high), float(age), window - 1.0
    if place == 0 and age > 0:
        _tails_nb(values, window, sign, state, base, row, age, low, high)
    slot, first, last = base + place, place == 0, place == window - 1
    head, head_found = lanes(state, slot, low, high), lanes(state, slot + window, low, high)
    past = lanes(values, row, low, high) if first else lanes(state, slot - 1, low, high)
    past_found = lanes(values, row, low, high) if first else lanes(state, slot + window - 1, low, high)
    tail = lanes(values, row, low, high) if last else lanes(state, slot + 1, low, high)
    tail_found = lanes(values, row, low, high) if last else lanes(state, slot + window + 1, low, high)
    for lane in range(high - low):
        value, held, since = newest[lane], past[lane], past_found[lane]
        before, earlier = tail[lane], tail_found[lane]
        newer = sign * value >= sign * held
        best, found = chosen(newer, value, held), chosen(newer, now, since)
        result[lane] = factor * (bars - (now - chosen(sign * best >= sign * before, found, earlier)))
        head[lane] = best
        head_found[lane] = found


@helper
def _tails_nb(values: Block, window: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int) -> None:
    """For each row of the chunk before `row` the greatest from there to its end; the first row is never asked for."""
    left, slot = window - 1.0, base + window - 1
    tail, found, newest = lanes(state, slot, low, high), lanes(state, slot + window, low, high), lanes(values, row - 1, low, high)
    for lane in range(high - low):
        tail[lane] = newest[lane]
        found[lane] = age - 1.0
    # Two rows a pass, and counted down as a float, as in `extremes`.
    while left > 1.0:
        place = int(left)
        slot, first, then = base + place, row - window + place, float(age - window + place)
        younger, younger_found = lanes(state, slot, low, high), lanes(state, slot + window, low, high)
        a, b = lanes(values, first - 1, low, high), lanes(values, first - 2, low, high)
        a_tail, a_found = lanes(state, slot - 1, low, high), lanes(state, slot + window - 1, low, high)
        b_tail, b_found = lanes(state, slot - 2, low, high), lanes(state, slot + window - 2, low, high)
        for lane in range(high - low):
            one, other, held, since = a[lane], b[lane], younger[lane], younger_found[lane]
            older = sign * one > sign * held
            best, last = chosen(older, one, held), chosen(older, then - 1.0, since)
            oldest = sign * other > sign * best
            a_tail[lane] = best
            a_found[lane] = last
            b_tail[lane] = chosen(oldest, other, best)
            b_found[lane] = chosen(oldest, then - 2.0, last)
        left -= 2.0
