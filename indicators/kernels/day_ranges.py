"""Kernels of averages of the day's range and of deviations: ADR, CVI, MASSI, RVI."""

from typing import Any

from indicators.kernels.bands import deviation_nb
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@kernel
def adr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum of `high - low` over the window, divided by its length."""
    (highs, lows), (out,), (period,) = ins, outs, params
    total, top, bottom = lanes(state, 0, low, high), lanes(highs, row, low, high), lanes(lows, row, low, high)
    if age == 0:
        total[:] = 0.0
    if age < period - 1:
        for lane in range(high - low):
            total[lane] += top[lane] - bottom[lane]
        return
    old_top, old_bottom = lanes(highs, row - period + 1, low, high), lanes(lows, row - period + 1, low, high)
    result = lanes(out, row, low, high)
    share = 1.0 / period
    for lane in range(high - low):
        added = total[lane] + (top[lane] - bottom[lane])
        result[lane] = added * share
        total[lane] = added - (old_top[lane] - old_bottom[lane])


@helper
def _smooth(newest: Lanes, average: Lanes, period: int, age: int) -> None:
    """One bar of an EMA seeded with the mean of its first window; before that, `average` is the sum of the values."""
    weight = 2.0 / (period + 1) if age >= period else 1.0
    kept = 1.0 if age >= period else 0.0
    if age == 0:
        average[:] = 0.0
    for lane in range(len(average)):
        average[lane] = (newest[lane] - average[lane] * kept) * weight + average[lane]
    if age == period - 1:
        for lane in range(len(average)):
            average[lane] /= period


@helper
def _change(newest: float, before: float) -> float:
    return 100.0 * ((newest - before) / before) if before != 0.0 else 0.0


@kernel
def cvi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Change in percent, over `rocperiod` bars, of the EMA of `high - low`.

    State: the range, its EMA, and a ring of the EMAs in which the oldest gives way to the newest.
    """
    (highs, lows), (out,), (period, rocperiod) = ins, outs, params
    reach, average = lanes(state, 0, low, high), lanes(state, 1, low, high)
    top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
    for lane in range(high - low):
        reach[lane] = top[lane] - bottom[lane]
    _smooth(reach, average, period, age)
    slot = lanes(state, 2 + age % rocperiod, low, high)
    if age >= period - 1 + rocperiod:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _change(average[lane], slot[lane])
    for lane in range(high - low):
        slot[lane] = average[lane]


@helper
def _ratio(first: float, second: float) -> float:
    return first / second if second != 0.0 else 1.0


@kernel
def massi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sum over `slowperiod` bars of the EMA of `high - low` over the EMA of that EMA.

    State: the range, both EMAs, the running sum, and a ring of the ratios.
    """
    (highs, lows), (out,), (fastperiod, slowperiod) = ins, outs, params
    reach, once, twice = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    total = lanes(state, 3, low, high)
    top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
    for lane in range(high - low):
        reach[lane] = top[lane] - bottom[lane]
    _smooth(reach, once, fastperiod, age)
    if age < fastperiod - 1:
        return
    _smooth(once, twice, fastperiod, age - (fastperiod - 1))
    summed = age - 2 * (fastperiod - 1)
    if summed < 0:
        return
    if summed == 0:
        total[:] = 0.0
    slot = lanes(state, 4 + summed % slowperiod, low, high)
    for lane in range(high - low):
        slot[lane] = _ratio(once[lane], twice[lane])
        total[lane] += slot[lane]
    if summed >= slowperiod - 1:
        result, oldest = lanes(out, row, low, high), lanes(state, 4 + (summed + 1) % slowperiod, low, high)
        for lane in range(high - low):
            result[lane] = total[lane]
            total[lane] -= oldest[lane]


@helper
def _share(up: float, down: float) -> float:
    total = up + down
    return 100.0 * (up / total) if total != 0.0 else 50.0


@kernel
def rvi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average of the deviations of rising bars, in percent of those of rising and falling bars.

    State: the deviation, both averages (their sums at first), and what the deviation keeps.
    """
    (values,), (out,), (period, stddevperiod) = ins, outs, params
    deviation, up, down = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    deviation_nb(values, deviation, stddevperiod, state, 3, row, age, low, high)
    averaged = age - (stddevperiod - 1)
    if averaged < 0:
        return
    if averaged == 0:
        up[:] = 0.0
        down[:] = 0.0
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    kept = (period - 1.0) / period if averaged >= period else 1.0
    added = 1.0 - kept if averaged >= period else 1.0
    share = 1.0 / period if averaged == period - 1 else 1.0
    for lane in range(high - low):
        change = newest[lane] - before[lane]
        up[lane] = (added * (deviation[lane] if change > 0.0 else 0.0) + kept * up[lane]) * share
        down[lane] = (added * (deviation[lane] if change < 0.0 else 0.0) + kept * down[lane]) * share
    if averaged >= period - 1:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _share(up[lane], down[lane])
