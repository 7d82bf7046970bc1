"""Kernels of what is made of exponential averages: RSI, MACD, TRIX, TSI."""

from typing import Any

from indicators.kernels.arithmetic import larger
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.overlap import average_step_nb, copy_nb, ema_step_nb, sma_step_nb
from indicators.kernels.rates import ratio
from indicators.kernels.rows import lanes
from indicators.matypes import DEFAULT, EMA, SMA

# MACDFIX keeps the rounded weights that G. Appel published for his 12 and 26 days.
FIXED_FAST, FIXED_SLOW = 12, 26
FIXED_FAST_WEIGHT, FIXED_SLOW_WEIGHT = 0.15, 0.075

# An average nearer to 0 is none to divide by, says TA-Lib.
NO_PRICE = 1e-14


@helper
def _rsi_value(gain: float, loss: float) -> float:
    total = gain + loss
    return 100.0 * (gain / total) if total > 0.0 else 0.0


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def rsi_step_nb(
    values: Block, result: Lanes, period: int, state: Block, base: int, row: int, age: int, low: int, high: int
) -> None:
    """Wilder's averages of gains and losses, seeded with the plain mean of the first `period` changes.

    Needs two rows of state from `base` on, and an `age` that is not 0; `result` means something from `age` `period` on.
    """
    gains, losses = lanes(state, base, low, high), lanes(state, base + 1, low, high)
    if age == 1:
        gains[:] = 0.0
        losses[:] = 0.0
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    # Plain sums until there are enough, then the average decays; the seed is the sum, shared out.
    kept = period - 1.0 if age > period else 1.0
    share = 1.0 / period if age >= period else 1.0
    for lane in range(high - low):
        change = newest[lane] - before[lane]
        rise = larger(change, 0.0)
        gain = (gains[lane] * kept + rise) * share
        loss = (losses[lane] * kept + (rise - change)) * share
        gains[lane] = gain
        losses[lane] = loss
        result[lane] = _rsi_value(gain, loss)


@kernel
def rsi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Share of the gains in all changes; state: both averages, and what takes the result as long as it means nothing."""
    (values,), (out,), (period,) = ins, outs, params
    if age > 0:
        result = lanes(out, row, low, high) if age >= period else lanes(state, 2, low, high)
        rsi_step_nb(values, result, period, state, 0, row, age, low, high)


@kernel
def macd_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast minus slow EMA, the EMA of that, their difference."""
    (values,), (fastperiod, slowperiod, signalperiod) = ins, params
    fast_bars, slow_bars = min(fastperiod, slowperiod), max(fastperiod, slowperiod)
    newest = lanes(values, row, low, high)
    fast_weight, slow_weight = 2.0 / (fast_bars + 1), 2.0 / (slow_bars + 1)
    _macd_step_nb(newest, outs, fast_bars, slow_bars, signalperiod, fast_weight, slow_weight, state, row, age, low, high)


