"""From the wish (which series, since when) to slots that are watched: the new are opened, those not wished any more released.

Each gets its place in the candles, its gate for the compiled reader and its taker of events. What happens to it afterwards is
decided elsewhere.
"""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from engine.base.errors import CandleError
from engine.base.types import interval_ms
from engine.binance import streams
from engine.candles.bars import window_start_ms
from engine.candles.writer import Writer
from engine.feeds.asks import Tally
from engine.feeds.closes import Announce
from engine.feeds.gates import Gates
from engine.feeds.intake import Intake
from engine.feeds.join import Series
from engine.feeds.needs import Now, Slot
from engine.feeds.watch import Watch


class Wish:
    """Keeps the slots of `watch` to what is wished; `history_bars` is how many bars back history reaches if nothing else is
    said, and without `fetches` no first history is asked for.
    """

    def __init__(
        self,
        writer: Writer,
        watch: Watch,
        gates: Gates,
        intake: Intake,
        tally: Tally,
        announce: Announce,
        *,
        history_bars: int,
        fetches: bool,
    ) -> None:
        self._writer = writer
        self._watch = watch
        self._gates = gates
        self._intake = intake
        self._tally = tally
        self._announce = announce
        self._history_bars = history_bars
        self._fetches = fetches

    def fulfil(
        self, needed: Mapping[str, AbstractSet[str]], from_ms: Mapping[str, int], since_ms: Mapping[str, int], now: Now
    ) -> None:
        """See Feed.require; raises SettingsError for an interval that is not on a regular grid, and when all others are watched,
        SegmentFull or another CandleError for the first that has no place in the candles.
        """
        lengths = {interval: interval_ms(interval) for intervals in needed.values() for interval in intervals}
        wish = {(symbol, interval) for symbol, intervals in needed.items() for interval in intervals}
        self._release([slot for slot in self._watch.slots if (slot.symbol, slot.interval) not in wish])
        opened: list[Slot] = []
        problem: CandleError | None = None
        for symbol, interval in sorted(wish, key=lambda key: (lengths[key[1]], key[0])):
            length_ms = lengths[interval]
            first_ms = from_ms.get(interval)
            if first_ms is None:
                first_ms = window_start_ms(now.exchange_ms, length_ms, self._history_bars)
            first_ms -= first_ms % length_ms
            slot = self._watch.slot(symbol, interval)
            if slot is None:
                try:
                    opened.append(self._open(symbol, interval, length_ms, first_ms, now))
                except CandleError as error:
                    # One name without a place must not keep those behind it from theirs.
                    problem = problem or error
                    continue
                opened[-1].series.since_ms = since_ms.get(interval, math.inf)
            elif first_ms < slot.from_ms:
                slot.from_ms = first_ms
                self._watch.attend(slot)
        self._watch.add(opened, now)
        if problem is not None:
            raise problem

    def _open(self, symbol: str, interval: str, length_ms: int, from_ms: int, now: Now) -> Slot:
        numbers = self._writer.add_symbol(symbol), self._writer.add_interval(interval)
        stream = streams.kline_stream(symbol, interval)
        gate = self._gates.gate(stream, *numbers)
        series = Series(self._writer, *numbers, length_ms, self._announce, self._tally, gate)
        self._intake.streams[stream] = series.take
        if not self._fetches:
            series.start_without_history()
        return Slot(symbol, interval, stream, series, from_ms=from_ms, wished_s=now.monotonic_s)

    def _release(self, slots: Sequence[Slot]) -> None:
        self._watch.remove(slots)
        for slot in slots:
            slot.series.end()
            del self._intake.streams[slot.stream]
            self._writer.clear(self._writer.add_symbol(slot.symbol), self._writer.add_interval(slot.interval))
