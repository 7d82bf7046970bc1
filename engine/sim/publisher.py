"""Sends what is due to who listens: one loop over the timetable, one encoding an event, however many the listeners."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from engine.base.types import Kline
from engine.sim import messages, streams
from engine.sim.rolling import Ticker
from engine.sim.streams import Stream
from engine.sim.timetable import Due, Pace, Timetable
from engine.sim.world import World

log = logging.getLogger(__name__)

#: Events made before others get a turn.
BATCH: Final = 200
#: Shortest sleep; what falls due within it goes out together.
SLEEP_MIN_S: Final = 0.001


class Event:
    """One event in the forms listeners want, each written when first asked for."""

    __slots__ = ("_frames", "_write", "again", "closed", "stream")

    def __init__(self, stream: Stream, write: Callable[[int], str], *, closed: bool = False, again: bool = False) -> None:
        self.stream = stream
        #: Whether it is the last word on a bar, and whether such a word was sent before.
        self.closed, self.again = closed, again
        self._write = write
        self._frames: dict[tuple[int, bool], bytes] = {}

    def frame(self, unit: int, combined: bool) -> bytes:
        """The text of the event, raw or wrapped with the name of its stream, times in ms (unit 1) or µs (1000)."""
        frame = self._frames.get((unit, combined))
        if frame is None:
            text = self._write(unit)
            if combined:
                text = f'{{"stream":"{self.stream.name}","data":{text}}}'
            frame = self._frames[unit, combined] = text.encode()
        return frame


class Listener(Protocol):
    """Who takes events."""

    def deliver(self, event: Event) -> None:
        """Take one event, without waiting."""


class Publisher:
    """The streams that somebody listens to, and the loop that fills them."""

    def __init__(self, world: World, seed: int, pace: Pace | None = None) -> None:
        self._world = world
        self._market = world.market
        self._tape = world.tape
        self._faults = world.faults
        self._rolling = world.rolling
        self._clock = clock = world.clock
        self._timetable = Timetable(speed=clock.speed, seed=seed, until_ms=clock.until_ms, pace=pace)
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._last_trades: dict[str, int] = {}
        self._last_ids: dict[str, dict[str, int]] = {}
        self._prepared: dict[str, tuple[int, int, Kline | None]] = {}
        self._changed = asyncio.Event()
        self._told_end = False

    def subscribe(self, listener: Listener, names: Iterable[str]) -> None:
        """Add a listener to streams; the first kline stream lets a held clock run."""
        awaited = False
        for name in names:
            stream = streams.parse(name, self._tape.market)
            if stream is None:
                continue
            if name not in self._listeners:
                self._begin(stream)
            self._listeners[name][listener] = None
            awaited = awaited or stream.kind == "kline"
        if awaited and self._clock.held:
            log.info("first kline stream subscribed: time begins to run")
            self._clock.release()
        self._changed.set()

    def unsubscribe(self, listener: Listener, names: Iterable[str]) -> None:
        """Take a listener off streams; one that nobody listens to is no longer made."""
        for name in names:
            listeners = self._listeners.get(name)
            if listeners is None:
                continue
            listeners.pop(listener, None)
            if not listeners:
                del self._listeners[name]
                self._prepared.pop(name, None)
                self._timetable.remove(name)

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._changed.clear()
            # One instant for the whole batch: an update must not see the bar after the one whose close is still due.
            now_ms = self._clock.now_ms()
            due = self._timetable.take(now_ms, BATCH)
            for one in due:
                self._publish(one, now_ms)
            self._prepare()
            if len(due) == BATCH:
                await asyncio.sleep(0)
            else:
                await self._rest()

    async def _rest(self) -> None:
        """Sleep until something is due or somebody subscribes."""
        if self._clock.ended and not self._told_end:
            self._told_end = True
            log.info("the simulated time has ended; streams are silent from here on")
        next_ms = self._timetable.next_ms()
        wait_s = 3600.0 if next_ms is None else min(max(self._clock.real_s_until(next_ms), SLEEP_MIN_S), 3600.0)
        if self._clock.until_ms is not None and not self._told_end:
            wait_s = min(wait_s, max(self._clock.real_s_until(self._clock.until_ms), SLEEP_MIN_S))
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            return

    def _begin(self, stream: Stream) -> None:
        now_ms = self._clock.now_ms()
        self._listeners[stream.name] = {}
        self._timetable.add(stream, now_ms)
        self._last_trades.pop(stream.name, None)
        if stream.kind != "kline":
            # Only changes are told, so what is known to begin with is what is there now.
            self._last_ids[stream.name] = {ticker.symbol: ticker.last_id for ticker in self._tickers(stream, now_ms)}

    def _publish(self, due: Due, now_ms: int) -> None:
        stream = due.stream
        if stream.kind != "kline":
            event = self._ticker_event(stream, now_ms)
        elif due.kind == "close":
            event = self._close_event(stream, due.open_ms, now_ms)
        else:
            event = self._update_event(stream, now_ms)
        self._deliver(event)
        if due.kind == "close" and self._faults.has("closes"):
            self._deliver(self._revision_event(stream, due.open_ms, now_ms))

    def _deliver(self, event: Event | None) -> None:
        if event is not None:
            for listener in self._listeners[event.stream.name]:
                listener.deliver(event)

    def _revision_event(self, stream: Stream, open_ms: int, now_ms: int) -> Event | None:
        """Where a fault has it, an earlier bar changed, now that the one that opened at `open_ms` closes."""
        assert stream.grid is not None
        running = self._faults.strike("revise", time.monotonic(), stream.symbol, stream.interval)
        if running is None:
            return None
        for _ in range(int(running.number_of("back"))):
            open_ms = stream.grid.open_of(open_ms - 1)
        bar = self._tape.revise(stream.symbol, stream.grid, open_ms, now_ms)
        return None if bar is None else self._kline_event(stream, bar, now_ms, closed=True, again=True)

    def _close_event(self, stream: Stream, open_ms: int, now_ms: int) -> Event | None:
        """The final event of a bar; none where the market has a hole, and no more streams where it ends."""
        assert stream.grid is not None
        listing = self._tape.market.listings[stream.symbol]
        if listing.end_ms is not None and stream.grid.next_open(open_ms) >= listing.end_ms:
            log.info("no more candles of %s after %d: stream %s ends", stream.symbol, listing.end_ms, stream.name)
            self._timetable.remove(stream.name)
        prepared = self._prepared.pop(stream.name, None)
        if prepared is not None and prepared[:2] == (open_ms, self._market.version):
            bar = prepared[2]
        else:
            bar = self._tape.final(stream.symbol, stream.grid, open_ms)
        self._last_trades.pop(stream.name, None)
        if bar is None:
            return None
        return self._kline_event(stream, bar, now_ms, closed=True)

    def _prepare(self) -> None:
        """Make one bar before it is over: at the full hour thousands are due at once, and the market knows its future."""
        opened = self._timetable.opened()
        if opened is not None:
            stream, open_ms = opened
            assert stream.grid is not None
            bar = self._tape.final(stream.symbol, stream.grid, open_ms)
            self._prepared[stream.name] = (open_ms, self._market.version, bar)

    def _update_event(self, stream: Stream, now_ms: int) -> Event | None:
        """The forming bar, if it was traded since it was last told."""
        assert stream.grid is not None
        bar = None if self._market.halted(stream.symbol) else self._tape.forming(stream.symbol, stream.grid, now_ms)
        if bar is None or int(bar.trades) == self._last_trades.get(stream.name, 0):
            return None
        self._last_trades[stream.name] = int(bar.trades)
        return self._kline_event(stream, bar, now_ms, closed=False)

    def _kline_event(self, stream: Stream, bar: Kline, now_ms: int, *, closed: bool, again: bool = False) -> Event:
        assert stream.grid is not None
        close_time_ms = stream.grid.next_open(bar.open_time) - 1
        first_trade = self._tape.first_trade(stream.symbol, bar.open_time)
        event_ms = self._world.shown_ms(now_ms)

        def write(unit: int) -> str:
            return messages.kline_event(
                *(stream.symbol, stream.interval, bar),
                close_time_ms=close_time_ms,
                event_ms=event_ms,
                closed=closed,
                first_trade=first_trade,
                unit=unit,
            )

        return Event(stream, write, closed=closed, again=again)

    def _ticker_event(self, stream: Stream, now_ms: int) -> Event | None:
        """Tickers that changed since they were last told."""
        known = self._last_ids[stream.name]
        changed = [ticker for ticker in self._tickers(stream, now_ms) if ticker.last_id != known.get(ticker.symbol)]
        if not changed:
            return None
        known.update((ticker.symbol, ticker.last_id) for ticker in changed)
        event_ms = self._world.shown_ms(now_ms)
        one = messages.ticker_event if stream.kind == "ticker" else messages.mini_ticker_event

        def write(unit: int) -> str:
            texts = ",".join(one(ticker, event_ms, unit) for ticker in changed)
            return f"[{texts}]" if stream.kind == "all_mini_tickers" else texts

        return Event(stream, write)

    def _tickers(self, stream: Stream, now_ms: int) -> list[Ticker]:
        symbols = self._tape.market.listings if stream.kind == "all_mini_tickers" else (stream.symbol,)
        return [self._rolling.ticker(symbol, now_ms) for symbol in symbols]
