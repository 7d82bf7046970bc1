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
from collections.abc import Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from engine.base.clock import ExchangeClock
from engine.base.errors import SettingsError
from engine.base.settings import Settings
from engine.base.types import Kline
from engine.binance import streams
from engine.binance.limits import Budget
from engine.binance.rest import RestClient
from engine.candles.writer import Writer
from engine.feeds.asks import Ask, Tally
from engine.feeds.connections import Connections
from engine.feeds.facts import ClockFacts, SeriesFacts, facts_of
from engine.feeds.freshness import State
from engine.feeds.gates import Gates
from engine.feeds.history import History
from engine.feeds.incidents import Incidents
from engine.feeds.intake import Intake
from engine.feeds.lag import EventLags, Quantiles
from engine.feeds.market import Market
from engine.feeds.needs import Now, Slot
from engine.feeds.news import News
from engine.feeds.parts import Progress, Waiting
from engine.feeds.recording import Recorder
from engine.feeds.timekeeper import Timekeeper
from engine.feeds.watch import Watch
from engine.feeds.wish import Wish

log = logging.getLogger(__name__)

#: Longest time between two passes, in seconds.
PASS_PAUSE_S = 0.25
#: Shortest time between two, in seconds, and how many times as long as a pass took.
PASS_PAUSE_MIN_S = 0.02
PASS_REST = 10.0
#: So often the connections are led to the wish although it did not change, in seconds.
CONNECTIONS_PAUSE_S = 1.0
#: Silence is asked about while less than this share of the weight we allow ourselves is used.
QUESTIONS_SHARE = 0.7

OnClosed = Callable[[int, int, int], None]
OnState = Callable[[Mapping[str, int]], None]


