"""Kernels of a price or an average minus another average: AO, AC, APO, DPO, Elder's rays."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.overlap import average_step_nb, ema_step_nb, sma_step_nb
from indicators.kernels.rows import lanes


@helper
def _median_spread_nb(
    ins: Blocks, result: Lanes, fastperiod: int, slowperiod: int, state: Block, row: int, age: int, low: int, high: int
) -> None:
    """Fast minus slow simple average of the median price, from the age on at which both exist; sums in state 0 and 1."""
    highs, lows = ins
    quick, steady = lanes(state, 0, low, high), lanes(state, 1, low, high)
    top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
    first = max(fastperiod, slowperiod) - 1
    if age == 0:
        quick[:] = 0.0
        steady[:] = 0.0
    if age < first:
        # The shorter window begins later, and both end together.
        in_quick = 1.0 if age > first - fastperiod else 0.0
        in_steady = 1.0 if age > first - slowperiod else 0.0
        for lane in range(high - low):
            median = (top[lane] + bottom[lane]) / 2.0
            quick[lane] += median * in_quick
            steady[lane] += median * in_steady
        return
    fast_top, fast_bottom = lanes(highs, row - fastperiod + 1, low, high), lanes(lows, row - fastperiod + 1, low, high)
    slow_top, slow_bottom = lanes(highs, row - slowperiod + 1, low, high), lanes(lows, row - slowperiod + 1, low, high)
    for lane in range(high - low):
        median = (top[lane] + bottom[lane]) / 2.0
        fast, slow = quick[lane] + median, steady[lane] + median
        result[lane] = fast / fastperiod - slow / slowperiod
        quick[lane] = fast - (fast_top[lane] + fast_bottom[lane]) / 2.0
        steady[lane] = slow - (slow_top[lane] + slow_bottom[lane]) / 2.0


@kernel
def ao_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast minus slow simple average of the median price."""
    (out,), (fastperiod, slowperiod) = outs, params
    _median_spread_nb(ins, lanes(out, row, low, high), fastperiod, slowperiod, state, row, age, low, high)


@kernel
def ac_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """AO minus its simple average. State: the sums of AO (2), AO, its average, what that keeps."""
    (out,), (fastperiod, slowperiod, signalperiod) = outs, params
    spread, signal = lanes(state, 2, low, high), lanes(state, 3, low, high)
    _median_spread_nb(ins, spread, fastperiod, slowperiod, state, row, age, low, high)
    since = age - max(fastperiod, slowperiod) + 1
    if since < 0:
        return
    sma_step_nb(spread, signal, signalperiod, state, 4, since, low, high)
    if since >= signalperiod - 1:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = spread[lane] - signal[lane]


@kernel
def apo_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast minus slow average. State: both; then half of the rest for what each keeps."""
    (values,), (out,), (fastperiod, slowperiod, matype) = ins, outs, params
    newest, share = lanes(values, row, low, high), (state.shape[0] - 2) // 2
    fast, slow = lanes(state, 0, low, high), lanes(state, 1, low, high)
    fast_bars, slow_bars = min(fastperiod, slowperiod), max(fastperiod, slowperiod)
    average_step_nb(newest, fast, fast_bars, matype, state, 2, age, low, high)
    average_step_nb(newest, slow, slow_bars, matype, state, 2 + share, age, low, high)
    if age >= average_leading_nb(slow_bars, matype):
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = fast[lane] - slow[lane]


@kernel
def dpo_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The value half a period and a bar ago, minus the simple average up to now."""
    (values,), (out,), (period,) = ins, outs, params
    total, newest = lanes(state, 0, low, high), lanes(values, row, low, high)
    back = period // 2 + 1
    first = max(period - 1, back)
    if age <= first - period + 1:
        total[:] = 0.0
    if age < first:
        # Two bars are averaged from the second on: the value so far back must exist.
        counted = 1.0 if age > first - period else 0.0
        for lane in range(high - low):
            total[lane] += newest[lane] * counted
        return
    oldest, earlier, result = (
        lanes(values, row - period + 1, low, high),
        lanes(values, row - back, low, high),
        lanes(out, row, low, high),
    )
    for lane in range(high - low):
        added = total[lane] + newest[lane]
        result[lane] = earlier[lane] - added / period
        total[lane] = added - oldest[lane]


@kernel
def eri_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """High and low minus the exponential average of the close. State: the average, what it keeps."""
    (highs, lows, closes), (bullpower, bearpower), (period,) = ins, outs, params
    average, last = lanes(state, 0, low, high), lanes(closes, row, low, high)
    if period == 1:
        # An average of one bar is the bar itself, to the last bit: what is left of the high may be nothing.
        for lane in range(high - low):
            average[lane] = last[lane]
    else:
        ema_step_nb(last, average, period, state, 1, age, low, high)
    if age >= period - 1:
        top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
        bull, bear = lanes(bullpower, row, low, high), lanes(bearpower, row, low, high)
        for lane in range(high - low):
            bull[lane] = top[lane] - average[lane]
            bear[lane] = bottom[lane] - average[lane]
