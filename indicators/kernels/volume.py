"""Kernels of the indicators that weigh price with volume: OBV and VWAP."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes


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
def is_finite(value: float) -> bool:
    """Neither NaN nor infinite."""
    return value - value == 0.0


@kernel
def vwap_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sum of typical price times volume over sum of volume, from the first bar on; 0 before the first trade."""
    (highs, lows, closes, volume), (out,), _ = ins, outs, params
    paid, traded, average = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    if age == 0:
        paid[:] = 0.0
        traded[:] = 0.0
        average[:] = 0.0
    top, bottom, last = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(closes, row, low, high)
    units, result = lanes(volume, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        typical = (top[lane] + bottom[lane] + last[lane]) / 3.0
        usable = is_finite(typical) & is_finite(units[lane])
        sum_paid = paid[lane] + (typical * units[lane] if usable else 0.0)
        sum_traded = traded[lane] + (units[lane] if usable else 0.0)
        mean = sum_paid / sum_traded if sum_traded > 0.0 else average[lane]
        paid[lane] = sum_paid
        traded[lane] = sum_traded
        average[lane] = mean
        result[lane] = mean
