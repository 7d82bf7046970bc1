"""Kernels of volume and money flow over a window, or smoothed: ADOSC, CMF, EFI, PVO, RVOL."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.matypes import average_leading_nb
from indicators.kernels.overlap import average_step_nb
from indicators.kernels.rows import lanes
from indicators.kernels.volume import money_flow
from indicators.matypes import DEFAULT, EMA

# TA-Lib takes averages of volume below this for zero and does not divide by them.
NO_VOLUME = 1e-14


@kernel
def adosc_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Difference of two EMA of the accumulation line, both seeded with its first value."""
    (highs, lows, closes, volume), (out,), (fastperiod, slowperiod) = ins, outs, params
    line, fast, slow = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    if age == 0:
        line[:] = 0.0
        fast[:] = 0.0
        slow[:] = 0.0
    fast_weight = 2.0 / (fastperiod + 1.0) if age > 0 else 1.0
    slow_weight = 2.0 / (slowperiod + 1.0) if age > 0 else 1.0
    fast_kept, slow_kept = 1.0 - fast_weight, 1.0 - slow_weight
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    traded = lanes(volume, row, low, high)
    # While there is no result a row of state stands in for it, so that one loop does for every bar.
    result = lanes(out, row, low, high) if age >= max(fastperiod, slowperiod) - 1 else lanes(state, 3, low, high)
    for lane in range(high - low):
        held = line[lane] + money_flow(top[lane], bottom[lane], last[lane], traded[lane])
        quick = fast_weight * held + fast_kept * fast[lane]
        steady = slow_weight * held + slow_kept * slow[lane]
        line[lane] = held
        fast[lane] = quick
        slow[lane] = steady
        result[lane] = quick - steady


@helper
def _per_volume(flow: float, volume: float) -> float:
    return flow / volume if volume > 0.0 else 0.0


@kernel
def cmf_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum of the money flow volume of the window over that of the volume; state: both sums, and a ring of the flows."""
    (highs, lows, closes, volume), (out,), (period,) = ins, outs, params
    flows, units, slot = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2 + age % period, low, high)
    if age == 0:
        flows[:] = 0.0
        units[:] = 0.0
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    traded = lanes(volume, row, low, high)
    for lane in range(high - low):
        flow = money_flow(top[lane], bottom[lane], last[lane], traded[lane])
        slot[lane] = flow
        flows[lane] += flow
        units[lane] += traded[lane]
    if age >= period - 1:
        result, oldest = lanes(out, row, low, high), lanes(state, 2 + (age + 1) % period, low, high)
        leaving = lanes(volume, row - period + 1, low, high)
        for lane in range(high - low):
            result[lane] = _per_volume(flows[lane], units[lane])
            flows[lane] -= oldest[lane]
            units[lane] -= leaving[lane]


@kernel
def efi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """EMA of the change of the close times volume, seeded with the mean of its first window."""
    (closes, volume), (out,), (period,) = ins, outs, params
    force = lanes(state, 0, low, high)
    if age == 0:
        force[:] = 0.0
        return
    # Until there is a window, the average is a plain sum; its seed is that sum, shared out.
    weight = 2.0 / (period + 1.0) if age > period else 1.0
    kept = 1.0 - weight if age > period else 1.0
    divisor = period if age == period else 1
    newest, before, traded = lanes(closes, row, low, high), lanes(closes, row - 1, low, high), lanes(volume, row, low, high)
    # While there is no result the state stands in for it, so that one loop does for every bar.
    result = lanes(out, row, low, high) if age >= period else lanes(state, 0, low, high)
    share = 1.0 / divisor
    for lane in range(high - low):
        smoothed = ((newest[lane] - before[lane]) * traded[lane] * weight + force[lane] * kept) * share
        force[lane] = smoothed
        result[lane] = smoothed


@helper
def _percent_above(fast: float, slow: float) -> float:
    return (fast - slow) / slow * 100.0 if abs(slow) >= NO_VOLUME else 0.0


@kernel
def pvo_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Fast average of volume above the slow one, in percent.

    State: both averages; what each keeps, in equal shares.
    """
    (volume,), (out,), (fastperiod, slowperiod, matype) = ins, outs, params
    newest, fast, slow = lanes(volume, row, low, high), lanes(state, 0, low, high), lanes(state, 1, low, high)
    fast_bars, slow_bars = min(fastperiod, slowperiod), max(fastperiod, slowperiod)
    kind = EMA if matype == DEFAULT else matype
    share = (state.shape[0] - 2) // 2
    average_step_nb(newest, fast, fast_bars, kind, state, 2, age, low, high)
    average_step_nb(newest, slow, slow_bars, kind, state, 2 + share, age, low, high)
    if age >= average_leading_nb(slow_bars, kind):
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _percent_above(fast[lane], slow[lane])


@kernel
def rvol_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Volume in units of the mean volume of the `period` bars before it."""
    (volume,), (out,), (period,) = ins, outs, params
    total, newest = lanes(state, 0, low, high), lanes(volume, row, low, high)
    if age == 0:
        total[:] = 0.0
    if age < period:
        for lane in range(high - low):
            total[lane] += newest[lane]
        return
    oldest, result = lanes(volume, row - period, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        held = total[lane]
        result[lane] = newest[lane] / (held / period)
        total[lane] = held - oldest[lane] + newest[lane]
