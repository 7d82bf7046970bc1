"""Kernels of the volume weighted average price: since the first bar, since the session began, over a window.

A bar with a number in it that is not finite is left out. Where nothing was traded the price of the bar stands in, except in
VWAP itself, which follows TA-Lib.
"""

from typing import Any

import numpy as np

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes

THIRD = 1.0 / 3.0
MS_PER_MINUTE = 60_000.0


@helper
def _if_finite(value: float, other: float) -> float:
    """The value where both are finite, 0 elsewhere. Sums take it without a condition, or lanes would not run side by side."""
    return value if (value - value) + (other - other) == 0.0 else 0.0


@helper
def _kept(value: float, same: bool) -> float:
    return value if same else 0.0


@helper
def _mean(paid: float, traded: float, otherwise: float) -> float:
    return paid / traded if traded > 0.0 else otherwise


@kernel
def vwap_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sum of typical price times volume over sum of volume, from the first bar on; 0 before the first trade."""
    (highs, lows, closes, volume), (out,), _ = ins, outs, params
    paid, traded = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        paid[:] = 0.0
        traded[:] = 0.0
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    units, result = lanes(volume, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        typical = (top[lane] + bottom[lane] + last[lane]) * THIRD
        price, weight = _if_finite(typical, units[lane]), _if_finite(units[lane], typical)
        sum_paid = paid[lane] + price * weight
        sum_traded = traded[lane] + weight
        paid[lane] = sum_paid
        traded[lane] = sum_traded
        result[lane] = _mean(sum_paid, sum_traded, 0.0)


@kernel
def vwap_session_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As `vwap_nb`, from the first bar of the session on; state: both sums, and the number of the session."""
    (highs, lows, closes, volume, times), (out,), (session_minutes,) = ins, outs, params
    paid, traded, session = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    if age == 0:
        paid[:] = 0.0
        traded[:] = 0.0
        session[:] = 0.0
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    units, now, result = lanes(volume, row, low, high), lanes(times, row, low, high), lanes(out, row, low, high)
    session_ms = session_minutes * MS_PER_MINUTE
    for lane in range(high - low):
        number = np.floor(now[lane] / session_ms)
        same = number == session[lane]
        typical = (top[lane] + bottom[lane] + last[lane]) * THIRD
        price, weight = _if_finite(typical, units[lane]), _if_finite(units[lane], typical)
        sum_paid = _kept(paid[lane], same) + price * weight
        sum_traded = _kept(traded[lane], same) + weight
        paid[lane] = sum_paid
        traded[lane] = sum_traded
        session[lane] = number
        result[lane] = _mean(sum_paid, sum_traded, typical)


@kernel
def vwap_rolling_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """As `vwap_nb`, over the window.

    Time is cut into chunks as long as the window; a window is then the tail of one chunk and the head of the next. Nothing is
    ever taken away from a sum, so a window without a trade sums to zero, and a huge bar leaves nothing behind.
    State, two rows each: the head, the sums of the chunk before from each of its later bars to its end, and zeros.
    """
    (highs, lows, closes, volume), (out,), (period,) = ins, outs, params
    place = age % period
    paid, traded = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if place == 0:
        paid[:] = 0.0
        traded[:] = 0.0
        _sum_tails(highs, lows, closes, volume, period if age > 0 else 1, row - period, state, 2 * period, low, high)
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    units = lanes(volume, row, low, high)
    tail_paid, tail_traded = lanes(state, 2 * place + 2, low, high), lanes(state, 2 * place + 3, low, high)
    # While there is no result a row of state stands in for it.
    result = lanes(out, row, low, high) if age >= period - 1 else lanes(state, 2 * period + 2, low, high)
    for lane in range(high - low):
        typical = (top[lane] + bottom[lane] + last[lane]) * THIRD
        price, weight = _if_finite(typical, units[lane]), _if_finite(units[lane], typical)
        sum_paid = paid[lane] + price * weight
        sum_traded = traded[lane] + weight
        paid[lane] = sum_paid
        traded[lane] = sum_traded
        result[lane] = _mean(sum_paid + tail_paid[lane], sum_traded + tail_traded[lane], typical)


@helper
def _sum_tails(
    highs: Block, lows: Block, closes: Block, volume: Block, bars: int, first: int, state: Block, end: int, low: int, high: int
) -> None:
    """From the last bar of the chunk to its second, sums from there to its end; in rows of state before `end`, which is 0."""
    for row_of_zeros in range(end, end + 2):
        zeros = lanes(state, row_of_zeros, low, high)
        zeros[:] = 0.0
    for bar in range(bars - 1, 0, -1):
        row = first + bar
        top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
        units = lanes(volume, row, low, high)
        paid, traded = lanes(state, 2 * bar, low, high), lanes(state, 2 * bar + 1, low, high)
        younger_paid, younger_traded = lanes(state, 2 * bar + 2, low, high), lanes(state, 2 * bar + 3, low, high)
        for lane in range(high - low):
            typical = (top[lane] + bottom[lane] + last[lane]) * THIRD
            price, weight = _if_finite(typical, units[lane]), _if_finite(units[lane], typical)
            paid[lane] = younger_paid[lane] + price * weight
            traded[lane] = younger_traded[lane] + weight
