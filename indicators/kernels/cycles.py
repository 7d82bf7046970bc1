"""Kernels of the dominant cycle: its period, its components, its phase, and whether there is a cycle at all.

The phase is that of the discrete Fourier transform of the smoothed price over one period. Where prices stand still nothing
but rounding is left of that sum, so terms and order are TA-Lib's; its sines and cosines, the dearest part, are a table.
"""

import math
from typing import Any

import numpy as np

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.hilbert import DEGREES, HILBERT_STATE, IN_PHASE, PERIOD, QUADRATURE, SMOOTHED, hilbert_step_nb
from indicators.kernels.rows import lanes

EARLY_FIRST, EARLY_LEADING = 12, 32  # when the transform begins where no phase is needed, and when results do
PHASE_FIRST, PHASE_LEADING = 37, 63
LONGEST = 50

# Rows of state behind the transform's own.
_CYCLE = HILBERT_STATE  # smoothed period
_PHASE = HILBERT_STATE + 1
_RING = HILBERT_STATE + 2  # smoothed prices
PHASE_STATE = HILBERT_STATE + 2 + LONGEST
_SINE, _LEAD, _DAYS, _MEANS = PHASE_STATE, PHASE_STATE + 1, PHASE_STATE + 2, PHASE_STATE + 3
TREND_STATE = PHASE_STATE + 6

# One period of each length, a row each.
_ANGLES = [[bar * (math.atan(1.0) * 8.0) / max(length, 1) for bar in range(LONGEST + 1)] for length in range(LONGEST + 2)]
_SINES = np.array([[math.sin(angle) for angle in row] for row in _ANGLES])
_COSINES = np.array([[math.cos(angle) for angle in row] for row in _ANGLES])


@kernel
def ht_dcperiod_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Period of the dominant cycle, smoothed."""
    (values,), (out,) = ins, outs
    cycle_step_nb(values, EARLY_FIRST, state, row, age, low, high)
    if age >= EARLY_LEADING:
        cycle, result = lanes(state, _CYCLE, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = cycle[lane]


@kernel
def ht_phasor_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The two components of the dominant cycle."""
    (values,), (first, second) = ins, outs
    cycle_step_nb(values, EARLY_FIRST, state, row, age, low, high)
    if age >= EARLY_LEADING:
        in_phase, quadrature = lanes(state, IN_PHASE, low, high), lanes(state, QUADRATURE, low, high)
        inphase_out, quadrature_out = lanes(first, row, low, high), lanes(second, row, low, high)
        for lane in range(high - low):
            inphase_out[lane] = in_phase[lane]
            quadrature_out[lane] = quadrature[lane]


@kernel
def ht_dcphase_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Phase of the dominant cycle in degrees."""
    (values,), (out,) = ins, outs
    phase_step_nb(values, state, row, age, low, high)
    if age >= PHASE_LEADING:
        phase, result = lanes(state, _PHASE, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = phase[lane]


@kernel
def ht_sine_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sine of the phase, and of the phase an eighth of a cycle later."""
    (values,), (sine, leadsine) = ins, outs
    phase_step_nb(values, state, row, age, low, high)
    if age >= PHASE_LEADING:
        phase, now, ahead = lanes(state, _PHASE, low, high), lanes(sine, row, low, high), lanes(leadsine, row, low, high)
        for lane in range(high - low):
            now[lane] = math.sin(phase[lane] * (1.0 / DEGREES))
            ahead[lane] = math.sin((phase[lane] + 45.0) * (1.0 / DEGREES))


