"""Kernels of RSI and MACD."""

# Choices are written out: numba's max() treats NaN in its own way, which takes branches.
# ruff: noqa: FURB136

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted


@jitted
def _rsi_value(gain: float, loss: float) -> float:
    total = gain + loss
    return 100.0 * (gain / total) if total > 0.0 else 0.0


@jitted
def rsi_series_nb(values: Series, out: Series, period: int) -> None:
    """Wilder's averages of gains and losses, seeded with the plain mean of the first `period` changes."""
    rows = values.shape[0]
    out[: min(period, rows)] = np.nan
    if rows <= period:
        return
    share = 1.0 / period
    kept = period - 1.0
    gain = loss = 0.0
    for row in range(1, period + 1):
        change = values[row] - values[row - 1]
        rise = change if change > 0.0 else 0.0
        gain += rise
        loss += rise - change
    gain *= share
    loss *= share
    out[period] = _rsi_value(gain, loss)
    newest, before, result = values[period + 1 :], values[period:], out[period + 1 :]
    for row in range(rows - period - 1):
        change = newest[row] - before[row]
        rise = change if change > 0.0 else 0.0
        gain = (gain * kept + rise) * share
        loss = (loss * kept + (rise - change)) * share
        result[row] = _rsi_value(gain, loss)


@jitted
def rsi_block_nb(values: Block, out: Block, period: int) -> None:
    """As `rsi_series_nb`, for every lane."""
    rows, lanes = values.shape
    out[: min(period, rows)] = np.nan
    if rows <= period:
        return
    share = 1.0 / period
    kept = period - 1.0
    gain, loss = np.zeros(lanes), np.zeros(lanes)
    for row in range(1, period + 1):
        newest, before = values[row], values[row - 1]
        for lane in range(lanes):
            change = newest[lane] - before[lane]
            rise = change if change > 0.0 else 0.0
            gain[lane] += rise
            loss[lane] += rise - change
    result = out[period]
    for lane in range(lanes):
        gain[lane] *= share
        loss[lane] *= share
        result[lane] = _rsi_value(gain[lane], loss[lane])
    for row in range(period + 1, rows):
        newest, before, result = values[row], values[row - 1], out[row]
        for lane in range(lanes):
            change = newest[lane] - before[lane]
            rise = change if change > 0.0 else 0.0
            gained = (gain[lane] * kept + rise) * share
            lost = (loss[lane] * kept + (rise - change)) * share
            gain[lane] = gained
            loss[lane] = lost
            result[lane] = _rsi_value(gained, lost)


@jitted
def macd_series_nb(
    values: Series, macd: Series, signal: Series, hist: Series, fastperiod: int, slowperiod: int, signalperiod: int
) -> None:
    """Fast minus slow EMA, both seeded on windows that end together; the EMA of that; their difference."""
    rows = values.shape[0]
    fast_bars, slow_bars = min(fastperiod, slowperiod), max(fastperiod, slowperiod)
    ready = slow_bars + signalperiod - 2
    for out in (macd, signal, hist):
        out[: min(ready, rows)] = np.nan
    if rows <= ready:
        return
    fast = slow = 0.0
    for row in range(slow_bars):
        slow += values[row]
        if row >= slow_bars - fast_bars:
            fast += values[row]
    fast /= fast_bars
    slow /= slow_bars
    fast_weight, slow_weight, signal_weight = 2.0 / (fast_bars + 1), 2.0 / (slow_bars + 1), 2.0 / (signalperiod + 1)
    smoothed = fast - slow
    for row in range(slow_bars, ready + 1):
        fast = (values[row] - fast) * fast_weight + fast
        slow = (values[row] - slow) * slow_weight + slow
        smoothed += fast - slow
    smoothed /= signalperiod
    macd[ready], signal[ready], hist[ready] = fast - slow, smoothed, fast - slow - smoothed
    for row in range(ready + 1, rows):
        fast = (values[row] - fast) * fast_weight + fast
        slow = (values[row] - slow) * slow_weight + slow
        line = fast - slow
        smoothed = (line - smoothed) * signal_weight + smoothed
        macd[row], signal[row], hist[row] = line, smoothed, line - smoothed


@jitted
def macd_block_nb(
    values: Block, macd: Block, signal: Block, hist: Block, fastperiod: int, slowperiod: int, signalperiod: int
) -> None:
    """As `macd_series_nb`, for every lane."""
    rows, lanes = values.shape
    fast_bars, slow_bars = min(fastperiod, slowperiod), max(fastperiod, slowperiod)
    ready = slow_bars + signalperiod - 2
    for out in (macd, signal, hist):
        out[: min(ready, rows)] = np.nan
    if rows <= ready:
        return
    fast, slow, smoothed = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    _seed_macd_lanes(values[: ready + 1], fast, slow, smoothed, fast_bars, slow_bars)
    for lane in range(lanes):
        smoothed[lane] /= signalperiod
        macd[ready, lane] = fast[lane] - slow[lane]
        signal[ready, lane] = smoothed[lane]
        hist[ready, lane] = fast[lane] - slow[lane] - smoothed[lane]
    fast_weight, slow_weight, signal_weight = 2.0 / (fast_bars + 1), 2.0 / (slow_bars + 1), 2.0 / (signalperiod + 1)
    for row in range(ready + 1, rows):
        newest, line_out, signal_out, hist_out = values[row], macd[row], signal[row], hist[row]
        for lane in range(lanes):
            quick = (newest[lane] - fast[lane]) * fast_weight + fast[lane]
            steady = (newest[lane] - slow[lane]) * slow_weight + slow[lane]
            line = quick - steady
            mean = (line - smoothed[lane]) * signal_weight + smoothed[lane]
            fast[lane], slow[lane], smoothed[lane] = quick, steady, mean
            line_out[lane], signal_out[lane], hist_out[lane] = line, mean, line - mean


@jitted
def _seed_macd_lanes(values: Block, fast: Series, slow: Series, total: Series, fast_bars: int, slow_bars: int) -> None:
    """Both averages up to the last row, and the sum of their differences from the first one on."""
    rows, lanes = values.shape
    for row in range(slow_bars):
        newest = values[row]
        for lane in range(lanes):
            slow[lane] += newest[lane]
        if row >= slow_bars - fast_bars:
            for lane in range(lanes):
                fast[lane] += newest[lane]
    for lane in range(lanes):
        fast[lane] /= fast_bars
        slow[lane] /= slow_bars
        total[lane] = fast[lane] - slow[lane]
    fast_weight, slow_weight = 2.0 / (fast_bars + 1), 2.0 / (slow_bars + 1)
    for row in range(slow_bars, rows):
        newest = values[row]
        for lane in range(lanes):
            fast[lane] = (newest[lane] - fast[lane]) * fast_weight + fast[lane]
            slow[lane] = (newest[lane] - slow[lane]) * slow_weight + slow[lane]
            total[lane] += fast[lane] - slow[lane]
