"""Kernels of one price made of several, and of how far prices stand from their mean: averages of a bar, Heikin-Ashi, AVGDEV."""

from typing import Any

from indicators.kernels.arithmetic import larger
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def avgprice_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of open, high, low and close."""
    (opens, highs, lows, closes), (out,), _ = ins, outs, params
    first, top, bottom = lanes(opens, row, low, high), lanes(highs, row, low, high), lanes(lows, row, low, high)
    last, result = lanes(closes, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = (top[lane] + bottom[lane] + last[lane] + first[lane]) * 0.25


@kernel
def medprice_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Middle of high and low."""
    (highs, lows), (out,), _ = ins, outs, params
    top, bottom, result = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = (top[lane] + bottom[lane]) * 0.5


@kernel
def typprice_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of high, low and close."""
    (highs, lows, closes), (out,), _ = ins, outs, params
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    result = lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = (top[lane] + bottom[lane] + last[lane]) / 3.0


@kernel
def wclprice_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of high, low and twice the close."""
    (highs, lows, closes), (out,), _ = ins, outs, params
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    result = lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = (top[lane] + bottom[lane] + last[lane] * 2.0) * 0.25


@helper
def _smaller(a: float, b: float) -> float:
    return a if a < b else b  # noqa: FURB136 - as `larger`


@kernel
def ha_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Candles whose close is the bar's mean price and whose open is the middle of the candle before; state: that middle."""
    (opens, highs, lows, closes), (haopen, hahigh, halow, haclose), _ = ins, outs, params
    first, top, bottom = lanes(opens, row, low, high), lanes(highs, row, low, high), lanes(lows, row, low, high)
    last, middle = lanes(closes, row, low, high), lanes(state, 0, low, high)
    begun, ended = lanes(haopen, row, low, high), lanes(haclose, row, low, high)
    above, below = lanes(hahigh, row, low, high), lanes(halow, row, low, high)
    if age == 0:
        for lane in range(high - low):
            middle[lane] = (first[lane] + last[lane]) * 0.5
    for lane in range(high - low):
        start = middle[lane]
        end = (first[lane] + top[lane] + bottom[lane] + last[lane]) * 0.25
        begun[lane] = start
        ended[lane] = end
        above[lane] = larger(end, larger(start, top[lane]))
        below[lane] = _smaller(end, _smaller(start, bottom[lane]))
        middle[lane] = (start + end) * 0.5


@kernel
def avgdev_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean distance of the window's values from their mean, both summed anew from the newest value back, as TA-Lib does."""
    (values,), (out,), (period,) = ins, outs, params
    if age < period - 1:
        return
    mean, result = lanes(state, 0, low, high), lanes(out, row, low, high)
    mean[:] = 0.0
    result[:] = 0.0
    _add_values(values, row, period, mean, low, high)
    for lane in range(high - low):
        mean[lane] /= period
    _add_distances(values, row, period, mean, result, low, high)
    for lane in range(high - low):
        result[lane] /= period


@helper
def _add_values(values: Block, row: int, period: int, total: Lanes, low: int, high: int) -> None:
    """Add the window's rows to `total`, the newest first; four rows a pass save the trips of the sum through memory."""
    end = row - period
    while row - end >= 4:
        a, b = lanes(values, row, low, high), lanes(values, row - 1, low, high)
        c, d = lanes(values, row - 2, low, high), lanes(values, row - 3, low, high)
        for lane in range(high - low):
            total[lane] = total[lane] + a[lane] + b[lane] + c[lane] + d[lane]
        row -= 4
    while row > end:
        a = lanes(values, row, low, high)
        for lane in range(high - low):
            total[lane] += a[lane]
        row -= 1


@helper
def _add_distances(values: Block, row: int, period: int, mean: Lanes, total: Lanes, low: int, high: int) -> None:
    """Add the rows' absolute distances from `mean` to `total`, in the same order and passes."""
    end = row - period
    while row - end >= 4:
        a, b = lanes(values, row, low, high), lanes(values, row - 1, low, high)
        c, d = lanes(values, row - 2, low, high), lanes(values, row - 3, low, high)
        for lane in range(high - low):
            at = mean[lane]
            total[lane] = total[lane] + abs(a[lane] - at) + abs(b[lane] - at) + abs(c[lane] - at) + abs(d[lane] - at)
        row -= 4
    while row > end:
        a = lanes(values, row, low, high)
        for lane in range(high - low):
            total[lane] += abs(a[lane] - mean[lane])
        row -= 1
