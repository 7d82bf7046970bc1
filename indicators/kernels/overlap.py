"""Kernels of the simple moving averages: SMA, EMA, WMA."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes

# TA-Lib rebuilds the running sums of its WMA from the window after so many windows; so do we, to stay as exact as it is.
WMA_WINDOWS_BETWEEN_REBUILDS = 8


@kernel
def sma_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum over the window, divided by its length."""
    (values,), (out,), (period,) = ins, outs, params
    total, newest = lanes(state, 0, low, high), lanes(values, row, low, high)
    if age == 0:
        total[:] = 0.0
    if age < period - 1:
        for lane in range(high - low):
            total[lane] += newest[lane]
        return
    oldest, result = lanes(values, row - period + 1, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        added = total[lane] + newest[lane]
        result[lane] = added / period
        total[lane] = added - oldest[lane]


@kernel
def ema_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Seeded with the mean of the first window, then `previous + (value - previous) * 2 / (period + 1)`."""
    (values,), (out,), (period,) = ins, outs, params
    average, newest = lanes(state, 0, low, high), lanes(values, row, low, high)
    if age == 0:
        average[:] = 0.0
    if age < period:
        for lane in range(high - low):
            average[lane] += newest[lane]
        if age < period - 1:
            return
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            mean = average[lane] / period
            average[lane] = mean
            result[lane] = mean
        return
    weight = 2.0 / (period + 1)
    result = lanes(out, row, low, high)
    for lane in range(high - low):
        mean = (newest[lane] - average[lane]) * weight + average[lane]
        average[lane] = mean
        result[lane] = mean


@kernel
def wma_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Weights 1 (oldest) to `period` (newest), kept as a running weighted sum."""
    (values,), (out,), (period,) = ins, outs, params
    wma_step_nb(lanes(values, row, low, high), lanes(out, row, low, high), period, state, 0, age, low, high)


@helper
def average_step_nb(
    newest: Lanes, result: Lanes, period: int, matype: int, state: Block, base: int, age: int, low: int, high: int
) -> None:
    """One bar of the moving average that TA-Lib's `matype` names: 0 SMA, 1 EMA, 2 WMA; `age` counts the bars averaged.

    For series that exist nowhere but in a kernel; needs `3 + period` rows of state from `base` on.
    """
    if matype == 0:
        sma_step_nb(newest, result, period, state, base, age, low, high)
    elif matype == 1:
        ema_step_nb(newest, result, period, state, base, age, low, high)
    else:
        wma_step_nb(newest, result, period, state, base, age, low, high)


@helper
def sma_step_nb(newest: Lanes, result: Lanes, period: int, state: Block, base: int, age: int, low: int, high: int) -> None:
    """As `sma_nb`, with the window in a ring: slot `age % period` of state from `base + 3` on."""
    total, slot = lanes(state, base, low, high), lanes(state, base + 3 + age % period, low, high)
    if age == 0:
        total[:] = 0.0
    for lane in range(high - low):
        slot[lane] = newest[lane]
        total[lane] += newest[lane]
    if age >= period - 1:
        oldest = lanes(state, base + 3 + (age + 1) % period, low, high)
        for lane in range(high - low):
            result[lane] = total[lane] / period
            total[lane] -= oldest[lane]


@helper
def ema_step_nb(newest: Lanes, result: Lanes, period: int, state: Block, base: int, age: int, low: int, high: int) -> None:
    """As `ema_nb`; no ring."""
    average = lanes(state, base, low, high)
    if age == 0:
        average[:] = 0.0
    if age < period:
        for lane in range(high - low):
            average[lane] += newest[lane]
        if age == period - 1:
            for lane in range(high - low):
                average[lane] /= period
                result[lane] = average[lane]
        return
    weight = 2.0 / (period + 1)
    for lane in range(high - low):
        mean = (newest[lane] - average[lane]) * weight + average[lane]
        average[lane] = mean
        result[lane] = mean


@helper
def wma_step_nb(newest: Lanes, result: Lanes, period: int, state: Block, base: int, age: int, low: int, high: int) -> None:
    """As `wma_nb`, with the window in a ring: slot `age % period` of state from `base + 3` on."""
    plain, weighted, leaving = lanes(state, base, low, high), lanes(state, base + 1, low, high), lanes(state, base + 2, low, high)
    slot = lanes(state, base + 3 + age % period, low, high)
    if age == 0:
        plain[:] = 0.0
        weighted[:] = 0.0
        leaving[:] = 0.0
    for lane in range(high - low):
        slot[lane] = newest[lane]
    if age < period - 1:
        for lane in range(high - low):
            plain[lane] += newest[lane]
            weighted[lane] += newest[lane] * (age + 1)
        return
    divisor = period * (period + 1.0) / 2.0
    oldest = lanes(state, base + 3 + (age + 1) % period, low, high)
    if (age - period + 2) % (WMA_WINDOWS_BETWEEN_REBUILDS * period) != 0:
        for lane in range(high - low):
            total = plain[lane] + newest[lane] - leaving[lane]
            heavy = weighted[lane] + newest[lane] * period
            result[lane] = heavy / divisor
            plain[lane] = total
            weighted[lane] = heavy - total
            leaving[lane] = oldest[lane]
        return
    plain[:] = 0.0
    weighted[:] = 0.0
    for step in range(period):
        one = lanes(state, base + 3 + (age + 1 + step) % period, low, high)
        for lane in range(high - low):
            plain[lane] += one[lane]
            weighted[lane] += one[lane] * (step + 1)
    for lane in range(high - low):
        result[lane] = weighted[lane] / divisor
        weighted[lane] -= plain[lane]
        leaving[lane] = oldest[lane]
