"""The candle store in the words of the schedule: series by symbol number and interval length."""

from collections.abc import Callable

from engine.base.types import INTERVAL_MS
from engine.candles.writer import Writer


class BarsOf:
    """What the schedule asks of the candles, answered by their writer."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._interval_of: dict[int, int] = {}
        self.live: Callable[[str, str], bool] = lambda _symbol, _interval: True

    def interval(self, length_ms: int) -> int:
        """Number of the interval of that length in the segment; -1 when it has none."""
        number = self._interval_of.get(length_ms)
        if number is None:
            self._interval_of = {INTERVAL_MS[name]: index for index, name in enumerate(self._writer.intervals)}
            number = self._interval_of.get(length_ms, -1)
        return number

    def length_ms(self, interval: int) -> int:
        """Length of the interval with that number."""
        return INTERVAL_MS[self._writer.intervals[interval]]

    def newest_close_ms(self, symbol: int, length_ms: int) -> int:
        interval = self.interval(length_ms)
        if interval < 0 or not self._writer.count(symbol, interval):
            return 0
        return self._writer.last_open_ms(symbol, interval) + length_ms

    def has_bar(self, symbol: int, length_ms: int, open_ms: int) -> bool:
        return self._writer.bar(symbol, self.interval(length_ms), open_ms) is not None

    def is_live(self, symbol: int, length_ms: int) -> bool:
        interval = self.interval(length_ms)
        return interval >= 0 and self.live(self._writer.symbols[symbol], self._writer.intervals[interval])

    def close_of(self, symbol: int, length_ms: int, open_ms: int) -> float:
        """Close price of a closed bar; 0 when the ring does not hold it any more."""
        bar = self._writer.bar(symbol, self.interval(length_ms), open_ms)
        return bar.close if bar is not None else 0.0

    def forming(self, symbol: int, length_ms: int, as_of_ms: int) -> tuple[int, float]:
        """Open time and price of the bar forming at that instant; the last closed one's when none is."""
        interval = self.interval(length_ms)
        bar = self._writer.forming(symbol, interval)
        if bar is None:
            open_ms = self._writer.last_open_ms(symbol, interval)
            return open_ms, self.close_of(symbol, length_ms, open_ms)
        return min(bar.open_time, as_of_ms - as_of_ms % length_ms), bar.close
