"""Kernels of where the price stands in the range of a window: STOCH and its kin, WILLR, SMI."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.momentum import percentage, rsi_step_nb, smooth_pair_nb
from indicators.kernels.oscillators import NOISE
from indicators.kernels.overlap import average_step_nb, ema_step_nb, sma_step_nb
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import larger
from indicators.matypes import DEFAULT, RMA, SMA


@helper
def smaller(a: float, b: float) -> float:
    """As `larger`."""
    return a if a < b else b  # noqa: FURB136


@helper
def range_nb(
    highs: Block, lows: Block, row: int, before: int, period: int, state: Block, base: int, age: int, low: int, high: int
) -> None:
    """Highest of `highs` and lowest of `lows` over the window that ends in `row`, into rows `base` and `base + 1` of state.

    The method of `indicators.kernels.extremes`, for both at once; `before` is the row in which the last chunk began (its own
    first value is not needed any more). From `base + 2` on it needs two rows a bar: what the running chunk reached so far,
    and the tails of the one before.
    """
    top, bottom, place = lanes(state, base, low, high), lanes(state, base + 1, low, high), age % period
    newest_high, newest_low = lanes(highs, row, low, high), lanes(lows, row, low, high)
    head_high, head_low = lanes(state, base + 2, low, high), lanes(state, base + 3, low, high)
    if place == 0:
        for lane in range(high - low):
            head_high[lane] = newest_high[lane]
            head_low[lane] = newest_low[lane]
        if age > 0:
            _tails(highs, lows, before, period, state, base + 2, low, high)
    if place < period - 1:
        tail_high, tail_low = lanes(state, base + 4 + 2 * place, low, high), lanes(state, base + 5 + 2 * place, low, high)
        # Before the first whole window the tails hold nothing yet, and nobody asks for the result.
        for lane in range(high - low):
            above, below = larger(newest_high[lane], head_high[lane]), smaller(newest_low[lane], head_low[lane])
            head_high[lane] = above
            head_low[lane] = below
            top[lane] = larger(above, tail_high[lane])
            bottom[lane] = smaller(below, tail_low[lane])
    else:
        for lane in range(high - low):
            top[lane] = larger(newest_high[lane], head_high[lane])
            bottom[lane] = smaller(newest_low[lane], head_low[lane])


@helper
def _tails(highs: Block, lows: Block, before: int, period: int, state: Block, base: int, low: int, high: int) -> None:
    """For each row of the last chunk but its first what was reached from there to the end of it."""
    for place in range(period - 1, 0, -1):
        # The last one is its own neighbour.
        younger = min(place + 1, period - 1)
        newest_high, newest_low = lanes(highs, before + place, low, high), lanes(lows, before + place, low, high)
        tail_high, tail_low = lanes(state, base + 2 * place, low, high), lanes(state, base + 2 * place + 1, low, high)
        if younger == place:
            for lane in range(high - low):
                tail_high[lane] = newest_high[lane]
                tail_low[lane] = newest_low[lane]
        else:
            past_high, past_low = lanes(state, base + 2 * younger, low, high), lanes(state, base + 2 * younger + 1, low, high)
            for lane in range(high - low):
                tail_high[lane] = larger(newest_high[lane], past_high[lane])
                tail_low[lane] = smaller(newest_low[lane], past_low[lane])


@helper
def _fast_k(close: float, highest: float, lowest: float) -> float:
    reach = highest - lowest
    flat = abs(reach) <= NOISE * (abs(highest) + abs(lowest))
    return 0.0 if flat else 100.0 * ((close - lowest) / reach)


@kernel
def willr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Distance of the close below the highest high, in percent of the range, with a minus."""
    (highs, lows, closes), (out,), (period,) = ins, outs, params
    range_nb(highs, lows, row, row - period, period, state, 0, age, low, high)
    if age >= period - 1:
        top, bottom, last = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(closes, row, low, high)
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            share = (top[lane] - bottom[lane]) / -100.0
            result[lane] = 0.0 if share == 0.0 else (top[lane] - last[lane]) / share


