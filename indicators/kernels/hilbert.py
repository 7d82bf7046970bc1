"""The Hilbert transform of Ehlers: smoothed price, its two components and the period of the dominant cycle.

What follows is J. F. Ehlers, MESA and Trading Market Cycles (2002), with the constants as TA-Lib has them. A filter takes
the values of this bar and of 2, 4 and 6 bars ago, which rings keep; before the transform begins they are 0.
"""

import math

from indicators.kernels.compiling import Block, Lanes, helper
from indicators.kernels.rows import lanes

# Rows of state, from `base` on.
SMOOTHED = 0  # price, weighted 4 3 2 1
PERIOD = 1  # of the dominant cycle, in bars
IN_PHASE = 2
QUADRATURE = 3
HILBERT_STATE = 37

_PLAIN, _WEIGHTED, _REAL, _IMAGINARY, _TURNED_IN_PHASE, _TURNED_QUADRATURE = 4, 5, 6, 7, 8, 9
_DETRENDED, _AHEAD_IN_PHASE, _AHEAD_QUADRATURE = 10, 11, 12
_RING = 6
_PRICES, _TRENDS, _IN_PHASES, _QUADRATURES = 13, 19, 25, 31
_DELAY = 3  # bars by which the detrended price becomes the component in phase

_OUTER, _INNER = 0.0962, 0.5769
DEGREES = 180.0 / math.pi


@helper
def hilbert_step_nb(newest: Lanes, leaving: Lanes, first: int, state: Block, base: int, age: int, low: int, high: int) -> None:
    """One bar: state rows `SMOOTHED`, `PERIOD`, `IN_PHASE` and `QUADRATURE` are those of this bar afterwards.

    `leaving` are the prices of four bars ago (any before there are so many). `first` is the age at which the transform
    begins, 12 or 37 as TA-Lib has it; before it, all but `SMOOTHED` are 0.
    """
    if age == 0:
        for number in range(HILBERT_STATE):
            quantity = lanes(state, base + number, low, high)
            quantity[:] = 0.0
    _smooth(newest, leaving, state, base, age, low, high)
    if age >= first:
        _transform(state, base, age, low, high)
        _measure(state, base, low, high)


@helper
def _smooth(newest: Lanes, leaving: Lanes, state: Block, base: int, age: int, low: int, high: int) -> None:
    plain, weighted = lanes(state, base + _PLAIN, low, high), lanes(state, base + _WEIGHTED, low, high)
    smoothed = lanes(state, base + SMOOTHED, low, high)
    weight = min(age + 1, 4)
    kept = 1.0 if age >= 4 else 0.0
    subtracted = 1.0 if age >= 3 else 0.0
    for lane in range(high - low):
        total = plain[lane] + newest[lane] - leaving[lane] * kept
        heavy = weighted[lane] + newest[lane] * weight
        smoothed[lane] = heavy * 0.1
        plain[lane] = total
        weighted[lane] = heavy - total * subtracted


@helper
def _filter(source: Lanes, result: Lanes, state: Block, ring: int, age: int, base: int, low: int, high: int) -> None:
    """Let `result` be `source` turned by a quarter, and keep `source` in the ring. Loops over few rows become vector code."""
    period, six = lanes(state, base + PERIOD, low, high), lanes(state, ring + age % _RING, low, high)
    two, four = lanes(state, ring + (age - 2) % _RING, low, high), lanes(state, ring + (age - 4) % _RING, low, high)
    for lane in range(high - low):
        value = source[lane]
        turned = _OUTER * value - _OUTER * six[lane] - _INNER * four[lane] + _INNER * two[lane]
        result[lane] = turned * (0.075 * period[lane] + 0.54)
        six[lane] = value


@helper
def _transform(state: Block, base: int, age: int, low: int, high: int) -> None:
    """Components in phase and in quadrature, and the sums from which the angle between bars is taken."""
    delayed = lanes(state, base + _TRENDS + (age - _DELAY) % _RING, low, high)
    smoothed, detrended = lanes(state, base + SMOOTHED, low, high), lanes(state, base + _DETRENDED, low, high)
    in_phase, quadrature = lanes(state, base + IN_PHASE, low, high), lanes(state, base + QUADRATURE, low, high)
    ahead_i, ahead_q = lanes(state, base + _AHEAD_IN_PHASE, low, high), lanes(state, base + _AHEAD_QUADRATURE, low, high)
    turned_i, turned_q = lanes(state, base + _TURNED_IN_PHASE, low, high), lanes(state, base + _TURNED_QUADRATURE, low, high)
    real, imaginary = lanes(state, base + _REAL, low, high), lanes(state, base + _IMAGINARY, low, high)
    _filter(smoothed, detrended, state, base + _PRICES, age, base, low, high)
    _filter(detrended, quadrature, state, base + _TRENDS, age, base, low, high)
    _filter(delayed, ahead_i, state, base + _IN_PHASES, age, base, low, high)
    _filter(quadrature, ahead_q, state, base + _QUADRATURES, age, base, low, high)
    for lane in range(high - low):
        in_phase[lane] = delayed[lane]
        phasor_q = 0.2 * (quadrature[lane] + ahead_i[lane]) + 0.8 * turned_q[lane]
        phasor_i = 0.2 * (delayed[lane] - ahead_q[lane]) + 0.8 * turned_i[lane]
        real[lane] = 0.2 * (phasor_i * turned_i[lane] + phasor_q * turned_q[lane]) + 0.8 * real[lane]
        imaginary[lane] = 0.2 * (phasor_i * turned_q[lane] - phasor_q * turned_i[lane]) + 0.8 * imaginary[lane]
        turned_q[lane] = phasor_q
        turned_i[lane] = phasor_i


@helper
def _measure(state: Block, base: int, low: int, high: int) -> None:
    """The period: a full turn by the angle turned in this bar, kept within bounds and smoothed."""
    period = lanes(state, base + PERIOD, low, high)
    real, imaginary = lanes(state, base + _REAL, low, high), lanes(state, base + _IMAGINARY, low, high)
    for lane in range(high - low):
        before = period[lane]
        turning = (imaginary[lane] != 0.0) & (real[lane] != 0.0)
        found = 360.0 / (math.atan(imaginary[lane] / real[lane]) * DEGREES) if turning else before
        found = _within(found, 0.67 * before, 1.5 * before)
        found = _within(found, 6.0, 50.0)
        period[lane] = 0.2 * found + 0.8 * before


@helper
def _within(value: float, lowest: float, highest: float) -> float:
    # Not min() and max(): numba's take branches for NaN.
    value = highest if value > highest else value  # noqa: FURB136
    return lowest if value < lowest else value  # noqa: FURB136
