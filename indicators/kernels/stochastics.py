"""Kernels of where the price stands in the range of a window: STOCH and its kin, WILLR, SMI."""

from typing import Any

from indicators.kernels.arithmetic import chosen, divided, larger, smaller
from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.momentum import percentage, rsi_step_nb, smooth_pair_nb
from indicators.kernels.oscillators import NOISE
from indicators.kernels.overlap import average_step_nb, ema_step_nb, simple_nb
from indicators.kernels.rows import lanes
from indicators.matypes import DEFAULT, RMA, SMA


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def place_nb(
    highs: Block,
    lows: Block,
    closes: Block,
    row: int,
    before: int,
    result: Lanes,
    from_top: bool,
    noise: float,
    period: int,
    state: Block,
    base: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """Place of the close in the range of the window that ends in `row`: 0 to 100 from the lowest low, or 0 to -100 from the
    highest high; 0 where the range is at most `noise`, in sizes of its ends.

    The method of `indicators.kernels.extremes`, for both ends at once; `before` is the row in which the last chunk began (its own
    first value is not needed any more). Needs two rows of state a bar from `base` on.
    """
    place = age % period
    tops, bottoms, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    if place == 0 and age > 0 and period > 1:
        _tails(highs, lows, before, period, state, base, low, high)
    slot, past, next_ = base + 2 * place, base + 2 * max(place - 1, 0), base + 2 * min(place + 1, period - 1)
    head_top, head_bottom = lanes(state, slot, low, high), lanes(state, slot + 1, low, high)
    # Where there is no head before or no tail, the newest value stands in for it.
    past_top = tops if place == 0 else lanes(state, past, low, high)
    past_bottom = bottoms if place == 0 else lanes(state, past + 1, low, high)
    tail_top = tops if place == period - 1 else lanes(state, next_, low, high)
    tail_bottom = bottoms if place == period - 1 else lanes(state, next_ + 1, low, high)
    # While there is no result, the last row takes its place: nothing is in it yet.
    target = result if age >= period - 1 else lanes(state, base + 2 * period - 2, low, high)
    for lane in range(high - low):
        above, below = larger(tops[lane], past_top[lane]), smaller(bottoms[lane], past_bottom[lane])
        head_top[lane] = above
        head_bottom[lane] = below
        highest, lowest = larger(above, tail_top[lane]), smaller(below, tail_bottom[lane])
        reach, start = highest - lowest, chosen(from_top, highest, lowest)
        share = 100.0 * ((last[lane] - start) / reach)
        target[lane] = chosen(abs(reach) <= noise * (abs(highest) + abs(lowest)), 0.0, share)


@helper
def _tails(highs: Block, lows: Block, before: int, period: int, state: Block, base: int, low: int, high: int) -> None:
    """For each row of the last chunk but its first what was reached from there to the end of it; two rows a pass."""
    left, newest = period - 1.0, before + period - 1
    tail_top, tail_bottom = lanes(state, base + 2 * period - 2, low, high), lanes(state, base + 2 * period - 1, low, high)
    top, bottom = lanes(highs, newest, low, high), lanes(lows, newest, low, high)
    for lane in range(high - low):
        tail_top[lane] = top[lane]
        tail_bottom[lane] = bottom[lane]
    # As in `extremes`: counted down as a float.
    while left > 1.0:
        place = int(left)
        slot = base + 2 * place
        past_top, past_bottom = lanes(state, slot, low, high), lanes(state, slot + 1, low, high)
        a_top, a_bottom = lanes(highs, before + place - 1, low, high), lanes(lows, before + place - 1, low, high)
        b_top, b_bottom = lanes(highs, before + place - 2, low, high), lanes(lows, before + place - 2, low, high)
        one_top, one_bottom = lanes(state, slot - 2, low, high), lanes(state, slot - 1, low, high)
        two_top, two_bottom = lanes(state, slot - 4, low, high), lanes(state, slot - 3, low, high)
        for lane in range(high - low):
            above, below = larger(a_top[lane], past_top[lane]), smaller(a_bottom[lane], past_bottom[lane])
            one_top[lane] = above
            one_bottom[lane] = below
            two_top[lane] = larger(b_top[lane], above)
            two_bottom[lane] = smaller(b_bottom[lane], below)
        left -= 2.0


@kernel
def willr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Distance of the close below the highest high, in percent of the range, with a minus."""
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    result = lanes(out, row, low, high)
    place_nb(highs, lows, closes, row, row - period, result, True, 0.0, period, state, 0, age, low, high)


@helper
def slow_nb(
    fast: Lanes,
    slow: Lanes,
    signal: Lanes,
    slowk_period: int,
    slowk_matype: int,
    slowd_period: int,
    slowd_matype: int,
    state: Block,
    base: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """The average of fast K, and the average of that; each has half of the state from `base` on."""
    share = (state.shape[0] - base) // 2
    if slowk_matype == SMA and slowd_matype == SMA and min(slowk_period, slowd_period) > 1:
        _means_nb(fast, slow, signal, slowk_period, slowd_period, state, base, base + share, age, low, high)
        return
    # Averages take long to compile: one call for both.
    for which in range(2):
        source, result, period, matype, since = fast, slow, slowk_period, slowk_matype, age
        if which == 1:
            source, result, period, matype = slow, signal, slowd_period, slowd_matype
            since = age - average_leading_nb(slowk_period, slowk_matype)
        if since >= 0:
            average_step_nb(source, result, period, matype, state, base + which * share, since, low, high)


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def _means_nb(
    fast: Lanes,
    slow: Lanes,
    signal: Lanes,
    slow_bars: int,
    signal_bars: int,
    state: Block,
    base: int,
    other: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """`slow_nb` with simple averages: a sum and a ring each, from `base` and from `other` on; one loop for both."""
    since = age - (slow_bars - 1)
    total, totals = lanes(state, base, low, high), lanes(state, other, low, high)
    slot, slots = lanes(state, base + 1 + age % slow_bars, low, high), lanes(state, other + 1 + since % signal_bars, low, high)
    oldest = lanes(state, base + 1 + (age + 1) % slow_bars, low, high)
    oldests = lanes(state, other + 1 + (since + 1) % signal_bars, low, high)
    if age == 0:
        total[:] = 0.0
    if since <= 0:
        totals[:] = 0.0
    full, filled = since >= 0, since >= signal_bars - 1
    for lane in range(high - low):
        newest, gone, gone_too = fast[lane], oldest[lane], oldests[lane]
        added = total[lane] + newest
        mean = divided(added, slow_bars)
        added_too = totals[lane] + chosen(full, mean, 0.0)
        signal[lane] = divided(added_too, signal_bars)
        slow[lane] = mean
        slot[lane] = newest
        slots[lane] = mean
        total[lane] = added - chosen(full, gone, 0.0)
        totals[lane] = added_too - chosen(filled, gone_too, 0.0)


@kernel
def stoch_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast K, smoothed once (slow K) and once more (slow D).

    State: fast K, slow K and slow D of this bar, what the range keeps, what each average keeps.
    """
    (highs, lows, closes), (slowk, slowd), params_ = ins, outs, params
    fastk_period, slowk_period, slowk_matype, slowd_period, slowd_matype = params_
    fast, since = lanes(state, 0, low, high), age - (fastk_period - 1)
    place_nb(highs, lows, closes, row, row - fastk_period, fast, False, NOISE, fastk_period, state, 3, age, low, high)
    if since < 0:
        return
    # Until both have a value, the state takes the place of the results.
    ready = since >= average_leading_nb(slowk_period, slowk_matype) + average_leading_nb(slowd_period, slowd_matype)
    slow = lanes(slowk, row, low, high) if ready else lanes(state, 1, low, high)
    signal = lanes(slowd, row, low, high) if ready else lanes(state, 2, low, high)
    base = 3 + 2 * fastk_period
    slow_nb(fast, slow, signal, slowk_period, slowk_matype, slowd_period, slowd_matype, state, base, since, low, high)


@kernel
def kdj_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Slow K and slow D as `stoch_nb`, and J, which runs ahead of both."""
    (highs, lows, closes), (out_k, out_d, out_j), params_ = ins, outs, params
    fastk_period, slowk_period, slowk_kind, slowd_period, slowd_kind = params_
    slowk_matype = RMA if slowk_kind == DEFAULT else slowk_kind
    slowd_matype = RMA if slowd_kind == DEFAULT else slowd_kind
    fast, since = lanes(state, 0, low, high), age - (fastk_period - 1)
    place_nb(highs, lows, closes, row, row - fastk_period, fast, False, NOISE, fastk_period, state, 3, age, low, high)
    if since < 0:
        return
    ready = since >= average_leading_nb(slowk_period, slowk_matype) + average_leading_nb(slowd_period, slowd_matype)
    slow = lanes(out_k, row, low, high) if ready else lanes(state, 1, low, high)
    signal = lanes(out_d, row, low, high) if ready else lanes(state, 2, low, high)
    base = 3 + 2 * fastk_period
    slow_nb(fast, slow, signal, slowk_period, slowk_matype, slowd_period, slowd_matype, state, base, since, low, high)
    if ready:
        ahead = lanes(out_j, row, low, high)
        for lane in range(high - low):
            ahead[lane] = 3.0 * slow[lane] - 2.0 * signal[lane]


@helper
def _signal_nb(
    source: Lanes, result: Lanes, period: int, matype: int, state: Block, base: int, age: int, low: int, high: int
) -> None:
    """`average_step_nb` with a short way for what is asked for most; writes `result` from the first bar on, or later."""
    if matype == SMA and period > 1:
        simple_nb(source, result, period, state, base, age, low, high)
    else:
        average_step_nb(source, result, period, matype, state, base, age, low, high)


@kernel
def stochf_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast K, and smoothed once (fast D). State: both of this bar, what the range keeps, what the average keeps."""
    (highs, lows, closes), (fastk, fastd), (fastk_period, fastd_period, fastd_matype) = ins, outs, params
    since = age - (fastk_period - 1)
    ready = since >= average_leading_nb(fastd_period, fastd_matype)
    fast = lanes(fastk, row, low, high) if ready else lanes(state, 0, low, high)
    signal = lanes(fastd, row, low, high) if ready else lanes(state, 1, low, high)
    place_nb(highs, lows, closes, row, row - fastk_period, fast, False, NOISE, fastk_period, state, 2, age, low, high)
    if since >= 0:
        _signal_nb(fast, signal, fastd_period, fastd_matype, state, 2 + 2 * fastk_period, since, low, high)


@kernel
def stochrsi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast K and fast D of the RSI.

    State: both of this bar, what the RSI keeps (2), the chunk of RSI values as a ring, what the range and the average keep.
    """
    (values,), (fastk, fastd), (period, fastk_period, fastd_period, fastd_matype) = ins, outs, params
    if age == 0:
        return
    since = age - period
    slot = 4 + since % fastk_period
    rsi_step_nb(values, lanes(state, slot, low, high), period, state, 2, row, age, low, high)
    if since < 0:
        return
    smoothing = since - (fastk_period - 1)
    ready = smoothing >= average_leading_nb(fastd_period, fastd_matype)
    fast = lanes(fastk, row, low, high) if ready else lanes(state, 0, low, high)
    signal = lanes(fastd, row, low, high) if ready else lanes(state, 1, low, high)
    base = 4 + fastk_period
    place_nb(state, state, state, slot, 4, fast, False, NOISE, fastk_period, state, base, since, low, high)
    if smoothing >= 0:
        _signal_nb(fast, signal, fastd_period, fastd_matype, state, base + 2 * fastk_period, smoothing, low, high)


@kernel
def smi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Distance of the close from the middle of the range in percent of half the range, both smoothed twice.

    State: distance and range, smoothed once, smoothed twice; the index and its average; what the range keeps.
    """
    (highs, lows, closes), (out, signal), (period, fastperiod, slowperiod, signalperiod) = ins, outs, params
    top, bottom, last = lanes(state, 8, low, high), lanes(state, 9, low, high), lanes(closes, row, low, high)
    extreme_nb(highs, top, period, 1.0, state, 10, row, age, low, high)
    extreme_nb(lows, bottom, period, -1.0, state, 10 + period, row, age, low, high)
    since = age - (period - 1)
    if since < 0:
        return
    distance, reach = lanes(state, 0, low, high), lanes(state, 1, low, high)
    for lane in range(high - low):
        distance[lane] = last[lane] - (top[lane] + bottom[lane]) * 0.5
        reach[lane] = top[lane] - bottom[lane]
    smooth_pair_nb(slowperiod, fastperiod, state, since, low, high)
    since -= slowperiod + fastperiod - 2
    if since < 0:
        return
    ready = since >= signalperiod - 1
    index = lanes(out, row, low, high) if ready else lanes(state, 6, low, high)
    smoothed = lanes(signal, row, low, high) if ready else lanes(state, 7, low, high)
    over, under = lanes(state, 4, low, high), lanes(state, 5, low, high)
    for lane in range(high - low):
        index[lane] = percentage(over[lane], 0.5 * under[lane])
    ema_step_nb(index, smoothed, signalperiod, state, 7, since, low, high)
