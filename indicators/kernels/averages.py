"""Kernels of the averages that are weighted, adapt or are made of others: WMA, DEMA, TEMA, T3, TRIMA, HMA, ZLEMA, KAMA, MAVP."""

import math
from typing import Any

from indicators.kernels.adaptive import add_back_nb
from indicators.kernels.arithmetic import chosen, divided
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.overlap import (
    KAMA_OUTWEIGHED,
    WMA_WINDOWS_BETWEEN_REBUILDS,
    average_step_nb,
    copy_nb,
    double_nb,
    exponential_nb,
    kama_value,
    simple_nb,
    t3_weights,
    wma_step_nb,
)
from indicators.kernels.rows import lanes
from indicators.matypes import DEFAULT, SMA

# Beside twice the period, rows of state that are enough for an average of any kind.
MAVP_ROWS = 46


@kernel
def wma_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Weights 1 (oldest) to `period` (newest), kept as a running weighted sum; state: sum and weighted sum after this bar."""
    (values,), (out,), (period,) = ins, outs, params
    plain, weighted, newest = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(values, row, low, high)
    result, divisor = lanes(out, row, low, high) if age >= period - 1 else lanes(state, 2, low, high), period * (period + 1) // 2
    if age == 0:
        plain[:] = 0.0
        weighted[:] = 0.0
    if period == 1:
        copy_nb(newest, result, low, high)
    elif age < period - 1 or (age - period + 2) % (WMA_WINDOWS_BETWEEN_REBUILDS * period) != 0:
        left, heaviest = age >= period, min(age + 1, period)
        leaving, kept = lanes(values, row - period if left else row, low, high), 1.0 if age >= period - 1 else 0.0
        for lane in range(high - low):
            gone = leaving[lane]
            total = plain[lane] + newest[lane] - chosen(left, gone, 0.0)
            heavy = weighted[lane] + newest[lane] * heaviest
            result[lane] = divided(heavy, divisor)
            plain[lane] = total
            weighted[lane] = heavy - total * kept
    else:
        _weigh_anew(values, result, plain, weighted, period, row, low, high)


@helper
def _weigh_anew(values: Block, result: Lanes, plain: Lanes, weighted: Lanes, period: int, row: int, low: int, high: int) -> None:
    """Both sums from the window itself, and the average."""
    plain[:] = 0.0
    weighted[:] = 0.0
    for step in range(period):
        one = lanes(values, row - period + 1 + step, low, high)
        for lane in range(high - low):
            plain[lane] += one[lane]
            weighted[lane] += one[lane] * (step + 1)
    for lane in range(high - low):
        result[lane] = weighted[lane] / (period * (period + 1) // 2)
        weighted[lane] -= plain[lane]


@helper
def _phase(age: int, period: int) -> tuple[float, float, float]:
    """How an EMA of this age goes on, see `_next`: not yet begun, adding up its first window, dividing the sum, decaying."""
    if age < 0:
        return 0.0, 0.0, 1.0
    if age < period:
        return 0.0, 1.0, float(period) if age == period - 1 else 1.0
    return 1.0, 2.0 / (period + 1), 1.0


@helper
def _next(value: float, average: float, phase: tuple[float, float, float]) -> float:
    return ((value - average * phase[0]) * phase[1] + average) / phase[2]


@kernel
def dema_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Twice the EMA minus the EMA of the EMA. State: both, and room for what is not yet a result."""
    (values,), (out,), (period,) = ins, outs, params
    newest, first, second = lanes(values, row, low, high), lanes(state, 0, low, high), lanes(state, 1, low, high)
    result = lanes(out, row, low, high) if age >= 2 * (period - 1) else lanes(state, 2, low, high)
    begun, twice = _phase(age, period), _phase(age - period + 1, period)
    if age == 0:
        first[:] = 0.0
        second[:] = 0.0
    if age >= 2 * period - 1:
        weight = 2.0 / (period + 1)
        for lane in range(high - low):
            one = (newest[lane] - first[lane]) * weight + first[lane]
            two = (one - second[lane]) * weight + second[lane]
            first[lane] = one
            second[lane] = two
            result[lane] = 2.0 * one - two
        return
    for lane in range(high - low):
        one = _next(newest[lane], first[lane], begun)
        two = _next(one, second[lane], twice)
        first[lane] = one
        second[lane] = two
        result[lane] = 2.0 * one - two


