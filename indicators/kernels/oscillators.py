"""Kernels of CCI and the stochastic oscillator."""

import numpy as np

from indicators.kernels.compiling import Block, Series, jitted
from indicators.kernels.extremes import extreme_block_nb, extreme_series_nb
from indicators.kernels.overlap import average_block_nb, average_series_nb

# A difference below this share of its operands is rounding noise; TA-Lib answers 0 there instead of dividing it.
NOISE = 1e-14


@jitted
def _cci_value(newest: float, mean: float, deviations: float, period: int) -> float:
    above = newest - mean
    noise = NOISE * abs(mean)
    flat = (abs(above) <= noise) | (deviations <= noise * period)
    return 0.0 if flat else above / (0.015 * (deviations / period))


@jitted
def cci_series_nb(high: Series, low: Series, close: Series, out: Series, period: int) -> None:
    """Typical price above its mean, in 0.015 mean absolute deviations; sums run over a ring, in TA-Lib's order."""
    ring = np.zeros(period)
    slot = 0
    for row in range(high.shape[0]):
        typical = (high[row] + low[row] + close[row]) / 3.0
        ring[slot] = typical
        slot = slot + 1 if slot < period - 1 else 0
        if row < period - 1:
            out[row] = np.nan
            continue
        total = deviations = 0.0
        for value in ring:
            total += value
        mean = total / period
        for value in ring:
            deviations += abs(value - mean)
        out[row] = _cci_value(typical, mean, deviations, period)


@jitted
def cci_block_nb(high: Block, low: Block, close: Block, out: Block, period: int) -> None:
    """As `cci_series_nb`, for every lane; needs scratch of `period` rows."""
    rows, lanes = high.shape
    ready = min(period - 1, rows)
    out[:ready] = np.nan
    if ready == rows:
        return
    ring = np.zeros((period, lanes))
    mean, deviations = np.empty(lanes), np.empty(lanes)
    for row in range(rows):
        top, bottom, last, typical, result = high[row], low[row], close[row], ring[row % period], out[row]
        for lane in range(lanes):
            typical[lane] = (top[lane] + bottom[lane] + last[lane]) / 3.0
        if row >= ready:
            _sum_rows(ring, mean)
            for lane in range(lanes):
                mean[lane] /= period
            _sum_distances(ring, mean, deviations)
            for lane in range(lanes):
                result[lane] = _cci_value(typical[lane], mean[lane], deviations[lane], period)


@jitted
def _sum_rows(ring: Block, total: Series) -> None:
    """Sum of the rows, oldest slot first; four rows a pass save the trips of the sum through memory."""
    period, lanes = ring.shape
    total[:] = 0.0
    whole = period - period % 4
    for slot in range(0, whole, 4):
        a, b, c, d = ring[slot], ring[slot + 1], ring[slot + 2], ring[slot + 3]
        for lane in range(lanes):
            total[lane] = total[lane] + a[lane] + b[lane] + c[lane] + d[lane]
    for slot in range(whole, period):
        a = ring[slot]
        for lane in range(lanes):
            total[lane] += a[lane]


@jitted
def _sum_distances(ring: Block, mean: Series, total: Series) -> None:
    """Sum of the rows' absolute distances from `mean`, in the same order and passes."""
    period, lanes = ring.shape
    total[:] = 0.0
    whole = period - period % 4
    for slot in range(0, whole, 4):
        a, b, c, d = ring[slot], ring[slot + 1], ring[slot + 2], ring[slot + 3]
        for lane in range(lanes):
            at = mean[lane]
            total[lane] = total[lane] + abs(a[lane] - at) + abs(b[lane] - at) + abs(c[lane] - at) + abs(d[lane] - at)
    for slot in range(whole, period):
        a = ring[slot]
        for lane in range(lanes):
            total[lane] += abs(a[lane] - mean[lane])


@jitted
def _fast_k(close: float, highest: float, lowest: float) -> float:
    reach = highest - lowest
    flat = abs(reach) <= NOISE * (abs(highest) + abs(lowest))
    return 0.0 if flat else 100.0 * ((close - lowest) / reach)


@jitted
def stoch_series_nb(
    high: Series,
    low: Series,
    close: Series,
    slowk: Series,
    slowd: Series,
    fastk_period: int,
    slowk_period: int,
    slowk_matype: int,
    slowd_period: int,
    slowd_matype: int,
) -> None:
    """Place of the close in the range of `fastk_period` bars, smoothed once (slow K) and once more (slow D)."""
    rows = high.shape[0]
    smooth_from = min(fastk_period - 1, rows)
    signal_from = min(fastk_period + slowk_period - 2, rows)
    ready = min(fastk_period + slowk_period + slowd_period - 3, rows)
    # The outputs are the scratch, too: highest and lowest, then K in the place of the highest.
    extreme_series_nb(high, slowd, fastk_period, 1.0)
    extreme_series_nb(low, slowk, fastk_period, -1.0)
    for row in range(smooth_from, rows):
        slowd[row] = _fast_k(close[row], slowd[row], slowk[row])
    source, out, period, matype = slowd[smooth_from:], slowk[smooth_from:], slowk_period, slowk_matype
    for _ in range(2):  # one place of call: each adds three averages to the machine code
        average_series_nb(source, out, period, matype)
        source, out, period, matype = slowk[signal_from:], slowd[signal_from:], slowd_period, slowd_matype
    slowk[:ready] = np.nan
    slowd[:ready] = np.nan


@jitted
def stoch_block_nb(
    high: Block,
    low: Block,
    close: Block,
    slowk: Block,
    slowd: Block,
    fastk_period: int,
    slowk_period: int,
    slowk_matype: int,
    slowd_period: int,
    slowd_matype: int,
) -> None:
    """As `stoch_series_nb`, for every lane; needs scratch of `fastk_period` rows."""
    rows, lanes = high.shape
    smooth_from = min(fastk_period - 1, rows)
    signal_from = min(fastk_period + slowk_period - 2, rows)
    ready = min(fastk_period + slowk_period + slowd_period - 3, rows)
    extreme_block_nb(high, slowd, fastk_period, 1.0)
    extreme_block_nb(low, slowk, fastk_period, -1.0)
    for row in range(smooth_from, rows):
        last, reached, lowest = close[row], slowd[row], slowk[row]
        for lane in range(lanes):
            reached[lane] = _fast_k(last[lane], reached[lane], lowest[lane])
    source, out, period, matype = slowd[smooth_from:], slowk[smooth_from:], slowk_period, slowk_matype
    for _ in range(2):
        average_block_nb(source, out, period, matype)
        source, out, period, matype = slowk[signal_from:], slowd[signal_from:], slowd_period, slowd_matype
    slowk[:ready] = np.nan
    slowd[:ready] = np.nan
