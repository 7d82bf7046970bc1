"""Kernels of where a value stands: z-score, stochastic of any series, Fisher transform, Connors RSI."""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.rows import lanes
from indicators.kernels.windows import distances_nb, sum_of_rows_nb

# A range below this share of its bounds is rounding noise.
NOISE = 1e-14


@helper
def _score(total: float, squares: float, period: int) -> float:
    offset = total / period
    variance = squares / period - offset * offset
    deviation = math.sqrt(variance) if variance > 0.0 else 0.0
    return -offset / deviation if deviation > 0.0 else 0.0


@kernel
def zscore_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Distance from the mean of the window in its standard deviations."""
    (values,), (out,), (period,) = ins, outs, params
    if age >= period - 1:
        total, squares, result = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(out, row, low, high)
        distances_nb(values, total, squares, period, row, low, high)
        for lane in range(high - low):
            result[lane] = _score(total[lane], squares[lane], period)


@helper
def _place(value: float, highest: float, lowest: float) -> float:
    reach = highest - lowest
    return 100.0 * ((value - lowest) / reach) if reach > NOISE * (abs(highest) + abs(lowest)) else 0.0


@kernel
def stoch_of_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Place in the range of the window, smoothed once and twice.

    State: highest and lowest, slow K and D; both extremes' chunks; rings of the places and of slow K.
    """
    (values,), (slowk, slowd), (fastk_period, slowk_period, slowd_period) = ins, outs, params
    highest, lowest = lanes(state, 0, low, high), lanes(state, 1, low, high)
    slow, signal, newest = lanes(state, 2, low, high), lanes(state, 3, low, high), lanes(values, row, low, high)
    extreme_nb(values, highest, fastk_period, 1.0, state, 4, row, age, low, high)
    extreme_nb(values, lowest, fastk_period, -1.0, state, 4 + fastk_period, row, age, low, high)
    placed = age - (fastk_period - 1)
    if placed < 0:
        return
    places = 4 + 2 * fastk_period
    place = lanes(state, places + placed % slowk_period, low, high)
    for lane in range(high - low):
        place[lane] = _place(newest[lane], highest[lane], lowest[lane])
    slowed = placed - (slowk_period - 1)
    if slowed < 0:
        return
    slows = places + slowk_period
    sum_of_rows_nb(state, places, slowk_period, slow, low, high)
    kept = lanes(state, slows + slowed % slowd_period, low, high)
    for lane in range(high - low):
        slow[lane] /= slowk_period
        kept[lane] = slow[lane]
    if slowed >= slowd_period - 1:
        sum_of_rows_nb(state, slows, slowd_period, signal, low, high)
        k_out, d_out = lanes(slowk, row, low, high), lanes(slowd, row, low, high)
        for lane in range(high - low):
            k_out[lane] = slow[lane]
            d_out[lane] = signal[lane] / slowd_period


@helper
def _normalized(value: float, highest: float, lowest: float, before: float) -> float:
    """Ehlers' place in the range, -1 to 1, smoothed; kept off the ends, where the transform is infinite."""
    reach = highest - lowest
    place = (value - lowest) / (reach if reach > 0.0 else 1.0) - 0.5
    smoothed = 0.33 * 2.0 * (place if reach > 0.0 else 0.0) + 0.67 * before
    smoothed = 0.999 if smoothed > 0.99 else smoothed
    return -0.999 if smoothed < -0.99 else smoothed


