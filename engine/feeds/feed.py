"""Market data of one engine: from the wish (which symbols, which intervals, since when) to candles that are complete and live.

The composition of this room. Every pass compares the wish with the world, a few times a second, and mends the difference:
streams that are not subscribed, history that is not there, closes that stay out, connections that fell silent. Nothing depends
on having seen every event.
"""

import asyncio
import contextlib
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from engine.base.clock import ExchangeClock
from engine.base.errors import SettingsError
from engine.base.settings import Settings
from engine.base.types import Kline, interval_ms
from engine.binance import streams
from engine.binance.limits import Budget
from engine.binance.messages import SymbolInfo
from engine.binance.rest import RestClient
from engine.candles.bars import window_start_ms
from engine.candles.writer import Writer
from engine.feeds import universe
from engine.feeds.asks import Ask, Tally
from engine.feeds.connections import Connections
from engine.feeds.freshness import State
from engine.feeds.gates import Gates
from engine.feeds.history import History
from engine.feeds.intake import Intake
from engine.feeds.join import Series
from engine.feeds.needs import Now, Slot
from engine.feeds.recording import Recorder
from engine.feeds.timekeeper import Timekeeper

log = logging.getLogger(__name__)

#: Longest time between two passes, in seconds.
PASS_PAUSE_S = 0.25

OnClosed = Callable[[int, int, int], None]
OnState = Callable[[Mapping[str, int]], None]


