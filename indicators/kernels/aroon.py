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
    _extremes_nb(highs, lows, fell, rose, period, state, row, age, low, high)
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
    _extremes_nb(highs, lows, fell, rose, period, state, row, age, low, high)
    if age >= period:
        factor = 100.0 / period
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = factor * (rose[lane] - fell[lane])


@helper
def _extremes_nb(
    highs: Block, lows: Block, fell: Lanes, rose: Lanes, period: int, state: Block, row: int, age: int, low: int, high: int
) -> None:
    """Ages of the newest lowest low and the newest highest high of this bar and `period` before it."""
    window = period + 1
    _newest_extreme_nb(lows, fell, window, -1.0, state, 2, row, age, low, high)
    _newest_extreme_nb(highs, rose, window, 1.0, state, 2 + 2 * window, row, age, low, high)


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
        if age > 0:
            _tails_nb(values, window, sign, state, base, row, age, low, high)
        for lane in range(high - low):
            best[lane] = sign * newest[lane]
            found[lane] = now
    else:
        for lane in range(high - low):
            value, held, since = sign * newest[lane], best[lane], found[lane]
            best[lane] = larger(value, held)
            found[lane] = now if value >= held else since
    if place == window - 1:
        for lane in range(high - low):
            result[lane] = found[lane]
    elif age >= window:
        tail, tail_found = lanes(state, base + place + 1, low, high), lanes(state, base + window + place + 1, low, high)
        for lane in range(high - low):
            since, before = found[lane], tail_found[lane]
            result[lane] = since if best[lane] >= tail[lane] else before


@helper
def _tails_nb(values: Block, window: int, sign: float, state: Block, base: int, row: int, age: int, low: int, high: int) -> None:
    """For each row of the chunk before `row` the greatest from there to its end; the first row is never asked for."""
    for place in range(window - 1, 0, -1):
        tail, found = lanes(state, base + place, low, high), lanes(state, base + window + place, low, high)
        values_then, then = lanes(values, row - window + place, low, high), float(age - window + place)
        if place == window - 1:
            for lane in range(high - low):
                tail[lane] = sign * values_then[lane]
                found[lane] = then
        else:
            younger = lanes(state, base + place + 1, low, high)
            younger_found = lanes(state, base + window + place + 1, low, high)
            for lane in range(high - low):
                value, held, since = sign * values_then[lane], younger[lane], younger_found[lane]
                tail[lane] = larger(value, held)
                found[lane] = then if value > held else since
