"""The worker's picture of the market: as of an instant, for the symbols and intervals of one step. The same for all filters.

A window begins at an anchor that is a pure function of the instant (`engine.candles.bars.window_start_ms`), so a picture
stays valid while instants pass and is made anew, from shared memory, when its anchor moves. Bars that closed later than the
instant may be in a column already, in catching up for instance; nobody sees them. In a forming step every bar there is
counts, and the one in progress is the last.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.base.types import INTERVAL_MS
from engine.candles.bars import window_start_ms
from engine.candles.reader import Reader
from workers.klines import Bars, Ticker, intervals
from workers.memory import Memory
from workers.picture import Picture, Shown
from workers.rings import Rings

#: Anchors held of one interval: symbols that catch up may be before an anchor that others have passed.
ANCHORS_MAX: Final = 2
#: Rows beyond a full window: bars that came after the instant of a forming step, and the forming bar.
ROWS_BEYOND: Final = 66

Questions = tuple[list[tuple[int, Ticker, Mapping[str, Bars]]], tuple[int, ...]]


class Frame:
    """One consistent view for one step. What is made for one filter is shared with the next."""

    def __init__(self, as_of_ms: int, names: Sequence[str], bars: dict[str, dict[int, Bars]]) -> None:
        self.as_of_ms = as_of_ms
        self._names = names
        self._bars = bars
        self._klines: dict[tuple[int, tuple[str, ...]], Any] = {}
        self._tickers: dict[tuple[int, str], Ticker] = {}
        self._questions: dict[tuple[tuple[int, ...], tuple[str, ...]], Questions] = {}

    def questions(self, symbols: tuple[int, ...], read: tuple[str, ...]) -> Questions:
        """For a filter that reads these intervals, shortest first: (symbol, ticker, klines) of the symbols that have a bar in
        each of them, in order, and the symbols that have not.
        """
        key = (symbols, read)
        found = self._questions.get(key)
        if found is None:
            ready = [symbol for symbol in symbols if all(symbol in self._bars[interval] for interval in read)]
            unready = tuple(symbol for symbol in symbols if symbol not in set(ready)) if len(ready) < len(symbols) else ()
            asked = [(symbol, self._ticker(symbol, read[0]), self._klines_of(symbol, read)) for symbol in ready]
            found = self._questions[key] = (asked, unready)
        return found

    def _ticker(self, symbol: int, interval: str) -> Ticker:
        found = self._tickers.get((symbol, interval))
        if found is None:
            made = Ticker(self._names[symbol], self.as_of_ms, self._bars[interval][symbol])
            found = self._tickers[symbol, interval] = made
        return found

    def _klines_of(self, symbol: int, read: tuple[str, ...]) -> Mapping[str, Bars]:
        found: Mapping[str, Bars] | None = self._klines.get((symbol, read))
        if found is None:
            found = self._klines[symbol, read] = intervals({interval: self._bars[interval][symbol] for interval in read})
        return found


class Market:
    """Pictures of all intervals a worker has to do with, brought up to date step by step."""

    def __init__(self, reader: Reader, history_bars: int, memory: Memory) -> None:
        self._rings = Rings(reader)
        self._history_bars = history_bars
        self._memory = memory
        #: By interval, least recently used first.
        self._pictures: dict[str, list[Picture]] = {}

    def step(self, as_of_ms: int, forming: bool, symbols: Sequence[int], needs: Mapping[str, frozenset[str]]) -> Frame:
        """Bring what is needed up to date: for each interval, these fields of these symbols.

        A symbol without a bar in an interval as of then is simply not there in that interval.
        """
        self._memory.begin_step()
        wanted = list(symbols)
        bars: dict[str, dict[int, Bars]] = {}
        for interval, fields in needs.items():
            number = self._rings.interval(interval)
            if number is None:
                bars[interval] = {}
                continue
            picture = self._picture(interval, number, as_of_ms, wanted, fields)
            picture.update(self._rings, wanted, forming)
            bars[interval] = self._bars_of(picture, wanted, as_of_ms, INTERVAL_MS[interval], forming)
        return Frame(as_of_ms, self._rings.symbol_names(max(wanted, default=-1)), bars)

    @property
    def bytes(self) -> int:
        """Memory of all pictures."""
        return sum(picture.bytes for held in self._pictures.values() for picture in held)

    def close(self) -> None:
        """Let go of shared memory; nothing can be asked any more."""
        self._rings.close()

    def _bars_of(self, picture: Picture, symbols: list[int], as_of_ms: int, length_ms: int, forming: bool) -> dict[int, Bars]:
        lanes = picture.step_lanes.tolist()
        if forming:
            closed, rows = picture.closed[picture.step_lanes].tolist(), picture.filled_rows()
        else:
            closed = rows = picture.closed_rows(as_of_ms, length_ms)
        found = {
            symbol: Bars(self._memory, picture, lane, seen, ended)
            for symbol, lane, seen, ended in zip(symbols, lanes, rows, closed, strict=True)
            if seen
        }
        shown, counts = [lane for lane, seen in zip(lanes, rows, strict=True) if seen], [seen for seen in rows if seen]
        even = len(set(counts)) == 1 and shown == list(range(len(shown)))
        picture.shown = Shown(shown, counts, even)
        return found

    def _picture(self, interval: str, number: int, as_of_ms: int, symbols: list[int], fields: frozenset[str]) -> Picture:
        anchor_ms = window_start_ms(as_of_ms, INTERVAL_MS[interval], self._history_bars)
        held = self._pictures.setdefault(interval, [])
        for place, picture in enumerate(held):
            if picture.anchor_ms == anchor_ms:
                held.append(held.pop(place))
                if fields <= picture.fields and picture.has_room_for(symbols):
                    return picture
                fields, symbols = fields | picture.fields, [*picture.lanes, *symbols]
                self._drop(held, picture)
                break
        if held:
            # Symbols and fields of before will be asked for again.
            fields |= held[-1].fields
        while len(held) >= ANCHORS_MAX:
            self._drop(held, held[0])
        lanes_max = -(-max(len(set(symbols)) * 5 // 4, 16) // 8) * 8
        picture = Picture(number, anchor_ms, self._history_bars + ROWS_BEYOND, lanes_max, fields)
        held.append(picture)
        return picture

    def _drop(self, held: list[Picture], picture: Picture) -> None:
        held.remove(picture)
        self._memory.forget(picture)
