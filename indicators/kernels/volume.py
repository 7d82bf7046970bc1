"""Kernels of the indicators that weigh price with volume: OBV and VWAP."""

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted


@jitted
def _signed(volume: float, change: float) -> float:
    # Two selects and a difference: a nested choice would keep the lanes from running side by side.
    added = volume if change > 0.0 else 0.0
    taken = volume if change < 0.0 else 0.0
    return added - taken


@jitted
def obv_series_nb(values: Series, volume: Series, out: Series) -> None:
    """Running sum of volume, added when the price rose and taken away when it fell."""
    rows = values.shape[0]
    if rows == 0:
        return
    balance = volume[0]
    out[0] = balance
    for row in range(1, rows):
        balance += _signed(volume[row], values[row] - values[row - 1])
        out[row] = balance


@jitted
def obv_block_nb(values: Block, volume: Block, out: Block) -> None:
    """As `obv_series_nb`, for every lane."""
    rows, lanes = values.shape
    if rows == 0:
        return
    for lane in range(lanes):
        out[0, lane] = volume[0, lane]
    for row in range(1, rows):
        newest, before, traded, previous, result = values[row], values[row - 1], volume[row], out[row - 1], out[row]
        for lane in range(lanes):
            result[lane] = previous[lane] + _signed(traded[lane], newest[lane] - before[lane])


@jitted
def _is_finite(value: float) -> bool:
    return value - value == 0.0


@jitted
def vwap_series_nb(high: Series, low: Series, close: Series, volume: Series, out: Series) -> None:
    """Sum of typical price times volume over sum of volume, from the first bar on; 0 before the first trade."""
    paid = traded = average = 0.0
    for row in range(high.shape[0]):
        typical = (high[row] + low[row] + close[row]) / 3.0
        usable = _is_finite(typical) & _is_finite(volume[row])
        paid += typical * volume[row] if usable else 0.0
        traded += volume[row] if usable else 0.0
        average = paid / traded if traded > 0.0 else average
        out[row] = average


@jitted
def vwap_block_nb(high: Block, low: Block, close: Block, volume: Block, out: Block) -> None:
    """As `vwap_series_nb`, for every lane."""
    rows, lanes = high.shape
    paid, traded, average = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    for row in range(rows):
        top, bottom, last, units, result = high[row], low[row], close[row], volume[row], out[row]
        for lane in range(lanes):
            typical = (top[lane] + bottom[lane] + last[lane]) / 3.0
            usable = _is_finite(typical) & _is_finite(units[lane])
            sum_paid = paid[lane] + (typical * units[lane] if usable else 0.0)
            sum_traded = traded[lane] + (units[lane] if usable else 0.0)
            mean = sum_paid / sum_traded if sum_traded > 0.0 else average[lane]
            paid[lane], traded[lane], average[lane] = sum_paid, sum_traded, mean
            result[lane] = mean
