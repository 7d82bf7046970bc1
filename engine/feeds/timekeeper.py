"""Keeps the engine's clock on the exchange's: asks for the time now and then, and listens to the times that events carry."""

import asyncio
import contextlib
import logging
import math
import time

from engine.base.clock import ExchangeClock
from engine.base.errors import ExchangeError
from engine.binance.rest import RestClient
from engine.feeds.pace import STILL, Pace, Sample

log = logging.getLogger(__name__)

#: Distance of two samples that tell the rate, in seconds.
SPAN_S = 0.3
#: Time between two looks at the exchange's clock, in seconds; a simulator's, which may stop at any time, is looked at more
#: often, and most often one that stands still or is not known well.
LOOK_PAUSE_S = 10.0
LOOK_PAUSE_FAST_S = 2.0
LOOK_PAUSE_UNSURE_S = 1.0
#: Samples at the start until the rate is known well enough.
FIRST_SAMPLES_MAX = 8
#: What the exchange's clock may be off from our line, in real seconds; networks are uneven.
DOUBT_S = 1.0
#: An event that claims to be further ahead than this, in real seconds, is not believed at all.
BELIEF_S = 60.0


class Timekeeper:
    """Measures the exchange's clock over REST and sets `clock` by it."""

    def __init__(self, rest: RestClient, clock: ExchangeClock) -> None:
        self._rest = rest
        self._clock = clock
        self._pace = Pace()
        self._hurry = asyncio.Event()

    async def measure(self) -> None:
        """Find offset and rate from the start; raises what the request raises."""
        for _ in range(FIRST_SAMPLES_MAX):
            await self._look()
            if self._pace.is_certain:
                break
            await asyncio.sleep(SPAN_S)
        if self._clock.rate == STILL:
            log.warning("time of the exchange stands still")
        elif self._clock.rate != 1.0:
            log.warning("time of the exchange runs %g times as fast as ours", self._clock.rate)

    async def follow_forever(self) -> None:
        """Look again and again, until cancelled; never more often than the shorter pause."""
        while True:
            await asyncio.sleep(LOOK_PAUSE_UNSURE_S)
            if self._pace.is_certain and self._clock.rate != STILL:
                await self._rest_of_pause()
            self._hurry.clear()
            await self._look_quietly()

    async def _rest_of_pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            pause_s = LOOK_PAUSE_S if self._clock.rate == 1.0 else LOOK_PAUSE_FAST_S
            async with asyncio.timeout(pause_s - LOOK_PAUSE_UNSURE_S):
                await self._hurry.wait()

    async def started(self) -> None:
        """Something began that may have set a clock going that stood still: look at once."""
        if self._clock.rate == STILL:
            await self._look_quietly()

    async def _look_quietly(self) -> None:
        try:
            await self._look()
            if self._pace.line is None:
                await asyncio.sleep(SPAN_S)
                await self._look()
        except ExchangeError as error:
            log.debug("time of the exchange not received: %s", error)

    async def _look(self) -> None:
        server_ms, sent_s, received_s = await self._rest.time()
        self._set(self._pace.sample(Sample(server_ms, sent_s, received_s)) is not None)

    def heard(self, event_ms: int) -> None:
        """An event carried this time of the exchange; the clock cannot be behind it.

        One far ahead of the clock is either nonsense or a clock that was set: only asking can tell.
        """
        ahead_ms = event_ms - self._clock.now_ms()
        if ahead_ms > DOUBT_S * 1e3 * self._clock.rate:
            self._hurry.set()
        elif ahead_ms > 0 and self._pace.nudge(event_ms, time.monotonic()) is not None:
            self._set(True)

    def _set(self, known: bool) -> None:
        line = self._pace.line
        if not known or line is None:
            return
        self._clock.set(line.exchange_ms, line.monotonic_s, line.rate)
        # The exchange counts weight in real minutes; only a clock that runs like ours tells where they begin.
        self._rest.offset_ms = self._clock.offset_ms if line.rate == 1.0 else 0.0

    def sure_ms(self) -> float:
        """An instant of the exchange's clock that has certainly passed."""
        return self._clock.now_ms() - DOUBT_S * 1e3 * self._clock.rate

    def horizon_ms(self) -> float:
        """An instant of the exchange's clock that has certainly not come; infinity while its rate is not known."""
        if self._pace.line is None or self._clock.rate == STILL:
            return math.inf
        return self._clock.now_ms() + BELIEF_S * 1e3 * self._clock.rate
