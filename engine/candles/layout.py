"""How a candle segment is laid out in memory: sizes, offsets, and the header that lets a reader check them.

    0        header: magic, version, shape (64 bytes), then published counts of symbols and intervals
    4096     names of symbols     max_symbols × 256 bytes, UTF-8, zero-padded
             names of intervals   max_intervals × 8 bytes
             counts       uint64 [series]   closed bars ever appended; the newest has index count - 1
             firsts       uint64 [series]   index of the oldest bar that is held
             generations  uint64 [series]   grows when bars that were counted already change (revision, prepended history)
             open_times   int64   [series, bars + 1]
             sequences    uint64  [series, bars + 1]   odd while the row is being written
             values       float64 [series, bars + 1, 9]

A series is a symbol and an interval: `symbol * max_intervals + interval`. A closed bar of index n stands in row `n % bars`;
the forming bar stands in row `bars`. Memory that was never touched costs nothing.
"""

import platform
import struct
from typing import NamedTuple

from engine.base.errors import CandleError, LayoutMismatch

MAGIC = b"ENGKLINE"
VERSION = 2
HEADER_BYTES = 4096
#: Names of the exchange are Unicode: twenty characters may take eighty bytes.
NAME_BYTES = 256
INTERVAL_NAME_BYTES = 8
VALUES = 9

_SHAPE = struct.Struct("<8sIIIIQ")
SYMBOL_COUNT_OFFSET = 128
INTERVAL_COUNT_OFFSET = 192


class Layout(NamedTuple):
    """Shape of a segment and where its parts begin, in bytes."""

    max_symbols: int
    max_intervals: int
    bars: int

    @property
    def series(self) -> int:
        return self.max_symbols * self.max_intervals

    @property
    def rows(self) -> int:
        return self.bars + 1

    @property
    def names_offset(self) -> int:
        return HEADER_BYTES

    @property
    def intervals_offset(self) -> int:
        return self.names_offset + self.max_symbols * NAME_BYTES

    @property
    def counts_offset(self) -> int:
        return _aligned(self.intervals_offset + self.max_intervals * INTERVAL_NAME_BYTES)

    @property
    def firsts_offset(self) -> int:
        return _aligned(self.counts_offset + self.series * 8)

    @property
    def generations_offset(self) -> int:
        return _aligned(self.firsts_offset + self.series * 8)

    @property
    def open_times_offset(self) -> int:
        return _aligned(self.generations_offset + self.series * 8)

    @property
    def sequences_offset(self) -> int:
        return _aligned(self.open_times_offset + self.series * self.rows * 8)

    @property
    def values_offset(self) -> int:
        return _aligned(self.sequences_offset + self.series * self.rows * 8)

    @property
    def total_bytes(self) -> int:
        return _aligned(self.values_offset + self.series * self.rows * VALUES * 8)

    def header(self) -> bytes:
        """The bytes that stand at the beginning of a segment of this shape."""
        return _SHAPE.pack(MAGIC, VERSION, self.max_symbols, self.max_intervals, self.bars, self.total_bytes)


def read_header(data: bytes, size: int) -> Layout:
    """The layout in a segment's header; raises LayoutMismatch when it is none of ours or does not fit `size`."""
    if len(data) < _SHAPE.size:
        raise LayoutMismatch("candle segment is too short", f"{len(data)} bytes", "start engine and workers from one version")
    magic, version, max_symbols, max_intervals, bars, total = _SHAPE.unpack_from(data)
    if magic != MAGIC:
        raise LayoutMismatch("memory is no candle segment", repr(magic), f"expected {MAGIC!r}")
    if version != VERSION:
        raise LayoutMismatch("candle segment has another version", version, f"this program reads version {VERSION}")
    layout = Layout(max_symbols, max_intervals, bars)
    if total != layout.total_bytes or size != total:
        raise LayoutMismatch("candle segment has another size", f"{size} bytes", f"its header says {layout.total_bytes}")
    return layout


def check_machine() -> None:
    """The protocol relies on the total store order of x86-64; raises CandleError on any other machine."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise CandleError("this processor's memory order is not supported", platform.machine(), "run on x86-64")


def _aligned(offset: int) -> int:
    return (offset + 63) & ~63
