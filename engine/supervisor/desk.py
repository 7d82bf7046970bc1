"""Where traders come and go: rows of the database become planned versions, with streams, history and a place on the schedule.

Every pass compares the wish (the roster) with the world (workers, feed, schedule) and mends the difference, so nothing depends
on having seen every notification.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from engine.base.clock import iso_utc
from engine.base.errors import EngineError
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS
from engine.candles.bars import window_start_ms
from engine.candles.writer import Writer
from engine.feeds.feed import Feed
from engine.feeds.listing import Halt
from engine.supervisor.roster import Pauses, Roster, Trader, Version
from engine.supervisor.screening import Screening
from engine.traders.definition import TraderDefinition
from engine.traders.pause import Pause
from engine.traders.store import Problem
from engine.wire.messages import FilterLoaded, FilterRefusal, LoadFilter

log = logging.getLogger(__name__)

#: Pause before a wish that the feed refused is told to it again.
WISH_RETRY_S = 1.0
#: Symbols without a place that are named at most.
NAMED_MAX = 10


class Filters(Protocol):
    """Whoever makes filters known to workers."""

    def load_filters(self, messages: Sequence[LoadFilter]) -> None:
        """Let workers know filters; they answer once for each."""

    def drop_filter(self, filter_id: int) -> None:
        """Forget a filter."""


class Rows(Protocol):
    """Whoever reads the user's traders."""

    async def traders(self) -> tuple[list[TraderDefinition], dict[str, Problem]]:
        """All definitions, and rows that are invalid by id."""

    async def paused(self) -> dict[str, Pause]:
        """Pauses by trader id."""


