"""Kernels of RSI and MACD."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes


@helper
def _rsi_value(gain: float, loss: float) -> float:
    total = gain + loss
    return 100.0 * (gain / total) if total > 0.0 else 0.0


@kernel
def rsi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's averages of gains and losses, seeded with the plain mean of the first `period` changes."""
    (values,), (out,), (period,) = ins, outs, params
    gain, loss = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        gain[:] = 0.0
        loss[:] = 0.0
        return
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    # Plain sums until there are enough, then the average decays; the seed is the sum, shared out.
    kept = period - 1.0 if age > period else 1.0
    share = 1.0 / period if age >= period else 1.0
    for lane in range(high - low):
        change = newest[lane] - before[lane]
        rise = max(0.0, change)
        gain[lane] = (gain[lane] * kept + rise) * share
        loss[lane] = (loss[lane] * kept + (rise - change)) * share
    if age >= period:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _rsi_value(gain[lane], loss[lane])


@kernel
def macd_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast minus slow EMA, both seeded on windows that end together; the EMA of that; their difference."""
    (values,), (macd, signal, hist), (fastperiod, slowperiod, signalperiod) = ins, outs, params
    fast, slow, smoothed = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    newest = lanes(values, row, low, high)
    fast_bars, slow_bars = min(fastperiod, slowperiod), max(fastperiod, slowperiod)
    ready = slow_bars + signalperiod - 2
    if age == 0:
        fast[:] = 0.0
        slow[:] = 0.0
    if age < slow_bars:
        counted = 1.0 if age >= slow_bars - fast_bars else 0.0
        for lane in range(high - low):
            slow[lane] += newest[lane]
            fast[lane] += newest[lane] * counted
        if age == slow_bars - 1:
            for lane in range(high - low):
                fast[lane] /= fast_bars
                slow[lane] /= slow_bars
                smoothed[lane] = fast[lane] - slow[lane]
    else:
        # Until the signal has its first window, its quantity is the sum of that window.
        weight = 2.0 / (signalperiod + 1) if age > ready else 1.0
        kept = 1.0 if age > ready else 0.0
        fast_weight, slow_weight = 2.0 / (fast_bars + 1), 2.0 / (slow_bars + 1)
        for lane in range(high - low):
            quick = (newest[lane] - fast[lane]) * fast_weight + fast[lane]
            steady = (newest[lane] - slow[lane]) * slow_weight + slow[lane]
            fast[lane] = quick
            slow[lane] = steady
            smoothed[lane] = ((quick - steady) - smoothed[lane] * kept) * weight + smoothed[lane]
    if age == ready:
        for lane in range(high - low):
            smoothed[lane] /= signalperiod
    if age >= ready:
        line_out, signal_out, hist_out = lanes(macd, row, low, high), lanes(signal, row, low, high), lanes(hist, row, low, high)
        for lane in range(high - low):
            line = fast[lane] - slow[lane]
            line_out[lane] = line
            signal_out[lane] = smoothed[lane]
            hist_out[lane] = line - smoothed[lane]
