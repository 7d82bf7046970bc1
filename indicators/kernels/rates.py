"""Kernels of what looks at one earlier bar, or sums up bars: MOM and the rates of change, QSTICK, WAD."""

from typing import Any

from indicators.kernels.arithmetic import larger
from indicators.kernels.compiling import Block, Blocks, helper, kernel
from indicators.kernels.rows import lanes


@helper
def ratio(newest: float, before: float, shift: float, scale: float) -> float:
    """`scale * (newest / before - shift)`; 0 where there is nothing to divide by."""
    return 0.0 if before == 0.0 else (newest / before - shift) * scale


@helper
def rate_nb(values: Block, out: Block, period: int, shift: float, scale: float, row: int, low: int, high: int) -> None:
    """Ratio of this bar's value to that of `period` bars before."""
    newest, before, result = lanes(values, row, low, high), lanes(values, row - period, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        result[lane] = ratio(newest[lane], before[lane], shift, scale)


@kernel
def mom_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Difference to the value of `period` bars before."""
    (values,), (out,), (period,) = ins, outs, params
    if age >= period:
        newest, before, result = lanes(values, row, low, high), lanes(values, row - period, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = newest[lane] - before[lane]


@kernel
def roc_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Change in percent."""
    (values,), (out,), (period,) = ins, outs, params
    if age >= period:
        rate_nb(values, out, period, 1.0, 100.0, row, low, high)


@kernel
def rocp_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Change as a share; divided as a difference, which keeps the digits of small changes."""
    (values,), (out,), (period,) = ins, outs, params
    if age >= period:
        newest, before, result = lanes(values, row, low, high), lanes(values, row - period, low, high), lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = ratio(newest[lane] - before[lane], before[lane], 0.0, 1.0)


@kernel
def rocr_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Ratio."""
    (values,), (out,), (period,) = ins, outs, params
    if age >= period:
        rate_nb(values, out, period, 0.0, 1.0, row, low, high)


@kernel
def rocr100_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Ratio in percent."""
    (values,), (out,), (period,) = ins, outs, params
    if age >= period:
        rate_nb(values, out, period, 0.0, 100.0, row, low, high)


@kernel
def qstick_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sum of close minus open, divided by the length of the window."""
    (opens, closes), (out,), (period,) = ins, outs, params
    total, first, last = lanes(state, 0, low, high), lanes(opens, row, low, high), lanes(closes, row, low, high)
    if age == 0:
        total[:] = 0.0
    if age < period - 1:
        for lane in range(high - low):
            total[lane] += last[lane] - first[lane]
        return
    leaving = row - period + 1
    old_first, old_last, result = lanes(opens, leaving, low, high), lanes(closes, leaving, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        added = total[lane] + (last[lane] - first[lane])
        result[lane] = added / period
        total[lane] = added - (old_last[lane] - old_first[lane])


@helper
def _accumulated(close: float, before: float, high: float, low: float) -> float:
    """Distance of the close from the true low of a rising bar, or from the true high of a falling one."""
    rise = close - (low if low < before else before)  # noqa: FURB136
    fall = close - larger(high, before)
    return rise if close > before else (fall if close < before else 0.0)


@kernel
def wad_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Sum of the distances; 0 on the first bar."""
    (highs, lows, closes), (out,), _ = ins, outs, params
    total, result = lanes(state, 0, low, high), lanes(out, row, low, high)
    if age == 0:
        total[:] = 0.0
        result[:] = 0.0
        return
    top, bottom = lanes(highs, row, low, high), lanes(lows, row, low, high)
    last, before = lanes(closes, row, low, high), lanes(closes, row - 1, low, high)
    for lane in range(high - low):
        total[lane] += _accumulated(last[lane], before[lane], top[lane], bottom[lane])
        result[lane] = total[lane]