class Desk:
    """Keeps the traders of one engine in step with the database."""

    def __init__(
        self,
        settings: Settings,
        roster: Roster,
        screening: Screening,
        feed: Feed,
        writer: Writer,
        filters: Filters,
        now_ms: Callable[[], int],
        rows: Rows,
        publish: Callable[[str, Any], None],
    ) -> None:
        self._settings = settings
        self._roster = roster
        self._screening = screening
        self._feed = feed
        self._writer = writer
        self._filters = filters
        self._now_ms = now_ms
        self._rows = rows
        self._reading = asyncio.Lock()
        self._publish = publish
        self._wish_changed = False
        self._wish_retry_s = 0.0
        self._listing_version = 0
        #: Symbols that traders ask for and the exchange does not trade now.
        self.released: dict[str, Halt] = {}
        #: Why the feed cannot do all that traders need; empty when it can.
        self.problem = ""

    async def reload(self) -> None:
        """Read all rows and act on what has changed; raises DatabaseError while the database is away."""
        async with self._reading:
            before = {trader.id: trader.running for trader in self._roster.traders.values()}
            asked_s, asked_ms = time.monotonic(), self._now_ms()
            pauses = await self._rows.paused()
            definitions, problems = await self._rows.traders()
            changes = self._roster.update(definitions, problems, Pauses(pauses, asked_s, asked_ms))
        for trader_id, version in before.items():
            if version is not None and trader_id not in self._roster.traders:
                self._screening.forget(version)
                self._wish_changed = True
        for filter_id in changes.forget:
            self._filters.drop_filter(filter_id)
        if changes.load:
            self._filters.load_filters(changes.load)
        for trader in changes.resumed:
            log.warning("trader %s is resumed", trader.name)
            self._publish("trader_resumed", {"id": trader.id, "trader": trader.name})
        for name, reason in problems.values():
            log.error("trader %s is not valid and does not run: %s", name, reason)

    def loaded(self, message: FilterLoaded) -> None:
        """A worker accepted a filter and told what its code reads."""
        trader = self._roster.trader_of(message.filter_id)
        before = trader.refusal if trader is not None else None
        planned = self._roster.plan(message, self._feed.ranked, self._feed.market.listing.known)
        if planned is None:
            if trader is not None and trader.refusal is not before:
                # Its words are allowed, but what it says of itself cannot be done here; workers need not keep it.
                self._filters.drop_filter(message.filter_id)
                self._say_refused(trader)
            return
        version, replaced = planned
        if replaced is not None:
            self._screening.forget(replaced)
            self._filters.drop_filter(replaced.filter_id)
        trader = self._roster.traders[version.definition.id]
        trader.waiting_symbols = set(version.symbols)
        self._wish_changed = True
        log.info("trader %s version %d runs on %s", trader.name, version.definition.version, " ".join(version.intervals))

    def refused(self, message: FilterRefusal) -> None:
        """A worker refused a filter."""
        self._say_refused(self._roster.refuse(message))

    def _say_refused(self, trader: Trader | None) -> None:
        if trader is not None and trader.refusal is not None:
            log.error("trader %s is refused: %s", trader.name, trader.problem)
            self._publish("trader_refused", {"id": trader.id, "trader": trader.name, **trader.refusal.document()})

    async def mend(self) -> None:
        """One pass: tell the feed what is needed now, and put symbols on the schedule whose history has come."""
        listing = self._feed.market.listing
        if listing.version != self._listing_version:
            self._listing_version, self._wish_changed = listing.version, True
        if self._wish_changed and time.monotonic() >= self._wish_retry_s:
            await self._tell_feed()
        for version in self._roster.running():
            waiting = self._roster.traders[version.definition.id].waiting_symbols
            if waiting:
                self._admit(version, waiting)

    async def _tell_feed(self) -> None:
        self._wish_changed = False
        needed = self._roster.needed()
        self._let_go(needed)
        wish, problem = self._that_fit({symbol: needed[symbol] for symbol in needed if symbol not in self.released})
        try:
            await self._feed.require(wish, self._oldest_needed_ms())
        except EngineError as error:
            self._wish_changed, self._wish_retry_s = True, time.monotonic() + WISH_RETRY_S
            problem = str(error)
        # Once for both: a wish that is refused again each second, for the same reason, is worth one line.
        self._complain(problem)

    def _let_go(self, needed: Mapping[str, set[str]]) -> None:
        """Symbols that stopped trading leave the schedule until they trade again; traders go on with the others."""
        listing = self._feed.market.listing
        before = self.released
        self.released = {symbol: halt for symbol in sorted(needed) if (halt := listing.halt(symbol)) is not None}
        fresh = {symbol: halt for symbol, halt in self.released.items() if symbol not in before}
        for version in self._roster.running():
            halted = fresh.keys() & set(version.symbols)
            if halted:
                self._screening.leave(version, halted)
                self._roster.traders[version.definition.id].waiting_symbols |= halted
        if fresh:
            named = ", ".join(f"{symbol} ({halt.status})" for symbol, halt in fresh.items())
            log.warning("released, because the exchange does not trade them: %s", named)
            self._publish("symbols_released", tell_released(fresh))
        back = sorted(symbol for symbol in before if symbol in needed and symbol not in self.released)
        if back:
            log.warning("traded again, and watched: %s", ", ".join(back))
            self._publish("symbols_returned", {"symbols": back})

    def _that_fit(self, needed: dict[str, set[str]]) -> tuple[dict[str, set[str]], str]:
        """The wish as far as the symbol table has room, and what to say of the rest.

        Numbers of symbols that went are not given out again.
        """
        room = self._settings.max_symbols - len(self._writer.symbols)
        numbered = frozenset(self._writer.symbols)
        left_out = [symbol for symbol in needed if symbol not in numbered][max(room, 0) :]
        if not left_out:
            return needed, ""
        more = " …" if len(left_out) > NAMED_MAX else ""
        problem = (
            f"no room for {len(left_out)} more symbols: {' '.join(left_out[:NAMED_MAX])}{more}: raise max_symbols and start again"
        )
        return {symbol: needed[symbol] for symbol in needed if symbol not in left_out}, problem

    def _complain(self, problem: str) -> None:
        if problem and problem != self.problem:
            log.error("the feed cannot do what traders need: %s", problem)
        self.problem = problem

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
        waiting = self._roster.traders[version.definition.id].waiting_symbols - self.released.keys()
        begins = (version.begin_ms(name, cursors[name]) for name in waiting if name in cursors)
        oldest_ms = min(begins, default=now_ms)
        return max(oldest_ms, now_ms - self._settings.catch_up_bars * version.plan.refresh_ms)

    def universe_changed(self) -> None:
        """The ranking of symbols is new: traders that say top:N may mean others now; those that stay are not disturbed."""
        now_ms = self._now_ms()
        for version, came, left in self._roster.rank_again(self._feed.ranked):
            trader = self._roster.traders[version.definition.id]
            trader.waiting_symbols -= left
            trader.waiting_symbols |= came
            version.entered_ms = {name: at for name, at in version.entered_ms.items() if name not in left}
            version.entered_ms |= dict.fromkeys(came, now_ms)
            self._screening.leave(version, left)
            self._wish_changed = True
            log.info("trader %s: %s came, %s left by rank", trader.name, _names(came), _names(left))

    def pause(self, version: Version) -> None:
        """A trader was paused: its filter is not needed on workers any more."""
        self._filters.drop_filter(version.filter_id)
        self._wish_changed = True


def tell_released(released: Mapping[str, Halt]) -> list[dict[str, str]]:
    """Released symbols as programs read them."""
    return [
        {"symbol": symbol, "status": halt.status, "since": iso_utc(halt.since_ms)} for symbol, halt in sorted(released.items())
    ]


def _names(symbols: frozenset[str]) -> str:
    return " ".join(sorted(symbols)) or "none"
