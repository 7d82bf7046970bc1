"""Kernels of where volume was traded: volume profile, VWAP from an anchor."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.extremes import extreme_nb
from indicators.kernels.rows import lanes

# Share of the volume that the value area holds.
VALUE_AREA = 0.7


@kernel
def volume_profile_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Volume of the window by price: where most of it is, and where 70 % of it are.

    State: top and bottom of the window, its total volume, places of one bar; both extremes' chunks; ring of typical prices;
    the bins.
    """
    (highs, lows, closes, volume), (poc, area_low, area_high), (period, bins) = ins, outs, params
    top, bottom = lanes(state, 0, low, high), lanes(state, 1, low, high)
    extreme_nb(highs, top, period, 1.0, state, 4, row, age, low, high)
    extreme_nb(lows, bottom, period, -1.0, state, 4 + period, row, age, low, high)
    ring = 4 + 2 * period
    typical, base = lanes(state, ring + age % period, low, high), ring + period
    upper, lower, last_price = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    for lane in range(high - low):
        typical[lane] = (upper[lane] + lower[lane] + last_price[lane]) / 3.0
    if age < period - 1:
        return
    for slot in range(base, base + bins):
        lanes(state, slot, low, high)[:] = 0.0
    lanes(state, 2, low, high)[:] = 0.0
    for step in range(1, period + 1):
        prices, units = lanes(state, ring + (age + step) % period, low, high), lanes(volume, row - period + step, low, high)
        _fill_bins(prices, units, state, base, bins, low, high)
    centre, under, over = lanes(poc, row, low, high), lanes(area_low, row, low, high), lanes(area_high, row, low, high)
    for lane in range(high - low):
        fullest, first, last = _value_area(state, base, bins, low + lane)
        width = (top[lane] - bottom[lane]) / bins
        centre[lane] = bottom[lane] + width * (fullest + 0.5)
        under[lane] = bottom[lane] + width * first
        over[lane] = bottom[lane] + width * (last + 1.0)


@helper
def _fill_bins(prices: Lanes, units: Lanes, state: Block, base: int, bins: int, low: int, high: int) -> None:
    """Add one bar's volume to the total and to the bin of its price; the range of the window is in rows 0 and 1 of state."""
    top, bottom = lanes(state, 0, low, high), lanes(state, 1, low, high)
    total, places = lanes(state, 2, low, high), lanes(state, 3, low, high)
    highest = bins - 1.0
    for lane in range(high - low):
        reach = top[lane] - bottom[lane]
        place = (prices[lane] - bottom[lane]) * bins / (reach if reach > 0.0 else 1.0)
        # What is no number goes to the lowest bin: a wrong index would be a wrong address.
        place = place if place > 0.0 else 0.0  # noqa: FURB136
        places[lane] = place if place < highest else highest  # noqa: FURB136
        total[lane] += units[lane]
    for lane in range(high - low):
        state[base + int(places[lane]), low + lane] += units[lane]


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
