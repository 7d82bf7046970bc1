"""Kernels of the averages that follow the dominant cycle: MAMA and the instantaneous trend line."""

import math
from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.hilbert import DEGREES, HILBERT_STATE, IN_PHASE, PERIOD, QUADRATURE, hilbert_step_nb
from indicators.kernels.rows import lanes

MAMA_FIRST = 12
MAMA_LEADING = 32
TRENDLINE_FIRST = 37
TRENDLINE_LEADING = 63


@kernel
def mama_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Average whose weight falls with the angle the cycle turned in this bar, and one of half the weight that follows it."""
    (values,), (leader, follower), (fastlimit, slowlimit) = ins, outs, params
    newest, leaving = lanes(values, row, low, high), lanes(values, row - min(age, 4), low, high)
    mama_step_nb(newest, leaving, fastlimit, slowlimit, state, 0, age, low, high)
    if age >= MAMA_LEADING:
        average, slower = lanes(state, HILBERT_STATE, low, high), lanes(state, HILBERT_STATE + 1, low, high)
        first, second = lanes(leader, row, low, high), lanes(follower, row, low, high)
        for lane in range(high - low):
            first[lane] = average[lane]
            second[lane] = slower[lane]


@helper
def mama_step_nb(
    newest: Lanes,
    leaving: Lanes,
    fastlimit: float,
    slowlimit: float,
    state: Block,
    base: int,
    age: int,
    low: int,
    high: int,
) -> None:
    """One bar; needs `HILBERT_STATE + 3` rows of state from `base` on: the transform's, MAMA, FAMA and the phase."""
    average, slower = lanes(state, base + HILBERT_STATE, low, high), lanes(state, base + HILBERT_STATE + 1, low, high)
    phase = lanes(state, base + HILBERT_STATE + 2, low, high)
    if age == 0:
        average[:] = 0.0
        slower[:] = 0.0
        phase[:] = 0.0
    hilbert_step_nb(newest, leaving, MAMA_FIRST, state, base, age, low, high)
    if age < MAMA_FIRST:
        return
    in_phase, quadrature = lanes(state, base + IN_PHASE, low, high), lanes(state, base + QUADRATURE, low, high)
    for lane in range(high - low):
        angle = math.atan(quadrature[lane] / in_phase[lane]) * DEGREES if in_phase[lane] != 0.0 else 0.0
        turned = phase[lane] - angle
        phase[lane] = angle
        limited = fastlimit / turned if turned > 1.0 else fastlimit
        weight = slowlimit if (turned > 1.0) & (limited < slowlimit) else limited
        mean = weight * newest[lane] + (1.0 - weight) * average[lane]
        average[lane] = mean
        slower[lane] = 0.5 * weight * mean + (1.0 - 0.5 * weight) * slower[lane]


@kernel
def ht_trendline_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Mean of the price over one dominant cycle, weighted 4 3 2 1 over four bars.

    State: the transform's, the smoothed period, the means of this bar and of the three before, whole bars.
    """
    (values,), (out,) = ins, outs
    newest, leaving = lanes(values, row, low, high), lanes(values, row - min(age, 4), low, high)
    hilbert_step_nb(newest, leaving, TRENDLINE_FIRST, state, 0, age, low, high)
    cycle = lanes(state, HILBERT_STATE, low, high)
    now, before = lanes(state, HILBERT_STATE + 1 + age % 4, low, high), lanes(state, HILBERT_STATE + 1 + (age + 3) % 4, low, high)
    earlier, oldest = (
        lanes(state, HILBERT_STATE + 1 + (age + 2) % 4, low, high),
        lanes(state, HILBERT_STATE + 1 + (age + 1) % 4, low, high),
    )
    now[:] = 0.0
    if age == 0:
        cycle[:] = 0.0
    if age < TRENDLINE_FIRST:
        return
    period, bars = lanes(state, PERIOD, low, high), lanes(state, HILBERT_STATE + 5, low, high)
    for lane in range(high - low):
        cycle[lane] = 0.33 * period[lane] + 0.67 * cycle[lane]
        bars[lane] = math.floor(cycle[lane] + 0.5)
    add_back_nb(values, row, row - age, bars, now, low, high)
    for lane in range(high - low):
        now[lane] = now[lane] / bars[lane] if bars[lane] > 0.0 else 0.0
    if age >= TRENDLINE_LEADING:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = (4.0 * now[lane] + 3.0 * before[lane] + 2.0 * earlier[lane] + oldest[lane]) / 10.0


@helper
def add_back_nb(values: Block, row: int, begin: int, bars: Lanes, total: Lanes, low: int, high: int) -> None:
    """Add up the last `bars` prices of each lane, newest first, four rows a pass; no row above `begin` is read.

    Rows that only some lanes need count 0 in the others.
    """
    longest = 0.0
    for lane in range(high - low):
        longest = bars[lane] if bars[lane] > longest else longest  # noqa: FURB136 - numba's max() takes branches for NaN
    for back in range(0, int(longest), 4):
        at = row - back
        one, two = lanes(values, at, low, high), lanes(values, max(at - 1, begin), low, high)
        three, four = lanes(values, max(at - 2, begin), low, high), lanes(values, max(at - 3, begin), low, high)
        for lane in range(high - low):
            left = bars[lane] - back
            a, b, c, d = one[lane], two[lane], three[lane], four[lane]
            first = total[lane] + (a if left > 0.0 else 0.0) + (b if left > 1.0 else 0.0)
            total[lane] = first + (c if left > 2.0 else 0.0) + (d if left > 3.0 else 0.0)