class Feed:
    """Writes the bars that are wished into the candles and tells of each close.

    `on_closed(symbol, interval, open_ms)`, numbers as in the writer's tables, is called once for every bar that closes by
    live event, repair or catch-up, in the order of time within a series; not for the first history. `on_state(counts)` is
    called when the numbers of series per state change, `on_progress(done, total)` when a first history has come. In
    `state_dir` is remembered what the exchange holds against this address: attempts to connect, and bans.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        clock: ExchangeClock,
        on_closed: OnClosed,
        on_state: OnState | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        state_dir: Path | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_closed = on_closed
        self._on_state = on_state
        self._on_progress = on_progress
        self._grace_ms = float(settings.close_grace_ms)
        self.rest = RestClient(
            settings.binance_api_url or ",".join(streams.REST_URLS),
            timeout_s=settings.rest_timeout_s,
            retries=settings.rest_retries,
            budget=Budget(settings.weight_limit_percent),
            connections=settings.rest_concurrency,
            state_dir=state_dir,
        )
        self._recorder: Recorder | None = None
        if settings.record_dir:
            self._recorder = Recorder(settings.record_dir, settings.record_max_mb)
            self.rest.on_reply = self._recorder.reply
        self.market = Market(settings, self.rest, clock)
        self._keeper = Timekeeper(self.rest, clock)
        self._tally = Tally(settings.price_jump_percent / 100 or math.inf)
        self._news = News(self._tally.incidents)
        self._gates = Gates(writer)
        self._intake = Intake(self._gates)
        self._history = History(self.rest, settings.rest_concurrency, clock, self._keeper.sure_ms, self._deliver)
        self.connections = Connections(
            settings.binance_ws_url or ",".join(streams.STREAM_URLS),
            self._intake.take,
            self._subscribed,
            self._lost,
            max_streams=settings.max_streams_per_connection,
            silence_ms=settings.silence_ms,
            max_age_s=settings.connection_max_age_s,
            state_dir=state_dir,
            tap=self._recorder.tap if self._recorder else None,
        )
        self.rest.on_recovered = self._recovered
        self._watch = Watch(self._grace_ms)
        self._wish = Wish(
            writer,
            self._watch,
            self._gates,
            self._intake,
            self._tally,
            self._announce,
            history_bars=settings.history_bars,
            fetches=settings.enable_historical_fetch,
        )
        self._lags = EventLags(clock)
        self._connected_s = 0.0
        self._jumps = 0
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._counts: dict[str, int] = {}

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
            await self.market.read()
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
        await self.connections.close()
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
        return await self.market.choose()

    @property
    def ranked(self) -> list[str]:
        """The universe, most traded first."""
        return self.market.ranked

    @property
    def listed(self) -> frozenset[str]:
        """Every symbol that the exchange trades now."""
        return self.market.listing.listed

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
        for symbol in needed:
            if symbol not in self.listed:
                raise SettingsError("symbol is not traded at the exchange", symbol, "write names as BTCUSDT")
        try:
            self._wish.fulfil(needed, history_from_ms or {}, since_ms or {}, self._now())
        finally:
            # Now, not at the next pass: what goes and comes again in between must not look as if nothing had happened.
            self.connections.mend(self._watch.streams)
        self._wake.set()

    def ready(self, symbol: str, interval: str) -> bool:
        """Whether that series has all its wished history."""
        slot = self._watch.slot(symbol, interval)
        return slot is not None and slot.is_ready

    # --- how it is --------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, int]:
        """How many series are live, repairing, stale, without data."""
        return self._watch.counts()

    def is_live(self, symbol: str, interval: str) -> bool:
        """Whether nothing that should be there is missing, the open bar included; as of the last pass."""
        slot = self._watch.slot(symbol, interval)
        return slot is not None and slot.shown is State.LIVE

    def state(self, symbol: str, interval: str) -> SeriesFacts | None:
        """How one series is, or None if it is not wished."""
        slot = self._watch.slot(symbol, interval)
        return facts_of(slot, self._now(), self._grace_ms) if slot is not None else None

    def series(self) -> list[SeriesFacts]:
        """How each series is."""
        now = self._now()
        return [facts_of(slot, now, self._grace_ms) for slot in self._watch.slots]

    @property
    def event_lag(self) -> Quantiles:
        """How old messages are by the exchange's stamp when their bars stand in the candles; measured on a few a second."""
        return self._lags.quantiles()

    @property
    def incidents(self) -> Incidents:
        """Closed bars that were corrected, and prices that leapt."""
        return self._tally.incidents

    @property
    def clock_facts(self) -> ClockFacts:
        """The exchange's clock beside ours."""
        return self._keeper.facts

    @property
    def progress(self) -> tuple[int, int]:
        """How many series have their first history, of how many."""
        return sum(slot.series.is_joined for slot in self._watch.slots), len(self._watch)

    @property
    def loading(self) -> Progress:
        """How far history is, in numbers, and how long it still takes."""
        weight_used = self.rest.budget.used
        return Progress(*self.progress, self._history.rows, weight_used, self._history.seconds_left())

    def waiting(self, most: int = 20) -> list[Waiting]:
        """Up to `most` series whose bars were asked for and failed to come, with the reason, those waiting longest first."""
        return self._history.waiting(most)

    @property
    def problem(self) -> str:
        """Why the exchange is not reached now, in one line; empty when it is. What single series wait for: `waiting`."""
        return self.connections.problem or self.rest.problem

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
            **tally.counts,
            "forming": tally.forming + self._intake.quick,
            "forming_compiled": self._intake.quick,
            **self.connections.stats,
            "streams": len(self._watch),
            "silence_questions": self._watch.asked,
            "silent_streams": self._watch.found_lost,
            "clock_jumps": self._keeper.jumps,
            "history_pages": self._history.pages,
            "history_failures": self._history.failures,
            "rest_requests": self.rest.requests,
            "weight_used": self.rest.budget.used,
            **(self._recorder.stats if self._recorder is not None else {}),
        }

    # --- mending ----------------------------------------------------------------------------------------------------

    async def _mend_forever(self) -> None:
        failures = 0
        while True:
            begun_s = time.monotonic()
            try:
                self._mend()
            except Exception:
                # A pass that fails is followed by another: nothing is worse than a feed that stands still. Several a second
                # may fail for the same reason, and must not fill the log.
                failures += 1
                if failures.bit_count() == 1:
                    log.exception("a pass over the feed failed (%d so far)", failures)
            # Many things may want a pass at once, and one does for all of them.
            await asyncio.sleep(max(PASS_PAUSE_MIN_S, (time.monotonic() - begun_s) * PASS_REST))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PASS_PAUSE_S):
                    await self._wake.wait()
            self._wake.clear()

    def _mend(self) -> None:
        """One pass."""
        self._intake.show_next(self._lags.note_frame)
        keeper, watch = self._keeper, self._watch
        now = self._now()
        if keeper.jumps != self._jumps:
            self._jumps = keeper.jumps
            for slot in watch.slots:
                slot.series.forget_future(now.exchange_ms)
        self._tally.horizon_ms = self._gates.horizon_ms = keeper.horizon_ms()
        self._tally.latest_ms = keeper.latest_ms()
        if now.monotonic_s - self._connected_s >= CONNECTIONS_PAUSE_S:
            self._connected_s = now.monotonic_s
            self.connections.mend(watch.streams)
        budget = self.rest.budget
        # While history comes in, streams may well be late, and requests are needed for other things than asking why.
        may_ask = budget.used < budget.allowance * QUESTIONS_SHARE and not self._history.is_loading
        found = watch.look(now, may_ask=may_ask)
        keeper.heard(found.newest_event_ms)
        for slot, ask in found.asks:
            self._history.want(slot, ask)
        if found.lost:
            self._news.silent(found.lost)
            self.connections.resubscribe(found.lost)
        self._tell_state()
        self._news.tell(now.monotonic_s)

    def _subscribed(self, names: Sequence[str]) -> None:
        self._watch.subscribed(names, self._now())
        # What could not be fetched while the exchange was away can be now.
        self._history.hurry()
        self._spawn(self._keeper.started(), "time")
        self._wake.set()

    def _recovered(self) -> None:
        """The exchange answers requests again: its streams will be there too."""
        self._history.hurry()
        self.connections.hurry()

    def _lost(self, names: Sequence[str]) -> None:
        self._watch.lost(names, self._now())

    def _deliver(self, slot: Slot, ask: Ask, rows: list[Kline], sure_ms: float, full: bool) -> Ask | None:
        rest = self._watch.deliver(slot, ask, rows, sure_ms, self._now(), random.random, full=full)
        if rest is None:
            self._wake.set()
            if ask.first and self._on_progress is not None:
                self._on_progress(*self.progress)
        return rest

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
