"""Kernels of Aroon: how long ago the highest high and the lowest low were.

The newest extreme of a sliding window is found as in `indicators.kernels.extremes`, with the age of each extreme carried
along: a window is the tail of one chunk of bars and the head of the next.
"""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import larger


@kernel
def aroon_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bars of the window that came up to its lowest low, and up to its highest high, in percent."""
    (highs, lows), (down, up), (period,) = ins, outs, params
    fell, rose = lanes(state, 0, low, high), lanes(state, 1, low, high)
    _extremes_nb(highs, lows, period, state, row, age, low, high)
    if age >= period:
        factor = 100.0 / period
        down_out, up_out = lanes(down, row, low, high), lanes(up, row, low, high)
        for lane in range(high - low):
            down_out[lane] = factor * (period - (age - fell[lane]))
            up_out[lane] = factor * (period - (age - rose[lane]))


@kernel
def aroonosc_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Aroon up minus Aroon down."""
    (highs, lows), (out,), (period,) = ins, outs, params
    fell, rose = lanes(state, 0, low, high), lanes(state, 1, low, high)
    _extremes_nb(highs, lows, period, state, row, age, low, high)
    if age >= period:
        factor = 100.0 / period
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = factor * (rose[lane] - fell[lane])


@helper
def _extremes_nb(highs: Block, lows: Block, period: int, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Ages of the newest lowest low (state 0) and highest high (state 1) of this bar and `period` before it."""
    window = period + 1
    for side in range(2):
        # One call for both sides is compiled once.
        values, sign = (highs, 1.0) if side == 1 else (lows, -1.0)
        _newest_extreme_nb(values, lanes(state, side, low, high), window, sign, state, 2 + 2 * window * side, row, age, low, high)


@helper
def _newest_extreme_nb(
    values: Block, result: Lanes, window: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """Age of the newest of the greatest `sign * values`; needs `2 * window` rows of state from `base` on.

    Row `base` holds the greatest of this chunk, row `base + place` that of the chunk before from `place` on; their ages are
    `window` rows further on.
    """
    best, found, place = lanes(state, base, low, high), lanes(state, base + window, low, high), age % window
    newest, now = lanes(values, row, low, high), float(age)
    if place == 0:
        for lane in range(high - low):
            best[lane] = sign * newest[lane]
            found[lane] = now
        if age == 0:
            return
        _tails_nb(values, window, sign, state, base, row, age, low, high)
    if age < window - 1:
        for lane in range(high - low):
            value, held, since = sign * newest[lane], best[lane], found[lane]
            best[lane] = larger(value, held)
            found[lane] = now if value >= held else since
        return
    # A chunk that is complete is the window itself; its own head stands in for the tail that there is none of.
    after = base + (place + 1) % window
    tail, tail_found = lanes(state, after, low, high), lanes(state, after + window, low, high)
    for lane in range(high - low):
        value, held, since = sign * newest[lane], best[lane], found[lane]
        top = larger(value, held)
        last = now if value >= held else since
        before, earlier = tail[lane], tail_found[lane]
        result[lane] = last if top >= before else earlier
        best[lane] = top
        found[lane] = last


@helper
def _tails_nb(values: Block, window: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int) -> None:
    """For each row of the chunk before `row` the greatest from there to its end; the first row is never asked for."""
    place = window - 1
    tail, found = lanes(state, base + place, low, high), lanes(state, base + window + place, low, high)
    newest, then = lanes(values, row - 1, low, high), age - 1.0
    for lane in range(high - low):
        tail[lane] = sign * newest[lane]
        found[lane] = then
    # Two rows a pass, which saves trips through memory; of an odd number the last pass repeats one.
    while place > 1:
        one, two = place - 1, max(place - 2, 1)
        younger, younger_found = lanes(state, base + place, low, high), lanes(state, base + window + place, low, high)
        a, b = lanes(values, row - window + one, low, high), lanes(values, row - window + two, low, high)
        a_tail, a_found = lanes(state, base + one, low, high), lanes(state, base + window + one, low, high)
        b_tail, b_found = lanes(state, base + two, low, high), lanes(state, base + window + two, low, high)
        a_age, b_age = float(age - window + one), float(age - window + two)
        for lane in range(high - low):
            value, held, since = sign * a[lane], younger[lane], younger_found[lane]
            best = larger(value, held)
            last = a_age if value > held else since
            a_tail[lane] = best
            a_found[lane] = last
            value = sign * b[lane]
            b_tail[lane] = larger(value, best)
            b_found[lane] = b_age if value > best else last
        place -= 2
