"""Kernels of SMA, EMA and of the average that a number names, for other kernels too.

`average_step_nb` serves a dozen indicators, and each that calls it compiles it: so it is made of few loops. An average is a
number of stages, each a simple, exponential or weighted one of the input or of the stage before, and a weighted sum of what
comes out of the last four.
"""

import math
from typing import Any

from indicators.kernels.adaptive import MAMA_LEADING, mama_step_nb
from indicators.kernels.arithmetic import divided
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel, optimised_helper
from indicators.kernels.hilbert import HILBERT_STATE
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.rows import lanes
from indicators.matypes import DEFAULT, DEMA, HMA, KAMA, MAMA, NONE, RMA, SMA, T3, TEMA, TRIMA, WMA, ZLEMA

# TA-Lib rebuilds the running sums of its WMA from the window after so many windows; so do we, to stay as exact as it is.
WMA_WINDOWS_BETWEEN_REBUILDS = 8
KAMA_OUTWEIGHED = 100.0  # change that leaves, times bars, in sums of the changes that stay; TA-Lib's rule
KAMA_FASTEST, KAMA_SLOWEST = 2.0 / 3.0, 2.0 / 31.0
T3_FACTOR = 0.7


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
        result[lane] = divided(added, period)
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
def ma_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The average that `matype` names."""
    (values,), (out,), (period, matype) = ins, outs, params
    average_step_nb(lanes(values, row, low, high), lanes(out, row, low, high), period, matype, state, 0, age, low, high)


@helper
def copy_nb(source: Lanes, target: Lanes, low: int, high: int) -> None:
    """Also the average of one value."""
    for lane in range(high - low):
        target[lane] = source[lane]


@helper
def average_step_nb(
    newest: Lanes, result: Lanes, period: int, matype: int, state: Block, base: int, age: int, low: int, high: int
) -> None:
    """One bar of the moving average that TA-Lib's `matype` names; `age` counts the bars averaged before.

    For series that exist nowhere but in a kernel. Writes `result` once age is `average_leading(period, matype)`, and needs
    `average_state(period, matype)` rows of state from `base` on (both in `indicators.matypes`). The number 11, an
    indicator's own average, is the simple one here.
    """
    copy_nb(newest, lanes(state, base, low, high), low, high)
    # To numba a constant is a type of its own, and so is a row that must not be written; a sum and a row of state are not.
    _average(result, period + 0, matype + 0, state, base + 0, age + 0, low, high)


@helper
def _average(result: Lanes, period: int, matype: int, state: Block, base: int, age: int, low: int, high: int) -> None:
    """`average_step_nb` of what is in the first row of state; compiled once for all who call it."""
    newest, lag, count = lanes(state, base, low, high), 0, _stage_count(matype)
    if period == 1 or matype == NONE:
        copy_nb(newest, result, low, high)
        return
    if matype == MAMA:
        _mama_step(newest, result, state, base + 1, age, low, high)
        return
    if matype == KAMA:
        _kama_step(newest, result, period, state, base + 1, age, low, high)
        return
    if matype == ZLEMA:
        lag = (period - 1) // 2
        lead_nb(newest, lag, state, base + 13, age, low, high)
    for stage in range(count):
        _stage_step(period, matype, stage, state, base, age - lag, low, high)
    if age >= average_leading_nb(period, matype):
        _sum_up(result, matype, count, state, base, low, high)


@helper
def _stage_count(matype: int) -> int:
    if matype in (DEMA, TRIMA):
        return 2
    if matype in (TEMA, HMA):
        return 3
    return 6 if matype == T3 else 1


@helper
def _stage_step(period: int, matype: int, stage: int, state: Block, base: int, age: int, low: int, high: int) -> None:
    """One average: from row `base + stage` of state to the next row, or, of HMA, from other rows; rings begin at row 13."""
    source, value = lanes(state, base + stage, low, high), lanes(state, base + stage + 1, low, high)
    span, since, ring = period, age - stage * (period - 1), base + 13
    if matype == TRIMA:
        inner = (period + 1) // 2
        span = inner if stage == 0 else period + 1 - inner
        since = age - stage * (inner - 1)
        ring += stage * (1 + inner)
    elif matype == HMA:
        half = period // 2
        if stage == 1:
            # The shorter window begins where both first end on the same bar, as in TA-Lib.
            source, span, since, ring = lanes(state, base, low, high), half, age - period + half, ring + 3 + period
        elif stage == 2:
            source, span, since = lanes(state, base + 4, low, high), int(math.sqrt(period)), age - period + 1
            ring += 6 + period + half
            double_nb(lanes(state, base + 2, low, high), lanes(state, base + 1, low, high), source, low, high)
    if since < 0:
        return
    if matype in (SMA, TRIMA, DEFAULT):
        simple_nb(source, value, span, state, ring, since, low, high)
    elif matype in (WMA, HMA):
        wma_step_nb(source, value, span, state, ring, since, low, high)
    else:
        weight = 1.0 / period if matype == RMA else 2.0 / (period + 1)
        average = lanes(state, base + 7 + stage, low, high)
        exponential_nb(source, value, average, span, weight, since, low, high)


@helper
def _sum_up(result: Lanes, matype: int, count: int, state: Block, base: int, low: int, high: int) -> None:
    """The last stage's value, or what DEMA, TEMA and T3 make of several."""
    last = base + count
    if matype not in (DEMA, TEMA, T3):
        copy_nb(lanes(state, last, low, high), result, low, high)
        return
    a, b = lanes(state, last, low, high), lanes(state, last - 1, low, high)
    c, d = lanes(state, last - 2, low, high), lanes(state, max(last - 3, base), low, high)
    of_a, of_b, of_c, of_d = -1.0, 2.0, 0.0, 0.0
    if matype == TEMA:
        of_a, of_b, of_c = 1.0, -3.0, 3.0
    elif matype == T3:
        of_a, of_b, of_c, of_d = t3_weights(T3_FACTOR)
    for lane in range(high - low):
        result[lane] = of_a * a[lane] + of_b * b[lane] + of_c * c[lane] + of_d * d[lane]


