"""Fetches bars over REST: so many pages at once, the most urgent first, and nothing given up.

A part that fails is put back with a pause and never stops the others; who needs it can be told by name why it is not there.
What to fetch and what the rows mean is decided elsewhere, which part comes when in `parts`.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable

from engine.base.clock import ExchangeClock
from engine.base.errors import ExchangeError, RateLimited
from engine.base.types import Kline
from engine.binance import errors
from engine.binance.errors import Remedy
from engine.binance.rest import KLINES_WEIGHT, RestClient
from engine.feeds.asks import Ask
from engine.feeds.backoff import full_jitter_s
from engine.feeds.needs import Slot
from engine.feeds.parts import Part, Parts, Waiting

log = logging.getLogger(__name__)

PUT_BACK_FIRST_S = 1.0
PUT_BACK_MAX_S = 60.0
#: A request that will be refused again is still made again, but no sooner: a symbol may come back.
REFUSED_PAUSE_S = 30.0
#: When the exchange is back, what had failed is asked for at once, but a single part no more often than this.
HURRY_PAUSE_S = 5.0
#: At most one line about failures in so many seconds.
COMPLAINT_PAUSE_S = 10.0
#: Share of the budget that first history leaves to repairs of what is live.
KEEP_PERCENT = 10

#: Takes a page: (slot, ask, rows, an instant of the exchange that had passed before, whether the page is full). Returns what
#: is left to ask for, or None.
Deliver = Callable[[Slot, Ask, list[Kline], float, bool], Ask | None]


class History:
    """As many fetchers as requests may be in flight, and what they have to do."""

    def __init__(
        self, rest: RestClient, concurrency: int, clock: ExchangeClock, sure_ms: Callable[[], float], deliver: Deliver
    ) -> None:
        self._rest = rest
        self._concurrency = concurrency
        self._clock = clock
        self._sure_ms = sure_ms
        self._deliver = deliver
        self._parts = Parts()
        self._there_is_work = asyncio.Event()
        self._fetchers: list[asyncio.Task[None]] = []
        self._put_back: dict[Part, asyncio.TimerHandle] = {}
        self._complained_s = -COMPLAINT_PAUSE_S
        rest.on_recovered = self.hurry
        self.pages = 0
        self.rows = 0
        self.failures = 0

    def start(self) -> None:
        """Begin to fetch."""
        names = (f"history {number}" for number in range(self._concurrency))
        self._fetchers = [asyncio.create_task(self._fetch_forever(), name=name) for name in names]

    async def close(self) -> None:
        """End all fetchers; what they were at is dropped."""
        for handle in self._put_back.values():
            handle.cancel()
        self._put_back.clear()
        for fetcher in self._fetchers:
            fetcher.cancel()
        await asyncio.gather(*self._fetchers, return_exceptions=True)
        self._fetchers = []

    def want(self, slot: Slot, ask: Ask) -> None:
        """Fetch these bars as soon as their turn comes."""
        slot.asking = ask
        self._push(self._parts.add(slot, ask, self._clock.now_ms()))

    def hurry(self) -> None:
        """The exchange is there again: parts that failed for want of it need not wait out their pause."""
        now_s = time.monotonic()
        for part in [part for part in self._put_back if part.is_away and now_s - part.hurried_s >= HURRY_PAUSE_S]:
            self._put_back.pop(part).cancel()
            part.hurried_s = now_s
            self._push(part)

    # --- how it is --------------------------------------------------------------------------------------------------

    def waiting(self, most: int) -> list[Waiting]:
        """Up to `most` series whose bars are asked for and have failed to come, those waiting longest first."""
        pause_s = self._rest.pause.left_s(time.monotonic())
        paused = f"the exchange asked for a pause, nothing is sent for {pause_s:.0f} s" if pause_s else ""
        return self._parts.waiting(most, paused)

    @property
    def is_loading(self) -> bool:
        """Whether first or older history is coming in, and takes what requests there may be."""
        return self._parts.is_loading

    def seconds_left(self) -> float | None:
        """How long history that is asked for still takes: by the budget, and as fast as it has come; None when unknown."""
        pages = self._parts.pages_left
        if not pages:
            return 0.0
        by_budget_s = self._rest.budget.seconds_for(pages * KLINES_WEIGHT, self._rest.now_ms())
        by_pace_s = self._parts.pace.seconds_for(pages)
        return None if by_pace_s is None else max(by_budget_s, by_pace_s) + self._rest.pause.left_s(time.monotonic())

    # --- fetching ---------------------------------------------------------------------------------------------------

    def _push(self, part: Part) -> None:
        self._parts.push(part)
        self._there_is_work.set()

    async def _fetch_forever(self) -> None:
        while True:
            part = self._parts.pop()
            if part is None:
                self._there_is_work.clear()
                await self._there_is_work.wait()
                continue
            try:
                rest = await self._fetch(part)
            except ExchangeError as error:
                self._put_back_later(part, error)
            except Exception as error:
                # A mistake of ours about one series must not end the fetching of all others.
                log.exception("history of %s %s cannot be taken in", part.slot.symbol, part.slot.interval)
                self._put_back_later(part, error)
            else:
                self._parts.done(part, rest)
                if rest is not None:
                    self._push(part)

    async def _fetch(self, part: Part) -> Ask | None:
        slot, ask = part.slot, part.ask
        limit = part.limit
        end_ms = ask.until_ms if ask.older else None
        keep_percent = KEEP_PERCENT if part.is_history else 0
        sure_ms = self._sure_ms()
        rows = await self._rest.klines(
            slot.symbol, slot.interval, start_ms=ask.start_ms, end_ms=end_ms, limit=limit, keep_percent=keep_percent
        )
        self.pages += 1
        self.rows += len(rows)
        self._parts.pace.page(time.monotonic())
        if slot.released:
            return None
        return self._deliver(slot, ask, rows, sure_ms, len(rows) >= limit)

    def _put_back_later(self, part: Part, error: Exception) -> None:
        if part.slot.released:
            self._parts.done(part, None)
            return
        self.failures += 1
        self._parts.failed(part, str(error))
        helps = errors.remedy(error)
        part.is_away = helps is Remedy.LATER
        pause_s = PUT_BACK_FIRST_S / 2 + full_jitter_s(part.failures - 1, random.random, PUT_BACK_FIRST_S, PUT_BACK_MAX_S)
        if isinstance(error, RateLimited):
            pause_s += error.retry_after_s
        elif not part.is_away:
            pause_s = max(pause_s, REFUSED_PAUSE_S)
        self._complain(part, error, pause_s)

        def push() -> None:
            self._put_back.pop(part, None)
            self._push(part)

        self._put_back[part] = asyncio.get_running_loop().call_later(pause_s, push)

    def _complain(self, part: Part, error: Exception, pause_s: float) -> None:
        now_s = time.monotonic()
        if now_s - self._complained_s >= COMPLAINT_PAUSE_S:
            self._complained_s = now_s
            name = f"{part.slot.symbol} {part.slot.interval}"
            log.warning(
                "bars of %s not received (%d failures so far), next try in %.1f s: %s", name, self.failures, pause_s, error
            )