@kernel
def tema_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Three times the difference of EMA and EMA of EMA, plus the EMA of that. State as for `dema_nb`."""
    (values,), (out,), (period,) = ins, outs, params
    first, second, third = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    newest, lag = lanes(values, row, low, high), period - 1
    result = lanes(out, row, low, high) if age >= 3 * lag else lanes(state, 3, low, high)
    begun, twice, thrice = _phase(age, period), _phase(age - lag, period), _phase(age - 2 * lag, period)
    if age == 0:
        first[:] = 0.0
        second[:] = 0.0
        third[:] = 0.0
    for lane in range(high - low):
        one = _next(newest[lane], first[lane], begun)
        two = _next(one, second[lane], twice)
        three = _next(two, third[lane], thrice)
        first[lane] = one
        second[lane] = two
        third[lane] = three
        result[lane] = 3.0 * one - 3.0 * two + three


@kernel
def t3_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Tillson's generalised DEMA, three times over: a weighted sum of the third to sixth EMA. State: the value, then the EMA."""
    (values,), (out,), (period, vfactor) = ins, outs, params
    copy_nb(lanes(values, row, low, high), lanes(state, 0, low, high), low, high)
    for stage in range(6):
        since = age - stage * (period - 1)
        average, source = lanes(state, 1 + stage, low, high), lanes(state, stage, low, high)
        phase = _phase(since, period)
        if since <= 0:
            average[:] = 0.0
        for lane in range(high - low):
            average[lane] = _next(source[lane], average[lane], phase)
    if age >= 6 * (period - 1):
        three, four = lanes(state, 3, low, high), lanes(state, 4, low, high)
        five, six = lanes(state, 5, low, high), lanes(state, 6, low, high)
        of_six, of_five, of_four, of_three = t3_weights(vfactor)
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = of_six * six[lane] + of_five * five[lane] + of_four * four[lane] + of_three * three[lane]


@kernel
def trima_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of means: weights rise to the middle of the window and fall again. State: value, means; sum and ring of each."""
    (values,), (out,), (period,) = ins, outs, params
    inner = (period + 1) // 2
    copy_nb(lanes(values, row, low, high), lanes(state, 0, low, high), low, high)
    for stage in range(2):
        since = age - stage * (inner - 1)
        span = period + 1 - inner if stage else inner
        source, value = lanes(state, stage, low, high), lanes(state, stage + 1, low, high)
        if since >= 0:
            simple_nb(source, value, span, state, 3 + stage * (1 + inner), since, low, high)
    if age >= period - 1:
        copy_nb(lanes(state, 2, low, high), lanes(out, row, low, high), low, high)


@kernel
def hma_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """WMA, over the root of the period, of twice the WMA of half the period minus the WMA.

    State: value, long and short WMA, twice the one minus the other, result; then what each WMA keeps.
    """
    (values,), (out,), (period,) = ins, outs, params
    half, root = period // 2, int(math.sqrt(period))
    newest, value = lanes(values, row, low, high), lanes(state, 0, low, high)
    copy_nb(newest, value, low, high)
    if period == 1:
        copy_nb(newest, lanes(out, row, low, high), low, high)
        return
    for stage in range(3):
        # The shorter window begins where both first end on the same bar, as in TA-Lib.
        span, since, ring = period, age, 5
        if stage == 1:
            span, since, ring = half, age - period + half, 8 + period
        elif stage == 2:
            span, since, ring = root, age - period + 1, 11 + period + half
            double_nb(lanes(state, 2, low, high), lanes(state, 1, low, high), lanes(state, 3, low, high), low, high)
        source, average = lanes(state, 3 if stage == 2 else 0, low, high), lanes(state, 4 if stage == 2 else stage + 1, low, high)
        if since >= 0:
            wma_step_nb(source, average, span, state, ring, since, low, high)
    if age >= period + root - 2:
        copy_nb(lanes(state, 4, low, high), lanes(out, row, low, high), low, high)


@kernel
def zlema_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """EMA of the value plus what it gained over half the period."""
    (values,), (out,), (period,) = ins, outs, params
    lag = (period - 1) // 2
    if age < lag:
        return
    average, newest = lanes(state, 0, low, high), lanes(values, row, low, high)
    earlier = lanes(values, row - lag, low, high)
    result = lanes(out, row, low, high) if age >= lag + period - 1 else lanes(state, 1, low, high)
    phase = _phase(age - lag, period)
    if age == lag:
        average[:] = 0.0
    for lane in range(high - low):
        mean = _next(2.0 * newest[lane] - earlier[lane], average[lane], phase)
        average[lane] = mean
        result[lane] = mean


@kernel
def rma_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's average: weight `1 / period` for the newest value."""
    (values,), (out,), (period,) = ins, outs, params
    value, average = lanes(state, 0, low, high), lanes(state, 1, low, high)
    copy_nb(lanes(values, row, low, high), value, low, high)
    result = lanes(out, row, low, high) if age >= period - 1 else lanes(state, 2, low, high)
    exponential_nb(value, result, average, period, 1.0 / period, age, low, high)