@kernel
def ht_trendmode_nb(ins: Blocks, outs: Any, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """1 in a trend, 0 in a cycle."""
    (values,), (out,) = ins, outs
    before = lanes(state, TREND_STATE, low, high)
    if age == 0:
        for kept in range(PHASE_STATE, TREND_STATE):
            quantity = lanes(state, kept, low, high)
            quantity[:] = 0.0
        phase = lanes(state, _PHASE, low, high)
        phase[:] = 0.0
    last = lanes(state, _PHASE, low, high)
    for lane in range(high - low):
        before[lane] = last[lane]
    phase_step_nb(values, state, row, age, low, high)
    if age >= PHASE_FIRST:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            trend = _trend_nb(values, before[lane], state, row, low + lane)
            result[lane] = trend if age >= PHASE_LEADING else 0


@helper
def cycle_step_nb(values: Block, first: int, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The transform, and its period smoothed."""
    newest, leaving = lanes(values, row, low, high), lanes(values, row - min(age, 4), low, high)
    hilbert_step_nb(newest, leaving, first, state, 0, age, low, high)
    cycle, period = lanes(state, _CYCLE, low, high), lanes(state, PERIOD, low, high)
    if age == 0:
        cycle[:] = 0.0
    if age >= first:
        for lane in range(high - low):
            cycle[lane] = 0.33 * period[lane] + 0.67 * cycle[lane]


@helper
def phase_step_nb(values: Block, state: Block, row: int, age: int, low: int, high: int) -> None:
    """The phase; prices from before the transform began count as 0, as in TA-Lib."""
    if age == 0:
        for kept in range(_PHASE, PHASE_STATE):
            quantity = lanes(state, kept, low, high)
            quantity[:] = 0.0
    cycle_step_nb(values, PHASE_FIRST, state, row, age, low, high)
    if age < PHASE_FIRST:
        return
    smoothed, slot = lanes(state, SMOOTHED, low, high), lanes(state, _RING + age % LONGEST, low, high)
    for lane in range(high - low):
        slot[lane] = smoothed[lane]
    for lane in range(low, high):
        state[_PHASE, lane] = _phase_nb(state, age, lane)


@helper
def _bars(cycle: float) -> int:
    """Whole bars of a cycle; 0 if it is NaN."""
    return int(cycle + 0.5) if cycle < LONGEST + 1.0 else 0


@helper
def _phase_nb(state: Block, age: int, lane: int) -> float:
    """Phase of one lane in degrees, -45 to 315, ahead by the bar that the smoothing lags behind."""
    cycle: float = state[_CYCLE, lane]
    phase: float = state[_PHASE, lane]
    bars = _bars(cycle)
    real = imaginary = 0.0
    slot = age % LONGEST
    for back in range(bars):
        price = state[_RING + slot, lane]
        real += _SINES[bars, back] * price
        imaginary += _COSINES[bars, back] * price
        slot = slot - 1 if slot > 0 else LONGEST - 1
    if imaginary != 0.0:
        phase = math.atan(real / imaginary) * DEGREES
    elif real < 0.0:
        phase -= 90.0
    elif real > 0.0:
        phase += 90.0
    phase += 90.0
    phase += 360.0 / cycle
    if imaginary < 0.0:
        phase += 180.0
    return phase - 360.0 if phase > 315.0 else phase


@helper
def _trend_nb(values: Block, phase_before: float, state: Block, row: int, lane: int) -> int:
    """Whether one lane trends: no crossing of the sines for half a cycle, a phase out of step, or a price off its line."""
    cycle, phase = state[_CYCLE, lane], state[_PHASE, lane]
    sine, lead = math.sin(phase * (1.0 / DEGREES)), math.sin((phase + 45.0) * (1.0 / DEGREES))
    sine_before, lead_before = state[_SINE, lane], state[_LEAD, lane]
    risen = (sine > lead) & (sine_before <= lead_before)
    fallen = (sine < lead) & (sine_before >= lead_before)
    days = 1.0 if risen | fallen else state[_DAYS, lane] + 1.0
    state[_SINE, lane], state[_LEAD, lane], state[_DAYS, lane] = sine, lead, days
    total = 0.0
    bars = _bars(cycle)
    for back in range(bars):
        total += values[row - back, lane]
    mean = total / bars if bars > 0 else 0.0
    line = (4.0 * mean + 3.0 * state[_MEANS, lane] + 2.0 * state[_MEANS + 1, lane] + state[_MEANS + 2, lane]) / 10.0
    state[_MEANS + 2, lane], state[_MEANS + 1, lane], state[_MEANS, lane] = state[_MEANS + 1, lane], state[_MEANS, lane], mean
    trend = 0 if risen | fallen | (days < 0.5 * cycle) else 1
    turned = phase - phase_before
    if (cycle != 0.0) & (turned > 0.67 * 360.0 / cycle) & (turned < 1.5 * 360.0 / cycle):
        trend = 0
    if line != 0.0 and abs((state[SMOOTHED, lane] - line) / line) >= 0.015:
        trend = 1
    return trend
