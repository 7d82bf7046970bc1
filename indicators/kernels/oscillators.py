"""Kernels of what weighs up the bars of a window: CCI, MFI, the ultimate oscillator."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes
from indicators.kernels.volatility import true_range

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
def _money(price: float, before: float, volume: float) -> float:
    """What was traded at this price; 0 where the price has not moved but for noise."""
    still = abs(price - before) <= NOISE * (abs(price) + abs(before))
    return 0.0 if still else price * volume


@helper
def _share(part: float, rest: float) -> float:
    """Percentage of `part` in both; rounding may leave sums of nothing below zero."""
    total = part + rest
    inside = 0.0 if part < 0.0 else (total if part > total else part)  # noqa: FURB136 - as larger()
    return 0.0 if total <= 0.0 else 100.0 * (inside / total)


@kernel
def mfi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sums of the money that changed hands at rising and at falling typical prices.

    State: both sums, typical price before, bars in a row without money, what takes the result as long as it means nothing;
    the windows of both kinds of money as rings.
    """
    (highs, lows, closes, volumes), (out,), (period,) = ins, outs, params
    if age == 0:
        for quantity in range(4):
            lanes(state, quantity, low, high)[:] = 0.0
        before, top = lanes(state, 2, low, high), lanes(highs, row, low, high)
        bottom, last = lanes(lows, row, low, high), lanes(closes, row, low, high)
        for lane in range(high - low):
            before[lane] = (top[lane] + bottom[lane] + last[lane]) / 3.0
        return
    place = 5 + age % period
    if age <= period:
        lanes(state, place, low, high)[:] = 0.0
        lanes(state, place + period, low, high)[:] = 0.0
    result = lanes(out, row, low, high) if age >= period else lanes(state, 4, low, high)
    _money_step_nb(highs, lows, closes, volumes, result, period, state, place, row, low, high)


# Part of the loop over rows, as a kernel is: addresses are compared once for all rows, not on each.
@kernel
def _money_step_nb(
    highs: Block,
    lows: Block,
    closes: Block,
    volumes: Block,
    result: Lanes,
    period: int,
    state: Block,
    place: int,
    row: int,
    low: int,
    high: int,
) -> None:
    """One bar into the sums, and one out. Everything is read before it is chosen: a choice to read keeps loops scalar."""
    rising, falling = lanes(state, 0, low, high), lanes(state, 1, low, high)
    before, nothing = lanes(state, 2, low, high), lanes(state, 3, low, high)
    risen, fallen = lanes(state, place, low, high), lanes(state, place + period, low, high)
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    traded = lanes(volumes, row, low, high)
    for lane in range(high - low):
        price, past = (top[lane] + bottom[lane] + last[lane]) / 3.0, before[lane]
        money = _money(price, past, traded[lane])
        up = 0.0 if price < past else money
        down = money if price < past else 0.0
        longer = nothing[lane] + 1.0
        idle = longer if money == 0.0 else 0.0
        # Only counting tells that a window is empty: its running sums may hold rounding noise.
        ups, downs = rising[lane] - risen[lane] + up, falling[lane] - fallen[lane] + down
        ups = 0.0 if idle >= period else ups
        downs = 0.0 if idle >= period else downs
        rising[lane] = ups
        falling[lane] = downs
        before[lane] = price
        nothing[lane] = idle
        risen[lane] = up
        fallen[lane] = down
        result[lane] = _share(ups, downs)


@kernel
def ultosc_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Buying pressure in shares of the true range, over three windows, the shortest four times as heavy as the longest.

    State: pressure and range summed over the shortest, the middle and the longest window; both as rings of the longest.
    """
    (highs, lows, closes), (out,), (period1, period2, period3) = ins, outs, params
    longest, shortest = max(period1, period2, period3), min(period1, period2, period3)
    middle = period1 + period2 + period3 - longest - shortest
    if age == 0:
        return
    pressure, ranges = lanes(state, 6 + age % longest, low, high), lanes(state, 6 + longest + age % longest, low, high)
    top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
    last, before = lanes(closes, row, low, high), lanes(closes, row - 1, low, high)
    for lane in range(high - low):
        floor = before[lane] if before[lane] < bottom[lane] else bottom[lane]  # noqa: FURB136 - as larger()
        pressure[lane] = last[lane] - floor
        ranges[lane] = true_range(top[lane], bottom[lane], before[lane])
    result = lanes(out, row, low, high)
    if age >= longest:
        result[:] = 0.0
    _window_nb(result, 4.0, state, 0, shortest, longest, age, low, high)
    _window_nb(result, 2.0, state, 2, middle, longest, age, low, high)
    _window_nb(result, 1.0, state, 4, longest, longest, age, low, high)
    if age >= longest:
        for lane in range(high - low):
            result[lane] = 100.0 * (result[lane] / 7.0)


@helper
def _part(pressure: float, ranges: float) -> float:
    return pressure / ranges if ranges > 0.0 else 0.0


@helper
def _window_nb(
    result: Lanes, weight: float, state: Block, base: int, period: int, longest: int, age: int, low: int, high: int
) -> None:
    """Add the newest pressure and range to the sums at `base`, their ratio to `result`, and let the oldest leave.

    Windows begin so late that all three are whole on the same bar, as TA-Lib has it, which decides about the rounding.
    """
    total, reach = lanes(state, base, low, high), lanes(state, base + 1, low, high)
    slot = 6 + age % longest
    newest, newest_range = lanes(state, slot, low, high), lanes(state, slot + longest, low, high)
    if age == 1:
        total[:] = 0.0
        reach[:] = 0.0
    if age < longest:
        counted = 1.0 if age > longest - period else 0.0
        for lane in range(high - low):
            total[lane] += newest[lane] * counted
            reach[lane] += newest_range[lane] * counted
        return
    slot = 6 + (age + 1 - period) % longest
    oldest, oldest_range = lanes(state, slot, low, high), lanes(state, slot + longest, low, high)
    for lane in range(high - low):
        pressures, ranges = total[lane] + newest[lane], reach[lane] + newest_range[lane]
        result[lane] += weight * _part(pressures, ranges)
        total[lane] = pressures - oldest[lane]
        reach[lane] = ranges - oldest_range[lane]
