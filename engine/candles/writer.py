"""The one writer of a segment: appends closed bars, replaces the forming one, merges history.

Why readers are safe: every `pack_into` is a call of its own into C, and x86-64 makes stores visible in their order. A row's
sequence number is odd from before its first changed byte until after its last. A bar is counted after it is complete; the
oldest index is moved before its row is reused; a series whose counted bars change has an odd generation while they do.
"""

import struct
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from engine.base.errors import CandleError, SegmentFull
from engine.base.types import Kline, interval_ms
from engine.candles import layout
from engine.candles.bars import merge
from engine.candles.segment import Segment

_U64 = struct.Struct("<Q")
_I64 = struct.Struct("<q")
_VALUES = struct.Struct("<9d")


class Outcome(Enum):
    """What became of a closed bar."""

    APPENDED = auto()
    DUPLICATE = auto()
    REVISED = auto()
    #: Not stored: bars between the newest one and this are missing.
    GAP = auto()
    #: Not stored: before the oldest bar that is held.
    OLD = auto()


class HistoryOutcome(NamedTuple):
    """How many bars of a batch were new at the end, new before the end, changed, known."""

    appended: int
    prepended: int
    revised: int
    duplicates: int


class Writer:
    """All writing to one segment, from one thread of one process."""

    def __init__(self, segment: Segment) -> None:
        if not segment.writable:
            raise CandleError("segment is mapped read-only", "attach", "only its creator writes")
        self._memory = segment.memory
        self._layout = shape = segment.layout
        self._segment = segment
        self._numbers: dict[str, int] = {}
        self._interval_numbers: dict[str, int] = {}
        #: Names by number; grow only.
        self.symbols: list[str] = []
        self.intervals: list[str] = []
        self._lengths_ms: list[int] = []
        self._rows = shape.rows
        self._layout_counts = shape.counts_offset
        self._layout_firsts = shape.firsts_offset
        self._generations = shape.generations_offset
        self._open_times = shape.open_times_offset
        self._sequences = shape.sequences_offset
        self._values = shape.values_offset
        #: Mirrors of what stands in shared memory, as Python reads lists faster.
        self._counts = [0] * shape.series
        self._firsts = [0] * shape.series
        self._last_open_ms = [0] * shape.series
        self._forming_open_ms = [0] * shape.series

    # --- tables -----------------------------------------------------------------------------------------------------

    def add_symbol(self, name: str) -> int:
        """The number of a symbol, given at first use; raises SegmentFull."""
        number = self._numbers.get(name)
        if number is None:
            shape = self._layout
            tables = (layout.SYMBOL_COUNT_OFFSET, shape.names_offset, layout.NAME_BYTES)
            number = self._publish(name, self.symbols, shape.max_symbols, tables, "symbol")
            self._numbers[name] = number
        return number

    def add_interval(self, name: str) -> int:
        """The number of an interval, given at first use; raises SegmentFull, SettingsError."""
        number = self._interval_numbers.get(name)
        if number is None:
            shape = self._layout
            length_ms = interval_ms(name)
            tables = (layout.INTERVAL_COUNT_OFFSET, shape.intervals_offset, layout.INTERVAL_NAME_BYTES)
            number = self._publish(name, self.intervals, shape.max_intervals, tables, "interval")
            self._interval_numbers[name] = number
            self._lengths_ms.append(length_ms)
        return number

    def _publish(self, name: str, names: list[str], room: int, tables: tuple[int, int, int], what: str) -> int:
        count_offset, offset, width = tables
        encoded = name.encode()
        if len(names) >= room:
            raise SegmentFull(f"no room for another {what}", f"{name}, {room} are there", f"raise max_{what}s and start again")
        if not 0 < len(encoded) <= width or b"\0" in encoded:
            raise CandleError(f"{what} name does not fit", repr(name), f"1 to {width} bytes")
        start = offset + len(names) * width
        self._memory[start : start + width] = encoded.ljust(width, b"\0")
        names.append(name)
        _U64.pack_into(self._memory, count_offset, len(names))
        return len(names) - 1

    # --- single bars ------------------------------------------------------------------------------------------------

    def put_closed(self, symbol: int, interval: int, kline: Kline) -> Outcome:
        """Take in a closed bar; see Outcome. A bar of the same open time that differs is revised: the last word wins."""
        series = symbol * self._layout.max_intervals + interval
        count = self._counts[series]
        open_ms = kline[0]
        if count > self._firsts[series]:
            behind_ms = open_ms - self._last_open_ms[series]
            if behind_ms <= 0:
                return self._again(series, kline)
            if behind_ms != self._lengths_ms[interval]:
                return Outcome.GAP
        self._append(series, count, kline)
        if open_ms >= self._forming_open_ms[series] > 0:
            self._clear_forming(series)
        return Outcome.APPENDED

    def put_forming(self, symbol: int, interval: int, kline: Kline) -> None:
        """Replace the forming bar; one that is not newer than the newest closed bar is ignored."""
        series = symbol * self._layout.max_intervals + interval
        if kline[0] <= self._last_open_ms[series]:
            return
        self._forming_open_ms[series] = kline[0]
        self._write_row(series, self._layout.bars, kline)

    def _again(self, series: int, kline: Kline) -> Outcome:
        """A bar that is not newer than the newest."""
        index = self._find(series, kline.open_time)
        if index is None:
            if kline.open_time < self._open_ms_at(series, self._firsts[series]):
                return Outcome.OLD
            return self._outcome_of(self._merge(series, [kline]))
        if self._read_row(series, index) == kline:
            return Outcome.DUPLICATE
        self._change_generation(series)
        self._write_row(series, index % self._layout.bars, kline)
        self._change_generation(series)
        return Outcome.REVISED

    @staticmethod
    def _outcome_of(outcome: HistoryOutcome) -> Outcome:
        return Outcome.REVISED if outcome.prepended or outcome.revised else Outcome.DUPLICATE

    def _append(self, series: int, count: int, kline: Kline) -> None:
        bars = self._layout.bars
        if count - self._firsts[series] >= bars:
            self._firsts[series] = count + 1 - bars
            _U64.pack_into(self._memory, self._layout_firsts + series * 8, count + 1 - bars)
        self._write_row(series, count % bars, kline)
        self._counts[series] = count + 1
        self._last_open_ms[series] = kline[0]
        _U64.pack_into(self._memory, self._layout_counts + series * 8, count + 1)

    def _write_row(self, series: int, row: int, kline: Kline) -> None:
        memory = self._memory
        position = series * self._rows + row
        sequence_offset = self._sequences + position * 8
        (sequence,) = _U64.unpack_from(memory, sequence_offset)
        _U64.pack_into(memory, sequence_offset, sequence + 1)
        _I64.pack_into(memory, self._open_times + position * 8, kline[0])
        _VALUES.pack_into(memory, self._values + position * 72, *kline[1:])
        _U64.pack_into(memory, sequence_offset, sequence + 2)

    def _clear_forming(self, series: int) -> None:
        self._forming_open_ms[series] = 0
        self._write_row(series, self._layout.bars, _NOTHING)

    def _change_generation(self, series: int) -> None:
        offset = self._generations + series * 8
        (generation,) = _U64.unpack_from(self._memory, offset)
        _U64.pack_into(self._memory, offset, generation + 1)

    # --- many bars --------------------------------------------------------------------------------------------------

    def put_history(self, symbol: int, interval: int, klines: Sequence[Kline]) -> HistoryOutcome:
        """Merge closed bars in any order; ranges missing inside the result are holes of the exchange and stay."""
        series = symbol * self._layout.max_intervals + interval
        outcome = self._merge(series, klines)
        if 0 < self._forming_open_ms[series] <= self._last_open_ms[series]:
            self._clear_forming(series)
        return outcome

    def _merge(self, series: int, klines: Sequence[Kline]) -> HistoryOutcome:
        given = merge(klines)
        count, first = self._counts[series], self._firsts[series]
        newest_ms = self._last_open_ms[series] if count > first else 0
        held = {} if not given or given[0].open_time > newest_ms else self._held(series)
        old = [kline for kline in given if kline.open_time <= newest_ms]
        fresh = given[len(old) :][-self._layout.bars :]
        known = sum(held.get(kline.open_time) == kline for kline in old)
        revised = sum(kline.open_time in held for kline in old) - known
        prepended = len(old) - known - revised
        if prepended or revised:
            self._rewrite(series, merge(held.values(), old)[-self._layout.bars :])
        for kline in fresh:
            self._append(series, self._counts[series], kline)
        return HistoryOutcome(len(fresh), prepended, revised, known)

    def _held(self, series: int) -> dict[int, Kline]:
        rows = (self._read_row(series, index) for index in range(self._firsts[series], self._counts[series]))
        return {kline.open_time: kline for kline in rows}

    def _rewrite(self, series: int, klines: Sequence[Kline]) -> None:
        """Put other bars in place of all that are held; readers see an odd generation meanwhile."""
        self._change_generation(series)
        base = self._counts[series]
        for index, kline in enumerate(klines, base):
            self._write_row(series, index % self._layout.bars, kline)
        self._firsts[series], self._counts[series] = base, base + len(klines)
        self._last_open_ms[series] = klines[-1].open_time if klines else 0
        _U64.pack_into(self._memory, self._layout_firsts + series * 8, base)
        _U64.pack_into(self._memory, self._layout_counts + series * 8, base + len(klines))
        self._change_generation(series)

    def clear(self, symbol: int, interval: int) -> None:
        """Forget a series, closed bars and forming one."""
        series = symbol * self._layout.max_intervals + interval
        self._rewrite(series, [])
        self._clear_forming(series)

    # --- questions --------------------------------------------------------------------------------------------------

    def count(self, symbol: int, interval: int) -> int:
        """How many closed bars the series holds."""
        series = symbol * self._layout.max_intervals + interval
        return self._counts[series] - self._firsts[series]

    def first_open_ms(self, symbol: int, interval: int) -> int:
        """Open time of the oldest closed bar, or 0."""
        series = symbol * self._layout.max_intervals + interval
        return self._open_ms_at(series, self._firsts[series]) if self.count(symbol, interval) else 0

    def last_open_ms(self, symbol: int, interval: int) -> int:
        """Open time of the newest closed bar, or 0."""
        return self._last_open_ms[symbol * self._layout.max_intervals + interval]

    def forming_open_ms(self, symbol: int, interval: int) -> int:
        """Open time of the forming bar, or 0."""
        return self._forming_open_ms[symbol * self._layout.max_intervals + interval]

    def forming(self, symbol: int, interval: int) -> Kline | None:
        """The forming bar."""
        series = symbol * self._layout.max_intervals + interval
        return self._read_row(series, self._layout.bars, forming=True) if self._forming_open_ms[series] else None

    def bar(self, symbol: int, interval: int, open_ms: int) -> Kline | None:
        """The closed bar of that open time, if it is held."""
        series = symbol * self._layout.max_intervals + interval
        index = self._find(series, open_ms)
        return None if index is None else self._read_row(series, index)

    def _find(self, series: int, open_ms: int) -> int | None:
        """Index of a bar; one look where the series has no holes, else a binary search."""
        first, count = self._firsts[series], self._counts[series]
        if count == first:
            return None
        length_ms = self._lengths_ms[series % self._layout.max_intervals]
        guess = count - 1 - (self._last_open_ms[series] - open_ms) // length_ms
        if first <= guess < count and self._open_ms_at(series, guess) == open_ms:
            return guess
        low, high = first, count
        while low < high:
            middle = (low + high) // 2
            if self._open_ms_at(series, middle) < open_ms:
                low = middle + 1
            else:
                high = middle
        return low if low < count and self._open_ms_at(series, low) == open_ms else None

    def _open_ms_at(self, series: int, index: int) -> int:
        position = series * self._rows + index % self._layout.bars
        return int(_I64.unpack_from(self._memory, self._open_times + position * 8)[0])

    def _read_row(self, series: int, index: int, *, forming: bool = False) -> Kline:
        position = series * self._rows + (index if forming else index % self._layout.bars)
        (open_ms,) = _I64.unpack_from(self._memory, self._open_times + position * 8)
        return Kline(open_ms, *_VALUES.unpack_from(self._memory, self._values + position * 72))


_NOTHING = Kline(0, *[0.0] * 9)
