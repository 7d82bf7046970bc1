"""Kernels of CCI and the stochastic oscillator."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.overlap import average_step_nb
from indicators.kernels.rows import lanes

# A difference below this share of its operands is rounding noise; TA-Lib answers 0 there instead of dividing it.
NOISE = 1e-14


@helper
def _cci_value(newest: float, mean: float, deviations: float, period: int) -> float:
    above = newest - mean
    noise = NOISE * abs(mean)
    flat = (abs(above) <= noise) | (deviations <= noise * period)
    return 0.0 if flat else above / (0.015 * (deviations / period))


@kernel
def cci_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Typical price above its mean, in 0.015 mean absolute deviations; sums run over a ring, in TA-Lib's order."""
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    mean, deviations = lanes(state, 0, low, high), lanes(state, 1, low, high)
    typical = lanes(state, 2 + age % period, low, high)
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    for lane in range(high - low):
        typical[lane] = (top[lane] + bottom[lane] + last[lane]) / 3.0
    if age >= period - 1:
        _sum_rows(state, 2, period, mean, low, high)
        for lane in range(high - low):
            mean[lane] /= period
        _sum_distances(state, 2, period, mean, deviations, low, high)
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _cci_value(typical[lane], mean[lane], deviations[lane], period)


@helper
def _sum_rows(ring: Block, base: int, period: int, total: Lanes, low: int, high: int) -> None:
    """Sum of the rows, oldest slot first; four rows a pass save the trips of the sum through memory."""
    total[:] = 0.0
    whole = base + period - period % 4
    for slot in range(base, whole, 4):
        a, b = lanes(ring, slot, low, high), lanes(ring, slot + 1, low, high)
        c, d = lanes(ring, slot + 2, low, high), lanes(ring, slot + 3, low, high)
        for lane in range(high - low):
            total[lane] = total[lane] + a[lane] + b[lane] + c[lane] + d[lane]
    for slot in range(whole, base + period):
        a = lanes(ring, slot, low, high)
        for lane in range(high - low):
            total[lane] += a[lane]


@helper
def _sum_distances(ring: Block, base: int, period: int, mean: Lanes, total: Lanes, low: int, high: int) -> None:
    """Sum of the rows' absolute distances from `mean`, in the same order and passes."""
    total[:] = 0.0
    whole = base + period - period % 4
    for slot in range(base, whole, 4):
        a, b = lanes(ring, slot, low, high), lanes(ring, slot + 1, low, high)
        c, d = lanes(ring, slot + 2, low, high), lanes(ring, slot + 3, low, high)
        for lane in range(high - low):
            at = mean[lane]
            total[lane] = total[lane] + abs(a[lane] - at) + abs(b[lane] - at) + abs(c[lane] - at) + abs(d[lane] - at)
    for slot in range(whole, base + period):
        a = lanes(ring, slot, low, high)
        for lane in range(high - low):
            total[lane] += abs(a[lane] - mean[lane])


@helper
def _fast_k(close: float, highest: float, lowest: float) -> float:
    reach = highest - lowest
    flat = abs(reach) <= NOISE * (abs(highest) + abs(lowest))
    return 0.0 if flat else 100.0 * ((close - lowest) / reach)


@kernel
def stoch_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Place of the close in the range of `fastk_period` bars, smoothed once (slow K) and once more (slow D).

    State: fast K, slow K, slow D and the lowest low of this bar; then both extremes' chunks, then both averages'.
    """
    (highs, lows, closes), (slowk, slowd), params_ = ins, outs, params
    fastk_period, slowk_period, slowk_matype, slowd_period, slowd_matype = params_
    fast, slow = lanes(state, 0, low, high), lanes(state, 1, low, high)
    signal, lowest = lanes(state, 2, low, high), lanes(state, 3, low, high)
    extreme_nb(highs, fast, fastk_period, 1.0, state, 4, row, age, low, high)
    extreme_nb(lows, lowest, fastk_period, -1.0, state, 4 + fastk_period, row, age, low, high)
    if age < fastk_period - 1:
        return
    last = lanes(closes, row, low, high)
    for lane in range(high - low):
        fast[lane] = _fast_k(last[lane], fast[lane], lowest[lane])
    base = 4 + 2 * fastk_period
    smoothed = age - (fastk_period - 1)
    average_step_nb(fast, slow, slowk_period, slowk_matype, state, base, smoothed, low, high)
    signalled = smoothed - (slowk_period - 1)
    if signalled < 0:
        return
    average_step_nb(slow, signal, slowd_period, slowd_matype, state, base + 3 + slowk_period, signalled, low, high)
    if signalled >= slowd_period - 1:
        k_out, d_out = lanes(slowk, row, low, high), lanes(slowd, row, low, high)
        for lane in range(high - low):
            k_out[lane] = slow[lane]
            d_out[lane] = signal[lane]