@kernel
def macdfix_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As MACD, with fixed weights."""
    (values,), (signalperiod,), fast, slow = ins, params, FIXED_FAST_WEIGHT, FIXED_SLOW_WEIGHT
    newest = lanes(values, row, low, high)
    _macd_step_nb(newest, outs, FIXED_FAST, FIXED_SLOW, signalperiod, fast, slow, state, row, age, low, high)


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def _macd_step_nb(
    newest: Lanes,
    outs: Blocks,
    fast_bars: int,
    slow_bars: int,
    signal_bars: int,
    fast_weight: float,
    slow_weight: float,
    state: Block,
    row: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """Both averages, seeded on windows that end together, and the average of their difference; three rows of state."""
    macd, signal, hist = outs
    fast, slow, smoothed = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    ready = slow_bars + signal_bars - 2
    line_out, signal_out, hist_out = lanes(macd, row, low, high), lanes(signal, row, low, high), lanes(hist, row, low, high)
    if age > ready:
        weight = 2.0 / (signal_bars + 1)
        for lane in range(high - low):
            quick = (newest[lane] - fast[lane]) * fast_weight + fast[lane]
            steady = (newest[lane] - slow[lane]) * slow_weight + slow[lane]
            line = quick - steady
            smooth = (line - smoothed[lane]) * weight + smoothed[lane]
            fast[lane] = quick
            slow[lane] = steady
            smoothed[lane] = smooth
            line_out[lane] = line
            signal_out[lane] = smooth
            hist_out[lane] = line - smooth
        return
    if age == 0:
        fast[:] = 0.0
        slow[:] = 0.0
    if age < slow_bars:
        counted, shares = 1.0 if age >= slow_bars - fast_bars else 0.0, age == slow_bars - 1
        for lane in range(high - low):
            steady, quick = slow[lane] + newest[lane], fast[lane] + newest[lane] * counted
            slow[lane] = steady / slow_bars if shares else steady
            fast[lane] = quick / fast_bars if shares else quick
            smoothed[lane] = fast[lane] - slow[lane]
    else:
        # Until the signal has its first window, its quantity is the sum of that window.
        for lane in range(high - low):
            fast[lane] = (newest[lane] - fast[lane]) * fast_weight + fast[lane]
            slow[lane] = (newest[lane] - slow[lane]) * slow_weight + slow[lane]
            smoothed[lane] += fast[lane] - slow[lane]
    if age == ready:
        for lane in range(high - low):
            line, smooth = fast[lane] - slow[lane], smoothed[lane] / signal_bars
            smoothed[lane] = smooth
            line_out[lane] = line
            signal_out[lane] = smooth
            hist_out[lane] = line - smooth


@kernel
def trix_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Change in percent of the EMA of the EMA of the EMA, each seeded with the mean of its own first window."""
    (values,), (out,), (period,) = ins, outs, params
    newest, warm = lanes(values, row, low, high), period - 1
    first, second, third = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    if age <= 3 * warm:
        ema_step_nb(newest, first, period, state, 0, age, low, high)
        if age >= warm:
            ema_step_nb(first, second, period, state, 1, age - warm, low, high)
        if age >= 2 * warm:
            ema_step_nb(second, third, period, state, 2, age - 2 * warm, low, high)
        return
    weight, result = 2.0 / (period + 1), lanes(out, row, low, high)
    for lane in range(high - low):
        once = (newest[lane] - first[lane]) * weight + first[lane]
        twice = (once - second[lane]) * weight + second[lane]
        thrice = (twice - third[lane]) * weight + third[lane]
        result[lane] = ratio(thrice, third[lane], 1.0, 100.0)
        first[lane] = once
        second[lane] = twice
        third[lane] = thrice


@helper
def percentage(part: float, whole: float) -> float:
    """`part` in percent of `whole`; 0 where there is no whole."""
    return 100.0 * part / whole if whole > 0.0 else 0.0