@helper
def t3_weights(factor: float) -> tuple[float, float, float, float]:
    """What T3 makes of the sixth, fifth, fourth and third EMA."""
    square, cube = factor * factor, factor * factor * factor
    return -cube, 3.0 * (square + cube), -6.0 * square - 3.0 * (factor + cube), 1.0 + 3.0 * factor + cube + 3.0 * square


@helper
def double_nb(now: Lanes, before: Lanes, result: Lanes, low: int, high: int) -> None:
    """Twice one minus the other."""
    for lane in range(high - low):
        result[lane] = 2.0 * now[lane] - before[lane]


@helper
def lead_nb(newest: Lanes, lag: int, state: Block, ring: int, age: int, low: int, high: int) -> None:
    """Let the value be ahead by what it gained in `lag` bars."""
    slot, earlier = lanes(state, ring + age % (lag + 1), low, high), lanes(state, ring + (age + 1) % (lag + 1), low, high)
    copy_nb(newest, slot, low, high)
    if age >= lag:
        double_nb(slot, earlier, newest, low, high)


@helper
def simple_nb(source: Lanes, value: Lanes, period: int, state: Block, ring: int, age: int, low: int, high: int) -> None:
    """As `sma_step_nb`, in one loop; `value` is written from the first bar on."""
    total, slot = lanes(state, ring, low, high), lanes(state, ring + 1 + age % period, low, high)
    oldest, full = lanes(state, ring + 1 + (age + 1) % period, low, high), age >= period - 1
    if age == 0:
        total[:] = 0.0
    for lane in range(high - low):
        newest = source[lane]
        added = total[lane] + newest
        slot[lane] = newest
        value[lane] = divided(added, period)
        total[lane] = added - (oldest[lane] if full else 0.0)


@helper
def exponential_nb(
    source: Lanes, value: Lanes, average: Lanes, period: int, weight: float, age: int, low: int, high: int
) -> None:
    """As `ema_step_nb`, in one loop; `value` is written from the first bar on. Until there are enough, a sum is kept."""
    kept, share = (1.0, weight) if age >= period else (0.0, 1.0)
    divisor = period if age == period - 1 else 1
    if age == 0:
        average[:] = 0.0
    for lane in range(high - low):
        mean = ((source[lane] - average[lane] * kept) * share + average[lane]) / divisor
        average[lane] = mean
        value[lane] = mean


