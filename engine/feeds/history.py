"""Fetches bars over REST: so many pages at once, the most urgent first, and nothing given up.

A part that fails is put back with a pause and never stops the others. What to fetch and what the rows mean is decided
elsewhere.
"""

import asyncio
import itertools
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.base.errors import ExchangeError, RateLimited
from engine.base.types import Kline
from engine.binance.rest import KLINES_MAX, RestClient
from engine.feeds.asks import Ask
from engine.feeds.backoff import full_jitter_s
from engine.feeds.needs import Slot

log = logging.getLogger(__name__)

#: Rows asked for beyond those that are missing: a later row proves that the one before it has closed.
PROOF_ROWS = 1
PUT_BACK_FIRST_S = 1.0
PUT_BACK_MAX_S = 60.0
#: At most one line about failures in so many seconds.
COMPLAINT_PAUSE_S = 10.0

#: Takes a page: (slot, ask, rows, an instant of the exchange that had passed before, whether the page is full). Returns what
#: is left to ask for, or None.
Deliver = Callable[[Slot, Ask, list[Kline], float, bool], Ask | None]


@dataclass(slots=True)
class Part:
    """One ask of one slot; `failures` counts the requests for it that failed in a row."""

    slot: Slot
    ask: Ask
    failures: int = 0

    def urgency(self) -> tuple[int, int]:
        """Repairs before history, history before what is older; short intervals first."""
        kind = 1 if self.ask.first else 2 if self.ask.older else 0
        return kind, self.slot.series.length_ms


class History:
    """A queue of parts and as many fetchers as requests may be in flight."""

    def __init__(self, rest: RestClient, concurrency: int, sure_ms: Callable[[], float], deliver: Deliver) -> None:
        self._rest = rest
        self._concurrency = concurrency
        self._sure_ms = sure_ms
        self._deliver = deliver
        self._queue: asyncio.PriorityQueue[tuple[tuple[int, int], int, Part]] = asyncio.PriorityQueue()
        self._order = itertools.count()
        self._fetchers: list[asyncio.Task[None]] = []
        self._put_back: set[asyncio.TimerHandle] = set()
        self._complained_s = -COMPLAINT_PAUSE_S
        self.pages = 0
        self.failures = 0
        self.last_failure = ""

    def start(self) -> None:
        """Begin to fetch."""
        names = (f"history {number}" for number in range(self._concurrency))
        self._fetchers = [asyncio.create_task(self._fetch_forever(), name=name) for name in names]

    async def close(self) -> None:
        """End all fetchers; what they were at is dropped."""
        for handle in self._put_back:
            handle.cancel()
        for fetcher in self._fetchers:
            fetcher.cancel()
        await asyncio.gather(*self._fetchers, return_exceptions=True)
        self._fetchers = []

    def want(self, slot: Slot, ask: Ask) -> None:
        """Fetch these bars as soon as their turn comes."""
        slot.asking = ask
        self._push(Part(slot, ask))

    def _push(self, part: Part) -> None:
        self._queue.put_nowait((part.urgency(), next(self._order), part))

    async def _fetch_forever(self) -> None:
        while True:
            _, _, part = await self._queue.get()
            if part.slot.released:
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
                if rest is not None:
                    self._push(Part(part.slot, rest))

    async def _fetch(self, part: Part) -> Ask | None:
        slot, ask = part.slot, part.ask
        bars = (ask.until_ms - ask.start_ms) // slot.series.length_ms + 1
        limit = KLINES_MAX if ask.first else max(1, min(KLINES_MAX, bars + PROOF_ROWS))
        end_ms = ask.until_ms if ask.older else None
        sure_ms = self._sure_ms()
        rows = await self._rest.klines(slot.symbol, slot.interval, start_ms=ask.start_ms, end_ms=end_ms, limit=limit)
        self.pages += 1
        self.last_failure = ""
        if slot.released:
            return None
        return self._deliver(slot, ask, rows, sure_ms, len(rows) >= limit)

    def _put_back_later(self, part: Part, error: Exception) -> None:
        self.failures += 1
        part.failures += 1
        self.last_failure = str(error)
        pause_s = PUT_BACK_FIRST_S / 2 + full_jitter_s(part.failures - 1, random.random, PUT_BACK_FIRST_S, PUT_BACK_MAX_S)
        if isinstance(error, RateLimited):
            pause_s = max(pause_s, error.retry_after_s)
        self._complain(part, error, pause_s)

        def push() -> None:
            self._put_back.discard(handle)
            self._push(part)

        handle = asyncio.get_running_loop().call_later(pause_s, push)
        self._put_back.add(handle)

    def _complain(self, part: Part, error: Exception, pause_s: float) -> None:
        now_s = time.monotonic()
        if now_s - self._complained_s >= COMPLAINT_PAUSE_S:
            self._complained_s = now_s
            name = f"{part.slot.symbol} {part.slot.interval}"
            log.warning(
                "bars of %s not received (%d failures so far), next try in %.1f s: %s", name, self.failures, pause_s, error
            )
