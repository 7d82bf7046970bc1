"""Kernels of the forecast oscillator and of the Coppock curve."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.overlap import wma_step_nb
from indicators.kernels.rows import lanes

# TA-Lib adds up the window of a regression anew after so many windows, and when a value leaves that, with its weight, is
# more than so many times what stays; so do we, lane by lane, to stay as exact as it is.
WINDOWS_BETWEEN_REBUILDS = 32
OUTWEIGHED = 100.0


@kernel
def fosc_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Distance from the forecast made one bar ago, in percent of the value. State: the forecast, its sums (4)."""
    (values,), (out,), (period,) = ins, outs, params
    forecast, newest = lanes(state, 0, low, high), lanes(values, row, low, high)
    if age >= period:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            value, distance = newest[lane], newest[lane] - forecast[lane]
            result[lane] = 100.0 * distance / value if value != 0.0 else 0.0
    _line_sums_nb(values, period, state, row, age, low, high)
    if age >= period - 1:
        weighted, plain = lanes(state, 1, low, high), lanes(state, 2, low, high)
        places = period * (period - 1.0) * 0.5
        squares = period * (period - 1.0) * (2.0 * period - 1.0) / 6.0
        divisor = places * places - period * squares
        for lane in range(high - low):
            slope = (period * weighted[lane] - places * plain[lane]) / divisor
            forecast[lane] = (plain[lane] - slope * places) / period + slope * period


@helper
def _line_sums_nb(values: Block, period: int, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Bring the sums of the window up to `row`; bars count backwards (0: the newest) in the weighted one.

    State 1 to 4: weighted sum, plain sum, sum of magnitudes, and the age at which they are added up anew.
    """
    weighted, plain, newest = lanes(state, 1, low, high), lanes(state, 2, low, high), lanes(values, row, low, high)
    size, due = lanes(state, 3, low, high), lanes(state, 4, low, high)
    if age == 0:
        weighted[:] = 0.0
        plain[:] = 0.0
        size[:] = 0.0
        for lane in range(high - low):
            due[lane] = (1 + WINDOWS_BETWEEN_REBUILDS) * period - 1
    if age < period:
        weight = period - 1.0 - age
        for lane in range(high - low):
            plain[lane] += newest[lane]
            weighted[lane] += weight * newest[lane]
            size[lane] += abs(newest[lane])
        return
    oldest = lanes(values, row - period, low, high)
    hits = 0
    for lane in range(high - low):
        leaving = period * oldest[lane]
        stays = size[lane] - abs(oldest[lane]) + abs(newest[lane])
        weighted[lane] = weighted[lane] + plain[lane] - leaving
        plain[lane] = plain[lane] - oldest[lane] + newest[lane]
        size[lane] = stays
        hits += (age >= due[lane]) | (abs(leaving) > OUTWEIGHED * stays)
    if hits > 0:
        for lane in range(high - low):
            if (age >= due[lane]) | (abs(period * oldest[lane]) > OUTWEIGHED * size[lane]):
                due[lane] = age + WINDOWS_BETWEEN_REBUILDS * period
                weighted[lane], plain[lane], size[lane] = _added_up(values, row, low + lane, period)


@helper
def _added_up(values: Block, row: int, lane: int, period: int) -> tuple[float, float, float]:
    """The three sums of one window, from scratch."""
    weighted = plain = size = 0.0
    weight = period - 1.0
    for at in range(row - period + 1, row + 1):
        value = values[at, lane]
        plain += value
        weighted += weight * value
        size += abs(value)
        weight -= 1.0
    return weighted, plain, size


@helper
def _change(newest: float, before: float) -> float:
    """Rate of change in percent, 0 from a price of 0."""
    return (newest / before - 1.0) * 100.0 if before != 0.0 else 0.0


@kernel
def coppock_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Weighted average of the sum of two rates of change. State: the sum, the average, what it keeps."""
    (values,), (out,), (wmaperiod, roc1period, roc2period) = ins, outs, params
    since = age - max(roc1period, roc2period)
    if since < 0:
        return
    changes, average, newest = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(values, row, low, high)
    one, other = lanes(values, row - roc1period, low, high), lanes(values, row - roc2period, low, high)
    for lane in range(high - low):
        changes[lane] = _change(newest[lane], one[lane]) + _change(newest[lane], other[lane])
    if wmaperiod == 1:
        _copy(changes, lanes(out, row, low, high), high - low)
        return
    wma_step_nb(changes, average, wmaperiod, state, 2, since, low, high)
    if since >= wmaperiod - 1:
        _copy(average, lanes(out, row, low, high), high - low)


@helper
def _copy(source: Lanes, result: Lanes, width: int) -> None:
    for lane in range(width):
        result[lane] = source[lane]