@kernel
def fisher_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fisher transform of the place of the mid price in its range.

    State: place, transform, highest and lowest mid price, ring of mid prices.
    """
    (highs, lows), (fisher, signal), (period,) = ins, outs, params
    place, transform = lanes(state, 0, low, high), lanes(state, 1, low, high)
    highest, lowest = lanes(state, 2, low, high), lanes(state, 3, low, high)
    newest, top, bottom = lanes(state, 4 + age % period, low, high), lanes(highs, row, low, high), lanes(lows, row, low, high)
    if age == 0:
        place[:] = 0.0
        transform[:] = 0.0
    for lane in range(high - low):
        middle = 0.5 * (top[lane] + bottom[lane])
        newest[lane] = middle
        highest[lane] = middle
        lowest[lane] = middle
    if age < period - 1:
        return
    for slot in range(4, 4 + period):
        one = lanes(state, slot, low, high)
        for lane in range(high - low):
            highest[lane] = max(highest[lane], one[lane])
            lowest[lane] = min(lowest[lane], one[lane])
    if age >= period:
        before = lanes(signal, row, low, high)
        for lane in range(high - low):
            before[lane] = transform[lane]
    for lane in range(high - low):
        place[lane] = _normalized(newest[lane], highest[lane], lowest[lane], place[lane])
        transform[lane] = 0.5 * math.log((1.0 + place[lane]) / (1.0 - place[lane])) + 0.5 * transform[lane]
    if age >= period:
        result = lanes(fisher, row, low, high)
        for lane in range(high - low):
            result[lane] = transform[lane]


@helper
def _strength(gain: float, loss: float) -> float:
    total = gain + loss
    return 100.0 * (gain / total) if total > 0.0 else 0.0


@helper
def _streak(before: float, change: float) -> float:
    """Bars in a row that rose, as a positive number, or fell, as a negative one."""
    risen = before + 1.0 if before > 0.0 else 1.0
    fallen = before - 1.0 if before < 0.0 else -1.0
    return (risen if change > 0.0 else 0.0) + (fallen if change < 0.0 else 0.0)


@helper
def _gather(state: Block, steps: Lanes, base: int, period: int, age: int, low: int, high: int) -> None:
    """One bar of Wilder's averages of gains and losses: plain sums at first, whose seed is the mean."""
    gain, loss = lanes(state, base, low, high), lanes(state, base + 1, low, high)
    kept = period - 1.0 if age > period else 1.0
    share = 1.0 / period if age >= period else 1.0
    for lane in range(high - low):
        rise = max(0.0, steps[lane])
        gain[lane] = (gain[lane] * kept + rise) * share
        loss[lane] = (loss[lane] * kept + (rise - steps[lane])) * share


@kernel
def connors_rsi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of the RSI of the price, the RSI of the streak and the rank of the last change.

    State: gain and loss of the price, of the streak; streak, steps, rank; ring of relative changes.
    """
    (values,), (out,), (period, streak_period, rank_period) = ins, outs, params
    streak, steps, rank = lanes(state, 4, low, high), lanes(state, 5, low, high), lanes(state, 6, low, high)
    if age == 0:
        for quantity in range(5):
            lanes(state, quantity, low, high)[:] = 0.0
        return
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    for lane in range(high - low):
        steps[lane] = newest[lane] - before[lane]
    _gather(state, steps, 0, period, age, low, high)
    for lane in range(high - low):
        count = _streak(streak[lane], steps[lane])
        steps[lane] = count - streak[lane]
        streak[lane] = count
    _gather(state, steps, 2, streak_period, age, low, high)
    for lane in range(high - low):
        steps[lane] = (newest[lane] - before[lane]) / before[lane]
    if age > rank_period:
        rank[:] = 0.0
        for slot in range(7, 7 + rank_period):
            one = lanes(state, slot, low, high)
            for lane in range(high - low):
                rank[lane] += 1.0 if one[lane] < steps[lane] else 0.0
    kept = lanes(state, 7 + age % rank_period, low, high)
    for lane in range(high - low):
        kept[lane] = steps[lane]
    if (age >= period) & (age >= streak_period) & (age > rank_period):
        gain, loss = lanes(state, 0, low, high), lanes(state, 1, low, high)
        up, down, result = lanes(state, 2, low, high), lanes(state, 3, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            share = 100.0 * rank[lane] / rank_period
            result[lane] = (_strength(gain[lane], loss[lane]) + _strength(up[lane], down[lane]) + share) / 3.0