@helper
def wma_step_nb(source: Lanes, value: Lanes, period: int, state: Block, ring: int, age: int, low: int, high: int) -> None:
    """Weights 1 (oldest) to `period`, kept as a running weighted sum; `value` is written from the first bar on.

    Three rows of state from `ring` on, then the window.
    """
    plain, weighted = lanes(state, ring, low, high), lanes(state, ring + 1, low, high)
    leaving, slot = lanes(state, ring + 2, low, high), lanes(state, ring + 3 + age % period, low, high)
    oldest, full = lanes(state, ring + 3 + (age + 1) % period, low, high), age >= period - 1
    divisor = period * (period + 1.0) / 2.0
    if age == 0:
        plain[:] = 0.0
        weighted[:] = 0.0
        leaving[:] = 0.0
    if period == 1:
        copy_nb(source, value, low, high)
    elif not full or (age - period + 2) % (WMA_WINDOWS_BETWEEN_REBUILDS * period) != 0:
        heaviest = min(age + 1, period)
        kept = 1.0 if full else 0.0
        for lane in range(high - low):
            newest = source[lane]
            total = plain[lane] + newest - leaving[lane]
            heavy = weighted[lane] + newest * heaviest
            slot[lane] = newest
            value[lane] = heavy / divisor
            plain[lane] = total
            weighted[lane] = heavy - total * kept
            leaving[lane] = oldest[lane] if full else 0.0
    else:
        copy_nb(source, slot, low, high)
        plain[:] = 0.0
        weighted[:] = 0.0
        for step in range(period):
            one = lanes(state, ring + 3 + (age + 1 + step) % period, low, high)
            for lane in range(high - low):
                plain[lane] += one[lane]
                weighted[lane] += one[lane] * (step + 1)
        for lane in range(high - low):
            value[lane] = weighted[lane] / divisor
            weighted[lane] -= plain[lane]
            leaving[lane] = oldest[lane]


@helper
def _kama_step(newest: Lanes, result: Lanes, period: int, state: Block, base: int, age: int, low: int, high: int) -> None:
    """KAMA; two rows and a ring of `period + 2` values."""
    ring, length = base + 2, period + 2
    slot, before = lanes(state, ring + age % length, low, high), lanes(state, ring + (age + length - 1) % length, low, high)
    first, leaving = lanes(state, ring + (age + 2) % length, low, high), lanes(state, ring + (age + 1) % length, low, high)
    way, average = lanes(state, base, low, high), lanes(state, base + 1, low, high)
    copy_nb(newest, slot, low, high)
    if age == 0:
        way[:] = 0.0
        return
    full = age > period
    # What leaves may have been so much larger than the rest that only its rounding is left: then the window is added up.
    hits = 0
    for lane in range(high - low):
        left = abs(leaving[lane] - first[lane]) if full else 0.0
        gone = way[lane] - left + abs(newest[lane] - before[lane])
        way[lane] = gone
        hits += left * period > KAMA_OUTWEIGHED * gone
        average[lane] = average[lane] if full else before[lane]
    if hits > 0:
        for lane in range(high - low):
            if abs(leaving[lane] - first[lane]) * period > KAMA_OUTWEIGHED * way[lane]:
                way[lane] = 0.0
                for step in range(period):
                    one, other = (age + length - step) % length, (age + length - step - 1) % length
                    way[lane] += abs(state[ring + one, low + lane] - state[ring + other, low + lane])
    if age >= period:
        for lane in range(high - low):
            mean = kama_value(newest[lane], newest[lane] - first[lane], way[lane], average[lane])
            average[lane] = mean
            result[lane] = mean


@helper
def kama_value(newest: float, progress: float, way: float, average: float) -> float:
    """The next KAMA after `average`: its weight grows with the share of the way gone that was progress."""
    efficiency = 1.0 if way <= progress else abs(progress / way)
    root = efficiency * (KAMA_FASTEST - KAMA_SLOWEST) + KAMA_SLOWEST
    return (newest - average) * (root * root) + average


@helper
def _mama_step(newest: Lanes, result: Lanes, state: Block, base: int, age: int, low: int, high: int) -> None:
    """MAMA with its default limits, whatever the period; what it keeps, then a ring of five values."""
    ring = base + HILBERT_STATE + 3
    slot, leaving = lanes(state, ring + age % 5, low, high), lanes(state, ring + (age + 1) % 5, low, high)
    copy_nb(newest, slot, low, high)
    mama_step_nb(newest, leaving, 0.5, 0.05, state, base, age, low, high)
    if age >= MAMA_LEADING:
        copy_nb(lanes(state, base + HILBERT_STATE, low, high), result, low, high)


@optimised_helper
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
