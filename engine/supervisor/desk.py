"""Where traders come and go: rows of the database become planned versions, with streams, history and a place on the schedule.

Every pass compares the wish (the roster) with the world (workers, feed, schedule) and mends the difference, so nothing depends
on having seen every notification.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from engine.base.errors import EngineError
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS
from engine.candles.bars import window_start_ms
from engine.dispatch.router import Dispatcher
from engine.feeds.feed import Feed
from engine.supervisor.roster import Roster, Trader, Version
from engine.supervisor.screening import Screening
from engine.traders.definition import TraderDefinition
from engine.traders.store import Problem
from engine.wire.messages import FilterLoaded, FilterRefusal

log = logging.getLogger(__name__)

#: Definitions of the user's traders, and rows that are invalid by id.
Rows = tuple[list[TraderDefinition], dict[str, Problem]]


class Desk:
    """Keeps the traders of one engine in step with the database."""

    def __init__(
        self,
        settings: Settings,
        roster: Roster,
        screening: Screening,
        feed: Feed,
        dispatcher: Dispatcher,
        now_ms: Callable[[], int],
        read_rows: Callable[[], Awaitable[Rows]],
    ) -> None:
        self._settings = settings
        self._roster = roster
        self._screening = screening
        self._feed = feed
        self._dispatcher = dispatcher
        self._now_ms = now_ms
        self._read_rows = read_rows
        self._reading = asyncio.Lock()
        self._wish_changed = False

    async def reload(self) -> None:
        """Read all rows and act on what has changed; raises DatabaseError while the database is away."""
        async with self._reading:
            before = {trader.id: trader.running for trader in self._roster.traders.values()}
            definitions, problems = await self._read_rows()
            changes = self._roster.update(definitions, problems)
        for trader_id, version in before.items():
            if version is not None and trader_id not in self._roster.traders:
                self._screening.forget(version)
                self._wish_changed = True
        for filter_id in changes.forget:
            self._dispatcher.drop_filter(filter_id)
        for message in changes.load:
            self._dispatcher.load_filter(message)
        for name, reason in problems.values():
            log.error("trader %s is not valid and does not run: %s", name, reason)

    def loaded(self, message: FilterLoaded) -> None:
        """A worker accepted a filter and told what its code reads."""
        planned = self._roster.plan(message, self._feed.ranked, self._feed.listed)
        if planned is None:
            self._say_refused(self._roster.trader_of(message.filter_id))
            return
        version, replaced = planned
        if replaced is not None:
            self._screening.forget(replaced)
            self._dispatcher.drop_filter(replaced.filter_id)
        trader = self._roster.traders[version.definition.id]
        trader.waiting_symbols = set(version.symbols)
        self._wish_changed = True
        log.info("trader %s version %d runs on %s", trader.name, version.definition.version, " ".join(version.intervals))

    def refused(self, message: FilterRefusal) -> None:
        """A worker refused a filter."""
        self._say_refused(self._roster.refuse(message))

    def _say_refused(self, trader: Trader | None) -> None:
        if trader is not None and trader.problem:
            log.error("trader %s is refused: %s", trader.name, trader.problem)

    async def mend(self) -> None:
        """One pass: tell the feed what is needed now, and put symbols on the schedule whose history has come."""
        if self._wish_changed:
            self._wish_changed = False
            try:
                await self._feed.require(self._roster.needed(), self._oldest_needed_ms())
            except EngineError as error:
                self._wish_changed = True
                log.error("the feed cannot do what traders need: %s", error)
        for version in self._roster.running():
            waiting = self._roster.traders[version.definition.id].waiting_symbols
            if waiting:
                self._admit(version, waiting)

    def _admit(self, version: Version, waiting: set[str]) -> None:
        ready = [name for name in version.symbols if name in waiting and self._is_ready(name, version)]
        if ready:
            waiting.difference_update(ready)
            self._screening.admit(version, ready)

    def _is_ready(self, symbol: str, version: Version) -> bool:
        return all(self._feed.ready(symbol, interval) for interval in version.intervals)

    def _oldest_needed_ms(self) -> dict[str, int]:
        """By interval, the open time from which bars are needed: a whole window before the oldest instant still to be asked."""
        now_ms = self._now_ms()
        needed: dict[str, int] = {}
        for version in self._roster.running():
            as_of_ms = min(now_ms, self._oldest_instant_ms(version, now_ms))
            for interval in version.intervals:
                start_ms = window_start_ms(as_of_ms, INTERVAL_MS[interval], self._settings.history_bars)
                needed[interval] = min(needed.get(interval, start_ms), start_ms)
        return needed

    def _oldest_instant_ms(self, version: Version, now_ms: int) -> int:
        assert version.plan is not None
        if version.plan.seconds:
            return now_ms
        known = self._screening.states.get((version.definition.id, version.definition.version))
        cursors = known.cursors_ms() if known is not None else {}
        oldest_ms = min((cursors[name] for name in version.symbols if name in cursors), default=now_ms)
        return max(oldest_ms, now_ms - self._settings.catch_up_bars * version.plan.refresh_ms)

    def universe_changed(self) -> None:
        """The ranking of symbols is new: traders that say top:N may mean others now."""
        self._wish_changed = True

    def pause(self, version: Version) -> None:
        """A trader was paused: its filter is not needed on workers any more."""
        self._dispatcher.drop_filter(version.filter_id)
        self._wish_changed = True
