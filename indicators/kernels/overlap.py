"""Kernels of the moving averages (SMA, EMA, WMA), and the choice among them by TA-Lib's `matype`."""

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted

# TA-Lib rebuilds the running sums of its WMA from the window after so many windows; so do we, to stay as exact as it is.
WMA_WINDOWS_BETWEEN_REBUILDS = 8


@jitted
def sma_series_nb(values: Series, out: Series, period: int) -> None:
    """Running sum over the window, divided by its length."""
    rows = values.shape[0]
    ready = min(period - 1, rows)
    total = 0.0
    for row in range(ready):
        total += values[row]
        out[row] = np.nan
    newest, oldest, result = values[ready:], values[: rows - ready], out[ready:]
    for row in range(rows - ready):
        total += newest[row]
        result[row] = total / period
        total -= oldest[row]


@jitted
def sma_block_nb(values: Block, out: Block, period: int) -> None:
    """As `sma_series_nb`, for every lane."""
    rows, lanes = values.shape
    ready = min(period - 1, rows)
    total = np.zeros(lanes)
    for row in range(ready):
        newest, result = values[row], out[row]
        for lane in range(lanes):
            total[lane] += newest[lane]
            result[lane] = np.nan
    for row in range(ready, rows):
        newest, oldest, result = values[row], values[row - ready], out[row]
        for lane in range(lanes):
            added = total[lane] + newest[lane]
            result[lane] = added / period
            total[lane] = added - oldest[lane]


@jitted
def ema_series_nb(values: Series, out: Series, period: int) -> None:
    """Seeded with the mean of the first window, then `previous + (value - previous) * 2 / (period + 1)`."""
    rows = values.shape[0]
    out[: min(period - 1, rows)] = np.nan
    if rows < period:
        return
    total = 0.0
    for row in range(period):
        total += values[row]
    weight = 2.0 / (period + 1)
    average = total / period
    out[period - 1] = average
    newest, result = values[period:], out[period:]
    for row in range(rows - period):
        average = (newest[row] - average) * weight + average
        result[row] = average


@jitted
def ema_block_nb(values: Block, out: Block, period: int) -> None:
    """As `ema_series_nb`, for every lane."""
    rows, lanes = values.shape
    out[: min(period - 1, rows)] = np.nan
    if rows < period:
        return
    total = np.zeros(lanes)
    for row in range(period):
        newest = values[row]
        for lane in range(lanes):
            total[lane] += newest[lane]
    weight = 2.0 / (period + 1)
    result = out[period - 1]
    for lane in range(lanes):
        result[lane] = total[lane] / period
    for row in range(period, rows):
        newest, previous, result = values[row], out[row - 1], out[row]
        for lane in range(lanes):
            result[lane] = (newest[lane] - previous[lane]) * weight + previous[lane]


@jitted
def wma_series_nb(values: Series, out: Series, period: int) -> None:
    """Weights 1 (oldest) to `period` (newest), kept as a running weighted sum."""
    rows = values.shape[0]
    ready = min(period - 1, rows)
    divisor = period * (period + 1.0) / 2.0
    plain = weighted = leaving = 0.0
    for row in range(ready):
        plain += values[row]
        weighted += values[row] * (row + 1)
        out[row] = np.nan
    until_rebuild = WMA_WINDOWS_BETWEEN_REBUILDS * period
    newest, oldest, result = values[ready:], values[: rows - ready], out[ready:]
    for row in range(rows - ready):
        until_rebuild -= 1
        if until_rebuild == 0:
            until_rebuild = WMA_WINDOWS_BETWEEN_REBUILDS * period
            plain = weighted = 0.0
            for age in range(period):
                plain += values[row + age]
                weighted += values[row + age] * (age + 1)
        else:
            plain = plain + newest[row] - leaving
            weighted += newest[row] * period
        leaving = oldest[row]
        result[row] = weighted / divisor
        weighted -= plain


@jitted
def wma_block_nb(values: Block, out: Block, period: int) -> None:
    """As `wma_series_nb`, for every lane."""
    rows, lanes = values.shape
    ready = min(period - 1, rows)
    divisor = period * (period + 1.0) / 2.0
    plain, weighted, leaving = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    _wma_add(values[:ready], plain, weighted)
    out[:ready] = np.nan
    until_rebuild = WMA_WINDOWS_BETWEEN_REBUILDS * period
    for row in range(ready, rows):
        newest, oldest, result = values[row], values[row - ready], out[row]
        until_rebuild -= 1
        if until_rebuild > 0:
            for lane in range(lanes):
                total = plain[lane] + newest[lane] - leaving[lane]
                heavy = weighted[lane] + newest[lane] * period
                result[lane] = heavy / divisor
                plain[lane], weighted[lane], leaving[lane] = total, heavy - total, oldest[lane]
        else:
            until_rebuild = WMA_WINDOWS_BETWEEN_REBUILDS * period
            plain[:] = 0.0
            weighted[:] = 0.0
            _wma_add(values[row - ready : row + 1], plain, weighted)
            for lane in range(lanes):
                result[lane] = weighted[lane] / divisor
                weighted[lane] -= plain[lane]
                leaving[lane] = oldest[lane]


@jitted
def _wma_add(window: Block, plain: Series, weighted: Series) -> None:
    for age in range(window.shape[0]):
        newest = window[age]
        for lane in range(newest.shape[0]):
            plain[lane] += newest[lane]
            weighted[lane] += newest[lane] * (age + 1)


@jitted
def average_series_nb(values: Series, out: Series, period: int, matype: int) -> None:
    """The moving average that TA-Lib's `matype` names: 0 SMA, 1 EMA, 2 WMA."""
    if matype == 0:
        sma_series_nb(values, out, period)
    elif matype == 1:
        ema_series_nb(values, out, period)
    else:
        wma_series_nb(values, out, period)


@jitted
def average_block_nb(values: Block, out: Block, period: int, matype: int) -> None:
    """As `average_series_nb`, for every lane."""
    if matype == 0:
        sma_block_nb(values, out, period)
    elif matype == 1:
        ema_block_nb(values, out, period)
    else:
        wma_block_nb(values, out, period)