@kernel
def tsi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Changes, smoothed twice, in percent of their sizes, smoothed twice.

    State: change and size of this bar; both smoothed once; both smoothed twice.
    """
    (values,), (out,), (firstperiod, secondperiod) = ins, outs, params
    if age == 0:
        return
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    change, size = lanes(state, 0, low, high), lanes(state, 1, low, high)
    for lane in range(high - low):
        change[lane] = newest[lane] - before[lane]
        size[lane] = abs(newest[lane] - before[lane])
    smooth_pair_nb(firstperiod, secondperiod, state, age - 1, low, high)
    if age > firstperiod + secondperiod - 2:
        result, total, sizes = lanes(out, row, low, high), lanes(state, 4, low, high), lanes(state, 5, low, high)
        for lane in range(high - low):
            result[lane] = percentage(total[lane], sizes[lane])


@helper
def smooth_pair_nb(firstperiod: int, secondperiod: int, state: Block, age: int, low: int, high: int) -> None:
    """EMA of the EMA of two series at once: from rows 0 and 1 of state by way of 2 and 3 to 4 and 5."""
    one, other = lanes(state, 0, low, high), lanes(state, 1, low, high)
    one_first, other_first = lanes(state, 2, low, high), lanes(state, 3, low, high)
    one_second, other_second = lanes(state, 4, low, high), lanes(state, 5, low, high)
    since = age - (firstperiod - 1)
    if since < secondperiod:
        ema_step_nb(one, one_first, firstperiod, state, 2, age, low, high)
        ema_step_nb(other, other_first, firstperiod, state, 3, age, low, high)
        if since >= 0:
            ema_step_nb(one_first, one_second, secondperiod, state, 4, since, low, high)
            ema_step_nb(other_first, other_second, secondperiod, state, 5, since, low, high)
        return
    weight, second_weight = 2.0 / (firstperiod + 1), 2.0 / (secondperiod + 1)
    for lane in range(high - low):
        a = (one[lane] - one_first[lane]) * weight + one_first[lane]
        b = (other[lane] - other_first[lane]) * weight + other_first[lane]
        one_first[lane] = a
        other_first[lane] = b
        one_second[lane] = (a - one_second[lane]) * second_weight + one_second[lane]
        other_second[lane] = (b - other_second[lane]) * second_weight + other_second[lane]


@kernel
def macdext_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As MACD with averages of any kind; both begin so that they have their first value on the same bar.

    State: newest value, fast average, slow average, their difference, its average; a third of the rest for each average.
    """
    (values,), (macd, signal, hist), params_ = ins, outs, params
    fastperiod, fastmatype, slowperiod, slowmatype, signalperiod, signalmatype = params_
    share = (state.shape[0] - 5) // 3
    fast_leading, slow_leading = average_leading_nb(fastperiod, fastmatype), average_leading_nb(slowperiod, slowmatype)
    both = max(fast_leading, slow_leading)
    ready = age >= both + average_leading_nb(signalperiod, signalmatype)
    sign = -1.0 if slowperiod < fastperiod else 1.0
    copy_nb(lanes(values, row, low, high), lanes(state, 0, low, high), low, high)
    # Averages take long to compile: one call for all three.
    for which in range(3):
        source, result, period, matype, since = 0, 1, fastperiod, fastmatype, age - both + fast_leading
        if which == 1:
            result, period, matype, since = 2, slowperiod, slowmatype, age - both + slow_leading
        elif which == 2:
            source, result, period, matype, since = 3, 4, signalperiod, signalmatype, age - both
            if since >= 0:
                _difference_nb(state, sign, low, high)
        if since >= 0:
            newest, average = lanes(state, source, low, high), lanes(state, result, low, high)
            if matype == SMA and period > 1:
                sma_step_nb(newest, average, period, state, 5 + which * share, since, low, high)
            else:
                average_step_nb(newest, average, period, matype, state, 5 + which * share, since, low, high)
    if ready:
        line, smoothed = lanes(state, 3, low, high), lanes(state, 4, low, high)
        line_out, signal_out, hist_out = lanes(macd, row, low, high), lanes(signal, row, low, high), lanes(hist, row, low, high)
        for lane in range(high - low):
            line_out[lane] = line[lane]
            signal_out[lane] = smoothed[lane]
            hist_out[lane] = line[lane] - smoothed[lane]


@helper
def _difference_nb(state: Block, sign: float, low: int, high: int) -> None:
    fast, slow, line = lanes(state, 1, low, high), lanes(state, 2, low, high), lanes(state, 3, low, high)
    for lane in range(high - low):
        line[lane] = (fast[lane] - slow[lane]) * sign


@helper
def _percent_above(fast: float, slow: float) -> float:
    return 0.0 if abs(slow) < NO_PRICE else (fast - slow) / slow * 100.0


@kernel
def ppo_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast minus slow average in percent of the slow one. State: both; then half of the rest for what each keeps."""
    (values,), (out,), (fastperiod, slowperiod, kind) = ins, outs, params
    share, matype = (state.shape[0] - 2) // 2, EMA if kind == DEFAULT else kind
    newest = lanes(values, row, low, high)
    fast_bars, slow_bars = min(fastperiod, slowperiod), max(fastperiod, slowperiod)
    for which in range(2):
        period, average = slow_bars if which == 1 else fast_bars, lanes(state, which, low, high)
        if matype == EMA:
            ema_step_nb(newest, average, period, state, 2 + which * share, age, low, high)
        else:
            average_step_nb(newest, average, period, matype, state, 2 + which * share, age, low, high)
    if age >= average_leading_nb(slow_bars, matype):
        fast, slow, result = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _percent_above(fast[lane], slow[lane])
