"""The one writer of a segment: appends closed bars, replaces the forming one, merges history.

Why readers are safe: a bar is counted after its row is complete; the oldest index is moved before its row is used again; a
series whose counted bars change has an odd generation while they do. How single stores are made: `engine.candles.rows`.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from engine.base.errors import CandleError, SegmentFull
from engine.base.types import Kline, interval_ms
from engine.candles import layout
from engine.candles.bars import merge
from engine.candles.rows import Packed, Rows, packed
from engine.candles.segment import Segment


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
    """How many bars of a batch were new at the end, new before the end, changed, known; only those that are held now count."""

    appended: int
    prepended: int
    revised: int
    duplicates: int


# Looking up a member of an Enum costs as much as a store.
_APPENDED, _GAP = Outcome.APPENDED, Outcome.GAP


class Writer:
    """All writing to one segment, from one thread of one process."""

    def __init__(self, segment: Segment) -> None:
        if not segment.writable:
            raise CandleError("segment is mapped read-only", "attach", "only its creator writes")
        self.segment = segment
        self._layout = shape = segment.layout
        self._memory_rows = Rows(segment)
        self._write_row = self._memory_rows.write
        self._set_count = self._memory_rows.set_count
        self._max_intervals = shape.max_intervals
        self._bars = shape.bars
        self._numbers: dict[str, int] = {}
        self._interval_numbers: dict[str, int] = {}
        #: Names by number; grow only.
        self.symbols: list[str] = []
        self.intervals: list[str] = []
        self._lengths_ms: list[int] = []
        self._rows = shape.rows
        #: Mirrors of what stands in shared memory, as Python reads lists faster.
        self._counts = [0] * shape.series
        self._firsts = [0] * shape.series
        self._last_open_ms = [0] * shape.series

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
        self.segment.memory[start : start + width] = encoded.ljust(width, b"\0")
        names.append(name)
        self.segment.words[count_offset // 8] = len(names)
        return len(names) - 1

    # --- single bars ------------------------------------------------------------------------------------------------

    def put_closed(self, symbol: int, interval: int, kline: Kline) -> Outcome:
        """Take in a closed bar; see Outcome. A bar of the same open time that differs is revised: the last word wins."""
        series = symbol * self._max_intervals + interval
        count = self._counts[series]
        first = self._firsts[series]
        open_ms = kline[0]
        if count > first:
            behind_ms = open_ms - self._last_open_ms[series]
            if behind_ms <= 0:
                return self._again(series, kline)
            if behind_ms != self._lengths_ms[interval]:
                return _GAP
            if count - first == self._bars:
                self._move_first(series, first + 1)
        self._write_row(series * self._rows + count % self._bars, kline)
        self._counts[series] = count + 1
        self._last_open_ms[series] = open_ms
        self._set_count(series, count + 1)
        # Read from memory, not from a mirror: a compiled reader may have written the forming bar (`forming_places`).
        if open_ms >= self._forming_ms(series) > 0:
            self._clear_forming(series)
        return _APPENDED

    def put_forming(self, symbol: int, interval: int, kline: Kline) -> None:
        """Replace the forming bar; one that is not newer than the newest closed bar is ignored."""
        series = symbol * self._max_intervals + interval
        open_ms = kline[0]
        if open_ms > self._last_open_ms[series]:
            self._write_row(series * self._rows + self._bars, kline)

    def _again(self, series: int, kline: Kline) -> Outcome:
        """A bar that is not newer than the newest."""
        index = self._find(series, kline.open_time)
        if index is None:
            if kline.open_time < self._open_ms_at(series, self._firsts[series]):
                return Outcome.OLD
            self._merge(series, [kline])
            return Outcome.REVISED
        if self._read_row(series, index) == kline:
            return Outcome.DUPLICATE
        self._memory_rows.begin_change(series)
        self._write_row(series * self._rows + index % self._bars, kline)
        self._memory_rows.end_change(series)
        return Outcome.REVISED

    def _move_first(self, series: int, index: int) -> None:
        self._firsts[series] = index
        self._memory_rows.set_first(series, index)

    def forming_places(self, symbol: int, interval: int) -> tuple[int, int, int]:
        """Where the forming bar stands, for whoever writes it besides: offsets in bytes of sequence, open time, values.

        That one keeps to the order of `engine.candles.rows`, runs in this thread, and writes only bars newer than the
        newest closed one.
        """
        return self._memory_rows.places((symbol * self._max_intervals + interval) * self._rows + self._bars)

    def _forming_ms(self, series: int) -> int:
        return self._memory_rows.open_ms(series * self._rows + self._bars)

    def _clear_forming(self, series: int) -> None:
        self._memory_rows.blank(series * self._rows + self._bars)

    # --- many bars --------------------------------------------------------------------------------------------------

    def put_history(self, symbol: int, interval: int, klines: Sequence[Kline]) -> HistoryOutcome:
        """Merge closed bars in any order; ranges missing inside the result are holes of the exchange and stay."""
        series = symbol * self._max_intervals + interval
        outcome = self._merge(series, klines)
        if 0 < self._forming_ms(series) <= self._last_open_ms[series]:
            self._clear_forming(series)
        return outcome

    def _merge(self, series: int, klines: Sequence[Kline]) -> HistoryOutcome:
        given = merge(klines)
        newest_ms = self._last_open_ms[series]
        if not given or given[0].open_time > newest_ms:
            fresh = given[-self._bars :]
            self._extend(series, fresh)
            return HistoryOutcome(len(fresh), 0, 0, 0)
        held = {kline.open_time: kline for kline in self._held(series)}
        kept = merge(held.values(), given)[-self._bars :]
        given = [kline for kline in given if kline.open_time >= kept[0].open_time]
        fresh = [kline for kline in given if kline.open_time > newest_ms]
        known = sum(held.get(kline.open_time) == kline for kline in given)
        revised = sum(kline.open_time in held for kline in given) - known
        prepended = len(given) - len(fresh) - known - revised
        if prepended or revised:
            self._rewrite(series, packed(kept))
        else:
            self._extend(series, fresh)
        return HistoryOutcome(len(fresh), prepended, revised, known)

    def _held(self, series: int) -> list[Kline]:
        """All closed bars, oldest first."""
        first, count = self._firsts[series], self._counts[series]
        base, start = series * self._rows, first % self._bars
        head = min(count - first, self._bars - start)
        read = self._memory_rows.read_many
        return [*read(base + start, head), *read(base, count - first - head)]

    def _extend(self, series: int, klines: Sequence[Kline]) -> None:
        # Bars that leave no older one are a change of all that is held: meanwhile readers shall wait, not find nothing.
        if len(klines) == self._bars and self._counts[series] > self._firsts[series]:
            self._rewrite(series, packed(klines))
        else:
            self._append_many(series, packed(klines))

    def _append_many(self, series: int, rows: Packed) -> None:
        """Bars newer than all that are held, at most as many as there are rows."""
        size = len(rows.open_times)
        if not size:
            return
        count, base = self._counts[series], series * self._rows
        if count + size - self._firsts[series] > self._bars:
            self._move_first(series, count + size - self._bars)
        start = count % self._bars
        head = min(size, self._bars - start)
        self._memory_rows.write_many(base + start, rows.part(0, head))
        if head < size:
            self._memory_rows.write_many(base, rows.part(head, size))
        self._counts[series] = count + size
        self._last_open_ms[series] = rows.open_times[-1]
        self._set_count(series, count + size)

    def _rewrite(self, series: int, rows: Packed) -> None:
        """Put other bars in place of all that are held; readers see an odd generation meanwhile."""
        self._memory_rows.begin_change(series)
        self._move_first(series, self._counts[series])
        self._last_open_ms[series] = 0
        self._append_many(series, rows)
        self._memory_rows.end_change(series)

    def clear(self, symbol: int, interval: int) -> None:
        """Forget a series, closed bars and forming one."""
        series = symbol * self._max_intervals + interval
        self._rewrite(series, packed([]))
        self._clear_forming(series)

    # --- questions --------------------------------------------------------------------------------------------------

    def count(self, symbol: int, interval: int) -> int:
        """How many closed bars the series holds."""
        series = symbol * self._max_intervals + interval
        return self._counts[series] - self._firsts[series]

    def first_open_ms(self, symbol: int, interval: int) -> int:
        """Open time of the oldest closed bar, or 0."""
        series = symbol * self._max_intervals + interval
        return self._open_ms_at(series, self._firsts[series]) if self.count(symbol, interval) else 0

    def last_open_ms(self, symbol: int, interval: int) -> int:
        """Open time of the newest closed bar, or 0."""
        return self._last_open_ms[symbol * self._max_intervals + interval]

    def forming_open_ms(self, symbol: int, interval: int) -> int:
        """Open time of the forming bar, or 0."""
        return self._forming_ms(symbol * self._max_intervals + interval)

    def forming(self, symbol: int, interval: int) -> Kline | None:
        """The forming bar."""
        series = symbol * self._max_intervals + interval
        return self._memory_rows.read(series * self._rows + self._bars) if self._forming_ms(series) else None

    def bar(self, symbol: int, interval: int, open_ms: int) -> Kline | None:
        """The closed bar of that open time, if it is held."""
        series = symbol * self._max_intervals + interval
        index = self._find(series, open_ms)
        return None if index is None else self._read_row(series, index)

    def _find(self, series: int, open_ms: int) -> int | None:
        """Index of a bar; one look where the series has no holes, else a binary search."""
        first, count = self._firsts[series], self._counts[series]
        if count == first:
            return None
        length_ms = self._lengths_ms[series % self._max_intervals]
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
        return self._memory_rows.open_ms(series * self._rows + index % self._bars)

    def _read_row(self, series: int, index: int) -> Kline:
        return self._memory_rows.read(series * self._rows + index % self._bars)
