"""Keeps the engine's clock on the exchange's: asks for the time now and then, and listens to the times that events carry.

Neither is trusted further than needed: a clock that lies for a while moves ours, but what counts as certainly past lies so far
back that bars are not cut short by it, and an event's time is never more than a lower bound.
"""

import asyncio
import contextlib
import logging
import time

from engine.base.clock import ExchangeClock
from engine.base.errors import ExchangeError
from engine.binance.rest import RestClient
from engine.feeds.asks import TIME_MAX_MS
from engine.feeds.drift import Drift
from engine.feeds.facts import ClockFacts
from engine.feeds.leaps import Leaps
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
#: An event further ahead of our line than this, in real seconds, is not late news of a clock we know, but another clock.
AHEAD_S = 1.0
#: What the exchange's clock may be off from our line when it matters, in real seconds: it may have been wrong when it was asked.
DOUBT_S = 10.0
#: An offset of the machine's own clock worth a warning, in ms; beyond a day the exchange simply lives in another time.
WARN_OFFSET_MS = 1_000.0
OTHER_TIME_MS = 86_400_000.0
#: A step of the exchange's clock that counts as having been set, in ms.
JUMP_MS = 1_000.0
#: An event that claims to be further ahead than this, in real seconds, is not believed at all.
BELIEF_S = 60.0


class Timekeeper:
    """Measures the exchange's clock over REST and sets `clock` by it."""

    def __init__(self, rest: RestClient, clock: ExchangeClock) -> None:
        self._rest = rest
        self._clock = clock
        self._pace = Pace()
        self._drift = Drift()
        self._leaps = Leaps()
        self._hurry = asyncio.Event()
        self._warned = False
        self._is_known = False
        self._mistakes = 0
        #: How often the exchange's clock was set to another time since the start.
        self.jumps = 0

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
        except Exception:
            # Whatever the exchange says, a look that fails is followed by another, and many do not fill the log.
            self._mistakes += 1
            if self._mistakes.bit_count() == 1:
                log.exception("time of the exchange cannot be taken in (%d times so far)", self._mistakes)

    async def _look(self) -> None:
        sample = Sample(*await self._rest.time())
        self._drift.sample(sample)
        self._set(self._pace.sample(sample) is not None)
        self._warn()

    def heard(self, event_ms: int) -> None:
        """An event carried this time of the exchange; the clock cannot be behind it.

        One far ahead of the clock is either nonsense or a clock that was set: only asking can tell.
        """
        ahead_ms = event_ms - self._clock.now_ms()
        if ahead_ms > AHEAD_S * 1e3 * self._clock.rate:
            self._hurry.set()
        elif ahead_ms > 0 and self._pace.nudge(event_ms, time.monotonic()) is not None:
            self._set(True)

    def _set(self, known: bool) -> None:
        line = self._pace.line
        if not known or line is None:
            return
        step_ms = line.at(time.monotonic()) - self._clock.now_ms()
        if self._is_known and line.rate == self._clock.rate and abs(step_ms) > JUMP_MS * max(line.rate, 1.0):
            self.jumps += 1
            self._drift.restart()
            self._leaps.leapt(step_ms, time.monotonic())
            log.warning("time of the exchange was set by %+.1f s", step_ms / 1e3)
        self._is_known = True
        self._clock.set(line.exchange_ms, line.monotonic_s, line.rate)
        # The exchange counts weight in real minutes; only a clock that runs like ours tells where they begin.
        self._rest.offset_ms = self._clock.offset_ms if line.rate == 1.0 else 0.0

    def _warn(self) -> None:
        """Say once that the machine's own clock is off, and once that it is right again."""
        offset_ms = self._clock.offset_ms
        is_off = self._clock.rate == 1.0 and WARN_OFFSET_MS < abs(offset_ms) < OTHER_TIME_MS
        if is_off and not self._warned:
            way = "behind" if offset_ms > 0 else "ahead of"
            log.warning(
                "clock of this machine is %.1f s %s the exchange's: synchronise it with NTP (timedatectl set-ntp true)",
                abs(offset_ms) / 1e3,
                way,
            )
        elif self._warned and not is_off:
            log.info("clock of this machine agrees with the exchange's again")
        self._warned = is_off

    @property
    def facts(self) -> ClockFacts:
        """The exchange's clock beside ours, as it was measured last."""
        is_real = self._clock.rate == 1.0
        ppm = self._drift.ppm if is_real else None
        return ClockFacts(self._clock.offset_ms, self._drift.error_ms, ppm, self._clock.rate, self._warned, self.jumps)

    def sure_ms(self) -> float:
        """An instant of the exchange's clock that has certainly passed."""
        return self._clock.now_ms() - DOUBT_S * 1e3 * self._clock.rate - self._leaps.ahead_ms(time.monotonic())

    def latest_ms(self) -> float:
        """An instant that the exchange's clock has certainly not passed yet; the end of all times while its rate is not known."""
        return self._ahead_ms(DOUBT_S)

    def horizon_ms(self) -> float:
        """Like `latest_ms`, far beyond it: what claims to be later is nonsense."""
        return self._ahead_ms(BELIEF_S)

    def _ahead_ms(self, seconds: float) -> float:
        if not self._is_known or self._clock.rate == STILL:
            return TIME_MAX_MS
        return self._clock.now_ms() + seconds * 1e3 * self._clock.rate
