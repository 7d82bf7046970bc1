"""Kernels that weigh price with volume, bar by bar or summed up from the first: OBV, AD, PVT, NVI, PVI, MARKETFI."""

from typing import Any

from indicators.kernels.arithmetic import chosen
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes

FIRST_INDEX = 1000.0


@helper
def is_finite(value: float) -> bool:
    """Neither NaN nor infinite."""
    return value - value == 0.0


@helper
def _signed(volume: float, change: float) -> float:
    # Two selects and a difference: a nested choice would keep the lanes from running side by side.
    added = volume if change > 0.0 else 0.0
    taken = volume if change < 0.0 else 0.0
    return added - taken


@kernel
def obv_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum of volume, added when the price rose and taken away when it fell."""
    (values, volume), (out,), _ = ins, outs, params
    balance, traded, result = lanes(state, 0, low, high), lanes(volume, row, low, high), lanes(out, row, low, high)
    if age == 0:
        for lane in range(high - low):
            balance[lane] = traded[lane]
            result[lane] = traded[lane]
        return
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    for lane in range(high - low):
        held = balance[lane] + _signed(traded[lane], newest[lane] - before[lane])
        balance[lane] = held
        result[lane] = held


@helper
def money_flow(high: float, low: float, close: float, volume: float) -> float:
    """Volume times the place of the close in the bar's range, from -1 (low) to 1 (high); nothing for a bar without a range."""
    reach = high - low
    return chosen(reach > 0.0, ((close - low) - (high - close)) / reach * volume, 0.0)


@kernel
def ad_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum of the money flow volume."""
    (highs, lows, closes, volume), (out,), _ = ins, outs, params
    line, result = lanes(state, 0, low, high), lanes(out, row, low, high)
    if age == 0:
        line[:] = 0.0
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    traded = lanes(volume, row, low, high)
    for lane in range(high - low):
        held = line[lane] + money_flow(top[lane], bottom[lane], last[lane], traded[lane])
        line[lane] = held
        result[lane] = held


@helper
def _growth(newest: float, before: float) -> float:
    return (newest - before) / before if before != 0.0 else 0.0


@kernel
def pvt_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum of volume times the relative change of the close."""
    (closes, volume), (out,), _ = ins, outs, params
    trend, result = lanes(state, 0, low, high), lanes(out, row, low, high)
    if age == 0:
        for lane in range(high - low):
            trend[lane] = 0.0
            result[lane] = 0.0
        return
    newest, before, traded = lanes(closes, row, low, high), lanes(closes, row - 1, low, high), lanes(volume, row, low, high)
    for lane in range(high - low):
        held = trend[lane] + _growth(newest[lane], before[lane]) * traded[lane]
        trend[lane] = held
        result[lane] = held


@kernel
def nvi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Index that follows the close on bars of less volume than the bar before."""
    (closes, volume), (out,), _ = ins, outs, params
    _volume_index(closes, volume, out, -1.0, state, row, age, low, high)


@kernel
def pvi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Index that follows the close on bars of more volume than the bar before."""
    (closes, volume), (out,), _ = ins, outs, params
    _volume_index(closes, volume, out, 1.0, state, row, age, low, high)


@helper
def _volume_index(
    closes: Block, volume: Block, out: Block, sign: float, state: Block, row: int, age: int, low: int, high: int
) -> None:
    index, result = lanes(state, 0, low, high), lanes(out, row, low, high)
    if age == 0:
        for lane in range(high - low):
            index[lane] = FIRST_INDEX
            result[lane] = FIRST_INDEX
        return
    newest, before = lanes(closes, row, low, high), lanes(closes, row - 1, low, high)
    traded, traded_before = lanes(volume, row, low, high), lanes(volume, row - 1, low, high)
    for lane in range(high - low):
        grown = index[lane] + _growth(newest[lane], before[lane]) * index[lane]
        # An index that outgrows the numbers keeps its last value.
        counts = (sign * traded[lane] > sign * traded_before[lane]) & is_finite(grown)
        held = grown if counts else index[lane]
        index[lane] = held
        result[lane] = held


@helper
def _facilitation(reach: float, volume: float) -> float:
    return reach / volume if volume != 0.0 else 0.0


@kernel
def marketfi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Range of the bar for one unit of volume."""
    (highs, lows, volume), (out,), _ = ins, outs, params
    top, bottom, traded = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(volume, row, low, high)
    result = lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = _facilitation(top[lane] - bottom[lane], traded[lane])
