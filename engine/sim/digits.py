"""Writes numbers as the exchange does: eight decimals, in quotes; thousands of candles at once without a loop.

A table of candles is laid out as one matrix of characters of fixed width, padded with blanks, and the blanks are deleted.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.sim import bars
from engine.sim.bars import Bars

#: Digits are written in groups of four, each looked up in a table.
GROUP: Final = 10_000
TIME_GROUPS: Final = 4
COUNT_GROUPS: Final = 4
FRACTION_UNIT: Final = 10**8

Characters = NDArray[np.uint8]
Integers = NDArray[np.int64]


def _table(pattern: str) -> NDArray[np.uint32]:
    return np.frombuffer("".join(pattern.format(value) for value in range(GROUP)).encode(), dtype=np.uint32)


_BLANK: Final = np.frombuffer(b"    ", dtype=np.uint32)
_ZEROED: Final = _table("{:04d}")
#: The last group of a number; from GROUP on as it is written when nothing stands in front of it.
_LAST: Final = np.concatenate((_ZEROED, _table("{:4d}")))
#: Any other group: a leading zero is blank.
_INNER: Final = np.concatenate((_ZEROED, _BLANK, _table("{:4d}")[1:]))


def decimal(value: float) -> str:
    """One number with eight decimals."""
    return f"{value:.8f}"


def rows_json(table: Bars, close_times_ms: Integers, *, microseconds: bool = False) -> bytes:
    """The JSON of `klines`: a list of rows of twelve, times in ms or µs."""
    count = table.shape[1]
    if count == 0:
        return b"[]"
    open_times = table[bars.OPEN_TIME].astype(np.int64)
    if microseconds:
        open_times, close_times_ms = open_times * 1_000, close_times_ms * 1_000 + 999
    prices = _decimals(table[bars.OPEN : bars.VOLUME])
    volume, quote, *taker = _decimals(table[[bars.VOLUME, bars.QUOTE, bars.TAKER, bars.TAKER_QUOTE]])
    pieces: list[bytes | Characters] = [b"[", _integers(open_times, TIME_GROUPS)]
    for text in (*prices, volume):
        pieces += [b',"', text, b'"']
    pieces += [b",", _integers(close_times_ms, TIME_GROUPS), b',"', quote, b'",']
    pieces.append(_integers(table[bars.TRADES].astype(np.int64), COUNT_GROUPS))
    for text in taker:
        pieces += [b',"', text, b'"']
    pieces.append(b',"0"],')
    return b"[" + _lines(pieces, count)[:-1] + b"]"


def _decimals(values: Bars) -> list[Characters]:
    """One block of characters for each row of `values`, wide enough for the largest number."""
    whole = np.floor(values)
    fractions = np.rint((values - whole) * FRACTION_UNIT)
    carried = fractions >= FRACTION_UNIT
    if carried.any():
        whole, fractions = whole + carried, np.where(carried, 0.0, fractions)
    groups = max(1, -(-len(str(int(whole.max()))) // 4))
    rows, count = values.shape
    digits = np.empty((rows * count, groups * 4 + 9), dtype=np.uint8)
    digits[:, : groups * 4] = _integers(whole.ravel().astype(np.int64), groups)
    digits[:, groups * 4] = ord(".")
    high, low = _divided(fractions.ravel().astype(np.uint32))
    digits[:, -8:-4] = _ZEROED[high].view(np.uint8).reshape(-1, 4)
    digits[:, -4:] = _ZEROED[low].view(np.uint8).reshape(-1, 4)
    return list(digits.reshape(rows, count, -1))


def _integers(values: Integers, groups: int) -> Characters:
    """Whole numbers, not negative, right-aligned in `4 * groups` characters."""
    words = np.empty((values.size, groups), dtype=np.uint32)
    above: NDArray[Any] = values // 10**8 if groups > 2 else np.zeros(1, dtype=np.int64)
    # Division of 32-bit numbers is several times as fast.
    low = (values - above * 10**8).astype(np.uint32)
    rest, group = _divided(low)
    if groups == 1:
        words[:, 0] = _LAST[group + np.uint32(GROUP)]
        return words.view(np.uint8)
    words[:, -1] = _LAST[group + np.uint32(GROUP) * ((rest == 0) & (above == 0))]
    words[:, -2] = _INNER[rest + np.uint32(GROUP) * (above == 0)]
    for place in range(groups - 3, -1, -1):
        above, group = _divided(above)
        words[:, place] = _INNER[group + GROUP * (above == 0)]
    return words.view(np.uint8)


def _divided(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Quotient and remainder of a division into groups."""
    quotient = values // values.dtype.type(GROUP)
    return quotient, values - quotient * values.dtype.type(GROUP)


def _lines(pieces: list[bytes | Characters], count: int) -> bytes:
    """The pieces side by side in each of `count` lines, without the blanks."""
    widths = [len(piece) if isinstance(piece, bytes) else piece.shape[1] for piece in pieces]
    matrix = np.empty((count, sum(widths)), dtype=np.uint8)
    place = 0
    for piece, width in zip(pieces, widths, strict=True):
        matrix[:, place : place + width] = np.frombuffer(piece, dtype=np.uint8) if isinstance(piece, bytes) else piece
        place += width
    return matrix.tobytes().translate(None, b" ")