@kernel
def kama_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Exponential average whose weight grows with the share of the way gone that was progress. State: way, average."""
    (values,), (out,), (period,) = ins, outs, params
    newest, way, average = lanes(values, row, low, high), lanes(state, 0, low, high), lanes(state, 1, low, high)
    if period == 1:
        copy_nb(newest, lanes(out, row, low, high), low, high)
        return
    if age == 0:
        way[:] = 0.0
        return
    before = lanes(values, row - 1, low, high)
    if age < period:
        for lane in range(high - low):
            way[lane] += abs(newest[lane] - before[lane])
        return
    first, leaving = lanes(values, row - period, low, high), lanes(values, row - min(age, period + 1), low, high)
    result, full = lanes(out, row, low, high), age > period
    hits = 0
    for lane in range(high - low):
        # At the first value, nothing leaves: both rows are the same.
        left = abs(leaving[lane] - first[lane])
        gone = way[lane] - left + abs(newest[lane] - before[lane])
        way[lane] = gone
        hits += left * period > KAMA_OUTWEIGHED * gone
    if hits > 0:
        for lane in range(high - low):
            if abs(leaving[lane] - first[lane]) * period > KAMA_OUTWEIGHED * way[lane]:
                way[lane] = 0.0
                for step in range(period):
                    way[lane] += abs(values[row - step, low + lane] - values[row - step - 1, low + lane])
    for lane in range(high - low):
        now, start, yesterday, smooth = newest[lane], first[lane], before[lane], average[lane]
        mean = kama_value(now, now - start, way[lane], smooth if full else yesterday)
        average[lane] = mean
        result[lane] = mean


@kernel
def vwma_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of price times volume, divided by mean volume; both running sums, added up as TA-Lib does."""
    (values, volumes), (out,), (period,) = ins, outs, params
    paid, traded = lanes(state, 0, low, high), lanes(state, 1, low, high)
    newest, volume = lanes(values, row, low, high), lanes(volumes, row, low, high)
    if period == 1:
        copy_nb(newest, lanes(out, row, low, high), low, high)
        return
    if age == 0:
        paid[:] = 0.0
        traded[:] = 0.0
    if age < period - 1:
        for lane in range(high - low):
            paid[lane] += newest[lane] * volume[lane]
            traded[lane] += volume[lane]
        return
    oldest, gone = lanes(values, row - period + 1, low, high), lanes(volumes, row - period + 1, low, high)
    result = lanes(out, row, low, high)
    for lane in range(high - low):
        sum_paid, sum_traded = paid[lane] + newest[lane] * volume[lane], traded[lane] + volume[lane]
        result[lane] = (sum_paid / period) / (sum_traded / period)
        paid[lane] = sum_paid - oldest[lane] * gone[lane]
        traded[lane] = sum_traded - gone[lane]


@kernel
def mavp_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The average of each bar's own period. Simple ones are added up from the input; of others, every period is kept.

    State: this bar's periods, one average, the wanted ones; then what the averages keep.
    """
    (values, wanted), (out,), (minperiod, maxperiod, matype) = ins, outs, params
    shortest, longest = min(minperiod, maxperiod), max(minperiod, maxperiod)
    ready, own = average_leading_nb(longest, matype), lanes(state, 0, low, high)
    asked, newest, some = lanes(wanted, row, low, high), lanes(values, row, low, high), lanes(state, 1, low, high)
    for lane in range(high - low):
        bars = float(longest) if asked[lane] > longest else asked[lane]
        own[lane] = math.floor(bars) if bars >= shortest else float(shortest)
    if matype in (SMA, DEFAULT):
        if age >= ready:
            result = lanes(out, row, low, high)
            some[:] = 0.0
            add_back_nb(values, row, row - age, own, some, low, high)
            for lane in range(high - low):
                result[lane] = some[lane] / own[lane]
        return
    chosen, base = lanes(state, 2, low, high), 3
    for period in range(shortest, longest + 1):
        # Each begins where all of them first end on the same bar, as in TA-Lib.
        since = age - ready + average_leading_nb(period, matype)
        if since >= 0:
            average_step_nb(newest, some, period, matype, state, base, since, low, high)
        for lane in range(high - low):
            chosen[lane] = some[lane] if own[lane] == period else chosen[lane]
        base += MAVP_ROWS + 2 * period
    if age >= ready:
        copy_nb(chosen, lanes(out, row, low, high), low, high)
