"""Kernels that weigh rises against falls: Chande's momentum, intraday momentum, balance of power."""

from typing import Any

from indicators.kernels.compiling import Block, Blocks, Lanes, helper, kernel
from indicators.kernels.rows import lanes


@helper
def _above_zero(value: float) -> float:
    return value if value > 0.0 else 0.0  # noqa: FURB136 - numba's max() takes branches for NaN


@helper
def _balance(rises: float, falls: float) -> float:
    total = rises + falls
    return 100.0 * ((rises - falls) / total) if total > 0.0 else 0.0


@kernel
def cmo_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Wilder's averages of gains and losses, their difference in their sum."""
    (values,), (out,), (period,) = ins, outs, params
    gain, loss = lanes(state, 0, low, high), lanes(state, 1, low, high)
    if age == 0:
        gain[:] = 0.0
        loss[:] = 0.0
        return
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    # Plain sums until there are enough, then the average decays; divided as TA-Lib does, for the difference may be small.
    kept = period - 1.0 if age > period else 1.0
    divisor = 1.0 * period if age >= period else 1.0
    for lane in range(high - low):
        change = newest[lane] - before[lane]
        gain[lane] = (gain[lane] * kept + _above_zero(change)) / divisor
        loss[lane] = (loss[lane] * kept + _above_zero(-change)) / divisor
    if age >= period:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _balance(gain[lane], loss[lane])


@kernel
def cmou_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Running sums of gains and losses, their difference in their sum. State: both, and how many changes were none."""
    (values,), (out,), (period,) = ins, outs, params
    gain, loss, idle = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(state, 2, low, high)
    if age == 0:
        gain[:] = 0.0
        loss[:] = 0.0
        idle[:] = 0.0
        return
    newest, before = lanes(values, row, low, high), lanes(values, row - 1, low, high)
    if age > period:
        leaving, left = lanes(values, row - period, low, high), lanes(values, row - period - 1, low, high)
        for lane in range(high - low):
            change = leaving[lane] - left[lane]
            gain[lane] -= _above_zero(change)
            loss[lane] -= _above_zero(-change)
    for lane in range(high - low):
        change, counted = newest[lane] - before[lane], idle[lane] + 1.0
        gains, losses = gain[lane] + _above_zero(change), loss[lane] + _above_zero(-change)
        still = counted if change == 0.0 else 0.0
        # A window without any change leaves nothing but rounding in the sums.
        gain[lane] = 0.0 if still >= period else gains
        loss[lane] = 0.0 if still >= period else losses
        idle[lane] = still
    if age >= period:
        result = lanes(out, row, low, high)
        for lane in range(high - low):
            result[lane] = _balance(gain[lane], loss[lane])


@kernel
def imi_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Rises from open to close in all moves from open to close, added up anew each time. State: both sums."""
    (opens, closes), (out,), (period,) = ins, outs, params
    if age < period - 1:
        return
    rises, falls, result = lanes(state, 0, low, high), lanes(state, 1, low, high), lanes(out, row, low, high)
    rises[:] = 0.0
    falls[:] = 0.0
    _bodies_nb(opens, closes, rises, falls, row - period + 1, row + 1, low, high)
    for lane in range(high - low):
        up, total = rises[lane], rises[lane] + falls[lane]
        result[lane] = 100.0 * (up / total) if total > 0.0 else 50.0


@helper
def _bodies_nb(opens: Block, closes: Block, rises: Lanes, falls: Lanes, first: int, end: int, low: int, high: int) -> None:
    """Add the bodies of these rows, two rows a pass: that saves trips of the sums through memory."""
    whole = end - (end - first) % 2
    for at in range(first, whole, 2):
        begin, last = lanes(opens, at, low, high), lanes(closes, at, low, high)
        begin_after, last_after = lanes(opens, at + 1, low, high), lanes(closes, at + 1, low, high)
        for lane in range(high - low):
            body, body_after = last[lane] - begin[lane], last_after[lane] - begin_after[lane]
            rises[lane] = rises[lane] + _above_zero(body) + _above_zero(body_after)
            falls[lane] = falls[lane] + _above_zero(-body) + _above_zero(-body_after)
    for at in range(whole, end):
        begin, last = lanes(opens, at, low, high), lanes(closes, at, low, high)
        for lane in range(high - low):
            body = last[lane] - begin[lane]
            rises[lane] += _above_zero(body)
            falls[lane] += _above_zero(-body)


@kernel
def bop_nb(ins: Blocks, outs: Blocks, params: Any, state: Block, row: int, age: int, low: int, high: int) -> None:
    """Body of the bar in its range."""
    (opens, highs, lows, closes), (out,), _ = ins, outs, params
    begin, last = lanes(opens, row, low, high), lanes(closes, row, low, high)
    top, bottom, result = lanes(highs, row, low, high), lanes(lows, row, low, high), lanes(out, row, low, high)
    for lane in range(high - low):
        body, reach = last[lane] - begin[lane], top[lane] - bottom[lane]
        result[lane] = 0.0 if reach <= 0.0 else body / reach
