"""Kernels of the highest and lowest value of a sliding window.

Method of van Herk (1992) and Gil and Werman (1993): time is cut into chunks as long as the window; a window is then the
tail of one chunk and the head of the next, and both maxima are running ones. Three comparisons a value for any period,
no branch that depends on data.
"""

# Choices are written out: numba's max() treats NaN in its own way, which takes branches.
# ruff: noqa: FURB136

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted


@jitted
def highest_series_nb(values: Series, out: Series, period: int) -> None:
    """Highest of the last `period` values."""
    extreme_series_nb(values, out, period, 1.0)


@jitted
def lowest_series_nb(values: Series, out: Series, period: int) -> None:
    """Lowest of the last `period` values."""
    extreme_series_nb(values, out, period, -1.0)


@jitted
def highest_block_nb(values: Block, out: Block, period: int) -> None:
    """Highest of the last `period` values of each lane; needs scratch of `period` rows."""
    extreme_block_nb(values, out, period, 1.0)


@jitted
def lowest_block_nb(values: Block, out: Block, period: int) -> None:
    """Lowest of the last `period` values of each lane; needs scratch of `period` rows."""
    extreme_block_nb(values, out, period, -1.0)


@jitted
def larger(a: float, b: float) -> float:
    """The larger of two numbers as one machine instruction."""
    return a if a > b else b


@jitted
def extreme_series_nb(values: Series, out: Series, period: int, sign: float) -> None:
    """Window maximum of `sign * values`, given back as `sign * maximum`."""
    rows = values.shape[0]
    out[: min(period - 1, rows)] = np.nan
    if rows < period:
        return
    tails = np.empty(period)
    for first in range(0, rows, period):
        chunk, result = values[first : first + period], out[first : first + period]
        head = sign * chunk[0]
        if first > 0:
            for offset in range(min(period - 1, chunk.shape[0])):
                head = larger(sign * chunk[offset], head)
                result[offset] = sign * larger(head, tails[offset + 1])
        else:
            for offset in range(period - 1):
                head = larger(sign * chunk[offset], head)
        if chunk.shape[0] == period:
            result[period - 1] = sign * larger(sign * chunk[period - 1], head)
            tail = sign * chunk[period - 1]
            for offset in range(period - 1, 0, -1):
                tail = larger(sign * chunk[offset], tail)
                tails[offset] = tail


@jitted
def extreme_block_nb(values: Block, out: Block, period: int, sign: float) -> None:
    """As `extreme_series_nb`, for every lane."""
    rows, lanes = values.shape
    out[: min(period - 1, rows)] = np.nan
    if rows < period:
        return
    head, tails = np.empty(lanes), np.empty((period, lanes))
    for first in range(0, rows, period):
        newest = values[first]
        for lane in range(lanes):
            head[lane] = sign * newest[lane]
        if first > 0:
            _tails_block(values[first - period : first], tails, sign)
            _heads_block(values[first : first + period - 1], out[first : first + period - 1], head, tails, sign)
        else:
            for row in range(1, period - 1):
                newest = values[row]
                for lane in range(lanes):
                    head[lane] = larger(sign * newest[lane], head[lane])
        if first + period <= rows:
            newest, result = values[first + period - 1], out[first + period - 1]
            for lane in range(lanes):
                result[lane] = sign * larger(sign * newest[lane], head[lane])


@jitted
def _tails_block(chunk: Block, tails: Block, sign: float) -> None:
    """Per row of a chunk the maximum from there to its end; row 0 is never asked for."""
    period, lanes = chunk.shape
    newest, tail = chunk[period - 1], tails[period - 1]
    for lane in range(lanes):
        tail[lane] = sign * newest[lane]
    for offset in range(period - 2, 0, -1):
        newest, tail, younger = chunk[offset], tails[offset], tails[offset + 1]
        for lane in range(lanes):
            tail[lane] = larger(sign * newest[lane], younger[lane])


@jitted
def _heads_block(chunk: Block, out: Block, head: Series, tails: Block, sign: float) -> None:
    """Per row of a chunk but its last: the maximum from its start, joined with the tail of the chunk before."""
    rows, lanes = chunk.shape
    for offset in range(rows):
        newest, result, tail = chunk[offset], out[offset], tails[offset + 1]
        for lane in range(lanes):
            reached = larger(sign * newest[lane], head[lane])
            head[lane] = reached
            result[lane] = sign * larger(reached, tail[lane])