@helper
def fast_k_nb(
    highs: Block,
    lows: Block,
    closes: Block,
    row: int,
    before: int,
    result: Lanes,
    period: int,
    state: Block,
    base: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """Place of the close in the range of the window, 0 to 100; `2 + 2 * period` rows of state from `base` on."""
    range_nb(highs, lows, row, before, period, state, base, age, low, high)
    if age >= period - 1:
        top, bottom, last = lanes(state, base, low, high), lanes(state, base + 1, low, high), lanes(closes, row, low, high)
        for lane in range(high - low):
            result[lane] = _fast_k(last[lane], top[lane], bottom[lane])


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
    # Averages take long to compile: one call for both.
    for which in range(2):
        source, result, period, matype, since = fast, slow, slowk_period, slowk_matype, age
        if which == 1:
            source, result, period, matype = slow, signal, slowd_period, slowd_matype
            since = age - average_leading_nb(slowk_period, slowk_matype)
        if since >= 0 and matype == SMA and period > 1:
            sma_step_nb(source, result, period, state, base + which * share, since, low, high)
        elif since >= 0:
            average_step_nb(source, result, period, matype, state, base + which * share, since, low, high)


@kernel
def stoch_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast K, smoothed once (slow K) and once more (slow D).

    State: fast K, slow K and slow D of this bar, what the range keeps, what each average keeps.
    """
    (highs, lows, closes), (slowk, slowd), params_ = ins, outs, params
    fastk_period, slowk_period, slowk_matype, slowd_period, slowd_matype = params_
    fast, since = lanes(state, 0, low, high), age - (fastk_period - 1)
    fast_k_nb(highs, lows, closes, row, row - fastk_period, fast, fastk_period, state, 3, age, low, high)
    if since < 0:
        return
    # Until both have a value, the state takes the place of the results.
    ready = since >= average_leading_nb(slowk_period, slowk_matype) + average_leading_nb(slowd_period, slowd_matype)
    slow = lanes(slowk, row, low, high) if ready else lanes(state, 1, low, high)
    signal = lanes(slowd, row, low, high) if ready else lanes(state, 2, low, high)
    base = 5 + 2 * fastk_period
    slow_nb(fast, slow, signal, slowk_period, slowk_matype, slowd_period, slowd_matype, state, base, since, low, high)


@kernel
def kdj_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Slow K and slow D as `stoch_nb`, and J, which runs ahead of both."""
    (highs, lows, closes), (out_k, out_d, out_j), params_ = ins, outs, params
    fastk_period, slowk_period, slowk_kind, slowd_period, slowd_kind = params_
    slowk_matype = RMA if slowk_kind == DEFAULT else slowk_kind
    slowd_matype = RMA if slowd_kind == DEFAULT else slowd_kind
    fast, since = lanes(state, 0, low, high), age - (fastk_period - 1)
    fast_k_nb(highs, lows, closes, row, row - fastk_period, fast, fastk_period, state, 3, age, low, high)
    if since < 0:
        return
    ready = since >= average_leading_nb(slowk_period, slowk_matype) + average_leading_nb(slowd_period, slowd_matype)
    slow = lanes(out_k, row, low, high) if ready else lanes(state, 1, low, high)
    signal = lanes(out_d, row, low, high) if ready else lanes(state, 2, low, high)
    base = 5 + 2 * fastk_period
    slow_nb(fast, slow, signal, slowk_period, slowk_matype, slowd_period, slowd_matype, state, base, since, low, high)
    if ready:
        ahead = lanes(out_j, row, low, high)
        for lane in range(high - low):
            ahead[lane] = 3.0 * slow[lane] - 2.0 * signal[lane]


@kernel
def stochf_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast K, and smoothed once (fast D). State: both of this bar, what the range keeps, what the average keeps."""
    (highs, lows, closes), (fastk, fastd), (fastk_period, fastd_period, fastd_matype) = ins, outs, params
    since = age - (fastk_period - 1)
    ready = since >= average_leading_nb(fastd_period, fastd_matype)
    fast = lanes(fastk, row, low, high) if ready else lanes(state, 0, low, high)
    signal = lanes(fastd, row, low, high) if ready else lanes(state, 1, low, high)
    fast_k_nb(highs, lows, closes, row, row - fastk_period, fast, fastk_period, state, 2, age, low, high)
    if since >= 0:
        average_step_nb(fast, signal, fastd_period, fastd_matype, state, 4 + 2 * fastk_period, since, low, high)


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
    fast_k_nb(state, state, state, slot, 4, fast, fastk_period, state, base, since, low, high)
    if smoothing >= 0:
        average_step_nb(fast, signal, fastd_period, fastd_matype, state, base + 2 + 2 * fastk_period, smoothing, low, high)


@kernel
def smi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Distance of the close from the middle of the range in percent of half the range, both smoothed twice.

    State: distance and range, smoothed once, smoothed twice; the index and its average; what the range keeps.
    """
    (highs, lows, closes), (out, signal), (period, fastperiod, slowperiod, signalperiod) = ins, outs, params
    range_nb(highs, lows, row, row - period, period, state, 8, age, low, high)
    since = age - (period - 1)
    if since < 0:
        return
    top, bottom, last = lanes(state, 8, low, high), lanes(state, 9, low, high), lanes(closes, row, low, high)
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
