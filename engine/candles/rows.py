"""The stores into a segment, in the order that readers rely on. What is stored, and when, is the writer's business.

Why readers are safe on x86-64: its stores become visible in the order in which they are made, and CPython makes them in the
order of the statements, each being a call of its own into C. A row's sequence number is odd from before the first byte of the
row changes until after the last has changed.

Every word that readers look at without such a guard (counts, sequence numbers, generations) is stored through a memoryview
of 8-byte items, which is one aligned store. Not so `struct.pack_into`: it fills its target with zeros first, so that a reader
would now and then see a count, or a sequence number, of zero.
"""

import struct
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from engine.base.types import Kline
from engine.candles import layout
from engine.candles.segment import Segment

_VALUES = struct.Struct(f"<{layout.VALUES}d")
_WIDTH = _VALUES.size
_pack = _VALUES.pack


class Packed(NamedTuple):
    """Bars as bytes, ready to be stored: open times as uint64, values row by row."""

    open_times: "array[int]"
    values: bytes

    def part(self, start: int, stop: int) -> "Packed":
        """Some of them."""
        return Packed(self.open_times[start:stop], self.values[start * _WIDTH : stop * _WIDTH])


def packed(klines: Sequence[Kline]) -> Packed:
    """Bars as bytes; raises struct.error or OverflowError for what is no number, before anything is stored."""
    return Packed(array("Q", [kline[0] for kline in klines]), b"".join([_pack(*kline[1:]) for kline in klines]))


class Rows:
    """All rows and counters of a writable segment. A position is a row's number in the whole segment."""

    __slots__ = ("_counts", "_firsts", "_generations", "_memory", "_open_times", "_sequences", "_values", "_words")

    def __init__(self, segment: Segment) -> None:
        shape = segment.layout
        self._memory = segment.memory
        self._words = segment.words
        # Places in the view of words; all parts of a segment begin at multiples of 64 bytes.
        self._counts = shape.counts_offset // 8
        self._firsts = shape.firsts_offset // 8
        self._generations = shape.generations_offset // 8
        self._open_times = shape.open_times_offset // 8
        self._sequences = shape.sequences_offset // 8
        self._values = shape.values_offset

    def write(self, position: int, kline: Kline) -> None:
        """Replace one row; raises struct.error, leaving the row as it was, when a value is no number."""
        values = _pack(*kline[1:])
        words = self._words
        place = self._sequences + position
        # Set, not added: a row left odd by an interrupted write is odd while it is written again.
        sequence = words[place] | 1
        words[place] = sequence
        words[self._open_times + position] = kline[0]
        start = self._values + position * _WIDTH
        self._memory[start : start + _WIDTH] = values
        words[place] = sequence + 1

    def places(self, position: int) -> tuple[int, int, int]:
        """Offsets in the segment, in bytes, of a row's sequence number, open time and values."""
        return (self._sequences + position) * 8, (self._open_times + position) * 8, self._values + position * _WIDTH

    def write_many(self, position: int, rows: Packed) -> None:
        """Replace neighbouring rows, from that position on."""
        words, size = self._words, len(rows.open_times)
        sequences = slice(self._sequences + position, self._sequences + position + size)
        odd = array("Q", [sequence | 1 for sequence in words[sequences]])
        words[sequences] = odd
        words[self._open_times + position : self._open_times + position + size] = rows.open_times
        start = self._values + position * _WIDTH
        self._memory[start : start + len(rows.values)] = rows.values
        words[sequences] = array("Q", [sequence + 1 for sequence in odd])

    def blank(self, position: int) -> None:
        """Make a row say that there is no bar: an open time of 0, whatever its values."""
        words = self._words
        place = self._sequences + position
        sequence = words[place] | 1
        words[place] = sequence
        words[self._open_times + position] = 0
        words[place] = sequence + 1

    def read(self, position: int) -> Kline:
        """The bar in a row."""
        start = self._values + position * _WIDTH
        return Kline(self._words[self._open_times + position], *_VALUES.unpack_from(self._memory, start))

    def read_many(self, position: int, size: int) -> list[Kline]:
        """The bars in neighbouring rows."""
        open_times = self._words[self._open_times + position : self._open_times + position + size]
        start = self._values + position * _WIDTH
        values = _VALUES.iter_unpack(self._memory[start : start + size * _WIDTH])
        return [Kline(open_ms, *row) for open_ms, row in zip(open_times, values, strict=True)]

    def open_ms(self, position: int) -> int:
        """Open time of the bar in a row."""
        return self._words[self._open_times + position]

    def set_count(self, series: int, count: int) -> None:
        """Publish how many bars were ever appended; after their rows are complete."""
        self._words[self._counts + series] = count

    def set_first(self, series: int, index: int) -> None:
        """Publish the oldest index that is held; before rows of older ones are used again."""
        self._words[self._firsts + series] = index

    def begin_change(self, series: int) -> None:
        """From here on bars that were counted already may change: the generation is odd."""
        self._words[self._generations + series] |= 1

    def end_change(self, series: int) -> None:
        """The series is whole again, in a generation of its own."""
        self._words[self._generations + series] += 1
