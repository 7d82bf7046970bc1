"""Kernels of where volume was traded: volume profile, VWAP from an anchor."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.rows import lanes

# Share of the volume that the value area holds.
VALUE_AREA = 0.7


@kernel
def volume_profile_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Volume of the window by price: where most of it is, and where 70 % of it are.

    State: top and bottom of the window, its total volume, both extremes' chunks, the bins.
    """
    (highs, lows, closes, volume), (poc, area_low, area_high), (period, bins) = ins, outs, params
    top, bottom = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme_nb(highs, top, period, 1.0, state, 3, row, age, low, high)
    extreme_nb(lows, bottom, period, -1.0, state, 3 + period, row, age, low, high)
    if age < period - 1:
        return
    base = 3 + 2 * period
    _fill_bins(highs, lows, closes, volume, state, base, period, bins, row, low, high)
    centre, under, over = lanes(poc, row, low, high), lanes(area_low, row, low, high), lanes(area_high, row, low, high)
    for lane in range(high - low):
        fullest, first, last = _value_area(state, base, bins, low + lane)
        width = (top[lane] - bottom[lane]) / bins
        centre[lane] = bottom[lane] + width * (fullest + 0.5)
        under[lane] = bottom[lane] + width * first
        over[lane] = bottom[lane] + width * (last + 1.0)


@helper
def _fill_bins(
    highs: Block,
    lows: Block,
    closes: Block,
    volume: Block,
    state: Block,
    base: int,
    period: int,
    bins: int,
    row: int,
    low: int,
    high: int,
) -> None:
    """Add each bar's volume to the bin of its typical price; the range of the window is in rows 0 and 1 of state."""
    for slot in range(base, base + bins):
        lanes(state, slot, low, high)[:] = 0.0
    total = lanes(state, 2, low, high)
    total[:] = 0.0
    for at in range(row - period + 1, row + 1):
        for lane in range(low, high):
            bottom = state[1, lane]
            reach = state[0, lane] - bottom
            typical = (highs[at, lane] + lows[at, lane] + closes[at, lane]) / 3.0
            place = (typical - bottom) * bins / (reach if reach > 0.0 else 1.0)
            # What is no number goes to the lowest bin: a wrong index would be a wrong address.
            place = place if place > 0.0 else 0.0  # noqa: FURB136
            place = place if place < bins - 1.0 else bins - 1.0  # noqa: FURB136
            state[base + int(place), lane] += volume[at, lane]
            total[lane - low] += volume[at, lane]


@helper
def _value_area(state: Block, base: int, bins: int, lane: int) -> tuple[int, int, int]:
    """The fullest bin (of equal ones the lowest), and the first and last of those around it that hold 70 %.

    From the fullest bin on the fuller neighbour is taken in, of equal ones the upper, until they hold enough.
    """
    fullest = 0
    for place in range(1, bins):
        if state[base + place, lane] > state[base + fullest, lane]:
            fullest = place
    first = last = fullest
    held, wanted = state[base + fullest, lane], VALUE_AREA * state[2, lane]
    while held < wanted and (first > 0 or last < bins - 1):
        over = state[base + last + 1, lane] if last < bins - 1 else -1.0
        under = state[base + first - 1, lane] if first > 0 else -1.0
        if last < bins - 1 and (first == 0 or over >= under):
            last += 1
            held += over
        else:
            first -= 1
            held += under
    return fullest, first, last


@kernel
def vwap_anchored_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sums of paid and traded that begin anew where the condition holds."""
    (highs, lows, closes, volume, condition), (out,), _ = ins, outs, params
    paid, traded = lanes(state, 0, low, high), lanes(state, 1, low, high)
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    units, given, result = lanes(volume, row, low, high), lanes(condition, row, low, high), lanes(out, row, low, high)
    if age == 0:
        paid[:] = 0.0
        traded[:] = 0.0
    for lane in range(high - low):
        typical = (top[lane] + bottom[lane] + last[lane]) / 3.0
        anew = (given[lane] < 0.0) | (given[lane] > 0.0)
        sum_paid = (0.0 if anew else paid[lane]) + typical * units[lane]
        sum_traded = (0.0 if anew else traded[lane]) + units[lane]
        some = sum_traded > 0.0
        paid[lane] = sum_paid
        traded[lane] = sum_traded
        result[lane] = (sum_paid if some else typical) / (sum_traded if some else 1.0)