class Feed:
    """Writes the bars that are wished into the candles and tells of each close.

    `on_closed(symbol, interval, open_ms)`, numbers as in the writer's tables, is called once for every bar that closes by
    live event, repair or catch-up, in the order of time within a series; not for the first history. `on_state(counts)` is
    called when the numbers of series per state change, `on_progress(done, total)` when a first history has come.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        clock: ExchangeClock,
        on_closed: OnClosed,
        on_state: OnState | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._clock = clock
        self._on_closed = on_closed
        self._on_state = on_state
        self._on_progress = on_progress
        self._grace_ms = float(settings.close_grace_ms)
        self.rest = RestClient(
            settings.binance_api_url or streams.REST_URL,
            timeout_s=settings.rest_timeout_s,
            retries=settings.rest_retries,
            budget=Budget(settings.weight_limit_percent),
            connections=settings.rest_concurrency,
        )
        self._recorder: Recorder | None = None
        if settings.record_dir:
            self._recorder = Recorder(settings.record_dir, settings.record_max_mb)
            self.rest.on_reply = self._recorder.reply
        self._keeper = Timekeeper(self.rest, clock)
        self._tally = Tally()
        self._gates = Gates(writer)
        self._intake = Intake(self._gates)
        self._history = History(self.rest, settings.rest_concurrency, self._keeper.sure_ms, self._deliver)
        self._connections = Connections(
            streams.stream_url(settings.binance_ws_url or streams.STREAM_URL),
            self._intake.take,
            self._subscribed,
            self._lost,
            max_streams=settings.max_streams_per_connection,
            silence_ms=settings.silence_ms,
            tap=self._recorder.tap if self._recorder else None,
        )
        self._slots: dict[tuple[str, str], Slot] = {}
        self._by_stream: dict[str, Slot] = {}
        self._symbols: list[SymbolInfo] = []
        self._symbols_fresh = False
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._counts: dict[str, int] = {}
        #: The universe, most traded first.
        self.ranked: list[str] = []
        #: Every symbol that the exchange trades now.
        self.listed: frozenset[str] = frozenset()

    # --- start and end ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Measure the exchange's clock, read its symbols and limits, begin to mend.

        Raises ExchangeUnreachable and the other errors of RestClient when the exchange does not answer after all retries,
        RecordingError when `record_dir` cannot be written.
        """
        try:
            if self._recorder is not None:
                self._recorder.start()
            await self._keeper.measure()
            await self._read_symbols()
        except BaseException:
            self._intake.close()
            await self._end_requests()
            raise
        self._history.start()
        if self._settings.ingest == "auto":
            self._spawn(self._intake.quicken(self._settings.home_path / "cache"), "reader")
        self._spawn(self._keeper.follow_forever(), "time")
        self._spawn(self._mend_forever(), "mend")

    async def close(self) -> None:
        """End all connections and tasks; the candles stay as they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._history.close()
        await self._connections.close()
        self._intake.close()
        await self._end_requests()

    async def _end_requests(self) -> None:
        await self.rest.close()
        if self._recorder is not None:
            await self._recorder.close()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"feed {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- symbols ----------------------------------------------------------------------------------------------------

    async def resolve_universe(self) -> list[str]:
        """The universe that the settings ask for, most traded first; raises SettingsError naming an unknown symbol."""
        if not self._symbols_fresh:
            await self._read_symbols()
        self._symbols_fresh = False
        tickers = await self.rest.ticker_24hr()
        settings = self._settings
        ranked = universe.rank(self._symbols, tickers, settings.quote_asset)
        self.ranked = universe.choose(settings.symbols, ranked, self._symbols, settings.max_symbols)
        return self.ranked

    async def _read_symbols(self) -> None:
        info = await self.rest.exchange_info()
        self._symbols, self._symbols_fresh = info.symbols, True
        self.listed = frozenset(symbol.symbol for symbol in info.symbols if universe.is_listed(symbol))

    # --- the wish ---------------------------------------------------------------------------------------------------

    async def require(
        self,
        needed: Mapping[str, AbstractSet[str]],
        history_from_ms: Mapping[str, int] | None = None,
        since_ms: Mapping[str, int] | None = None,
    ) -> None:
        """Make `needed` (intervals by symbol) the whole wish: new series come, others go, those that stay are not touched.

        `history_from_ms` says by interval from which open time bars are needed (default: one window of history);
        `since_ms` by interval that bars of the first history which open later are announced too. Returns at once; `ready`
        tells when a series is there. Raises SettingsError for an unknown symbol or interval, SegmentFull without room.
        """
        lengths = {interval: interval_ms(interval) for intervals in needed.values() for interval in intervals}
        for symbol in needed:
            if symbol not in self.listed:
                raise SettingsError("symbol is not traded at the exchange", symbol, "write names as BTCUSDT")
        wish = {(symbol, interval) for symbol, intervals in needed.items() for interval in intervals}
        for key in self._slots.keys() - wish:
            self._release(self._slots.pop(key))
        now_ms = self._clock.now_ms()
        for symbol, interval in sorted(wish, key=lambda key: (lengths[key[1]], key[0])):
            length_ms = lengths[interval]
            from_ms = (history_from_ms or {}).get(interval)
            if from_ms is None:
                from_ms = window_start_ms(now_ms, length_ms, self._settings.history_bars)
            slot = self._slots.get((symbol, interval))
            if slot is None:
                slot = self._open(symbol, interval, length_ms, (since_ms or {}).get(interval, math.inf))
                slot.from_ms = from_ms - from_ms % length_ms
            slot.from_ms = min(slot.from_ms, from_ms - from_ms % length_ms)
        self._wake.set()

    def _open(self, symbol: str, interval: str, length_ms: int, since_ms: float) -> Slot:
        numbers = self._writer.add_symbol(symbol), self._writer.add_interval(interval)
        stream = streams.kline_stream(symbol, interval)
        gate = self._gates.gate(stream, *numbers)
        series = Series(self._writer, *numbers, length_ms, self._announce, self._tally, gate)
        series.since_ms = since_ms
        slot = Slot(symbol, interval, stream, series, from_ms=0, wished_s=time.monotonic())
        self._slots[symbol, interval] = slot
        self._by_stream[stream] = slot
        self._intake.streams[stream] = series.take
        if not self._settings.enable_historical_fetch:
            series.start_without_history()
        return slot

    def _release(self, slot: Slot) -> None:
        slot.released = True
        slot.series.end()
        del self._by_stream[slot.stream]
        del self._intake.streams[slot.stream]
        self._writer.clear(self._writer.add_symbol(slot.symbol), self._writer.add_interval(slot.interval))

    def ready(self, symbol: str, interval: str) -> bool:
        """Whether that series has all its wished history and is live."""
        slot = self._slots.get((symbol, interval))
        return slot is not None and slot.is_ready

    # --- how it is --------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, int]:
        """How many series are live, repairing, stale, without data."""
        now = self._now()
        found = Counter(slot.state(now, self._grace_ms) for slot in self._slots.values())
        return {state.value: found[state] for state in State}

    @property
    def progress(self) -> tuple[int, int]:
        """How many series have their first history, of how many."""
        return sum(slot.series.is_joined for slot in self._slots.values()), len(self._slots)

    @property
    def problem(self) -> str:
        """Why something does not come now, in one line; empty when nothing is wrong."""
        return self._connections.problem or self._history.last_failure

    @property
    def recording_problem(self) -> str:
        """Why the recording that was asked for has stopped; empty when it has not, or none was."""
        return self._recorder.problem if self._recorder is not None else ""

    @property
    def stats(self) -> dict[str, int]:
        """What happened since the start, counted."""
        tally = self._tally
        return {
            "frames": self._intake.frames,
            "malformed": self._intake.malformed,
            "invalid": tally.invalid,
            "closed": tally.closed,
            "forming": tally.forming + self._intake.quick,
            "forming_compiled": self._intake.quick,
            "duplicates": tally.duplicates,
            "revised": tally.revised,
            "late": tally.late,
            "out_of_order": tally.out_of_order,
            "gaps": tally.gaps,
            "repaired": tally.repaired,
            "holes": tally.holes,
            **self._connections.stats,
            "streams": len(self._by_stream),
            "history_pages": self._history.pages,
            "history_failures": self._history.failures,
            "rest_requests": self.rest.requests,
            "weight_used": self.rest.budget.used,
            **(self._recorder.stats if self._recorder is not None else {}),
        }

    # --- mending ----------------------------------------------------------------------------------------------------

    async def _mend_forever(self) -> None:
        while True:
            try:
                self._mend()
            except Exception:
                # A pass that fails is followed by another: nothing is worse than a feed that stands still.
                log.exception("a pass over the feed failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PASS_PAUSE_S):
                    await self._wake.wait()
            self._wake.clear()

    def _mend(self) -> None:
        """One pass."""
        self._keeper.heard(max((slot.series.event_ms for slot in self._slots.values()), default=0))
        self._tally.horizon_ms = self._gates.horizon_ms = self._keeper.horizon_ms()
        self._connections.mend(list(self._by_stream))
        now = self._now()
        for slot in self._slots.values():
            ask = slot.next_ask(now, self._grace_ms)
            if ask is not None:
                self._history.want(slot, ask)
        self._tell_state()

    def _subscribed(self, names: Sequence[str]) -> None:
        now_ms = self._clock.now_ms()
        for name in names:
            slot = self._by_stream.get(name)
            if slot is not None:
                slot.subscribed = True
                slot.lost_until_ms = now_ms
        self._spawn(self._keeper.started(), "time")
        self._wake.set()

    def _lost(self, names: Sequence[str]) -> None:
        for name in names:
            slot = self._by_stream.get(name)
            if slot is not None:
                slot.subscribed = False

    def _deliver(self, slot: Slot, ask: Ask, rows: list[Kline], sure_ms: float, full: bool) -> Ask | None:
        before_ms = slot.series.settled_ms
        rest = slot.series.fill(ask, rows, sure_ms, full=full)
        if rest is not None:
            slot.asking = rest
            return rest
        progress = ask.first or ask.older or slot.series.settled_ms > before_ms
        slot.answered(progress, time.monotonic(), random.random)
        self._wake.set()
        if ask.first and self._on_progress is not None:
            self._on_progress(*self.progress)
        return None

    def _announce(self, symbol: int, interval: int, open_ms: int) -> None:
        try:
            self._on_closed(symbol, interval, open_ms)
        except Exception:
            # The bar is stored and counted; a listener's mistake must not stop those that follow.
            log.exception("a listener failed on a closed bar")

    def _tell_state(self) -> None:
        counts = self.states()
        if counts != self._counts:
            self._counts = counts
            if self._on_state is not None:
                self._on_state(counts)

    def _now(self) -> Now:
        return Now(self._clock.now_ms(), time.monotonic(), self._clock.rate)
