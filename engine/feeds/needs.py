"""What one wished series needs next: which bars to ask for, how it is and why. Pure; time is passed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from engine.base.clock import iso_utc
from engine.feeds.asks import NEVER_MS, Ask
from engine.feeds.backoff import full_jitter_s
from engine.feeds.freshness import State, newest_closed_ms, overdue_ms, state_of
from engine.feeds.join import Series

#: Pause before the same bars are asked for again: at first, and at most.
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 30.0
#: A newest bar that ends further ahead of the exchange's clock than this, in real ms, was told by a clock of another time.
AHEAD_MAX_MS = 60_000


class Now(NamedTuple):
    """One look at both clocks."""

    exchange_ms: int
    monotonic_s: float
    #: How fast the exchange's time runs.
    rate: float


def ahead_of(now: Now) -> int:
    """An instant of the exchange that no bar can have reached, unless the exchange's clock was set back."""
    return now.exchange_ms + int(AHEAD_MAX_MS * max(now.rate, 1.0))


@dataclass(slots=True, eq=False)
class Slot:
    """One series that somebody needs: symbol and interval, its stream, and what is being done about it."""

    symbol: str
    interval: str
    stream: str
    series: Series
    #: History is needed from here on.
    from_ms: int
    #: When it was wished, and then when its stream was last confirmed or lost, in monotonic seconds.
    wished_s: float
    #: Whether the exchange confirmed the stream on the connection that is up.
    subscribed: bool = False
    #: Closes up to this instant of the exchange will not come by the stream any more.
    lost_until_ms: int = 0
    asking: Ask | None = None
    asked_s: float = 0.0
    failures: int = 0
    retry_s: float = 0.0
    released: bool = False
    #: Since when the exchange is known to trade although the stream is silent; None while there is no such doubt.
    doubted_s: float | None = None
    #: Whether the stream was found lost, and nothing came since it was subscribed again.
    is_deaf: bool = False
    #: Its place among all slots; what was last said of it, and since when (exchange time).
    position: int = 0
    shown: State = State.NO_DATA
    since_ms: int = 0

    def next_ask(self, now: Now, grace_ms: float) -> Ask | None:
        """The bars to ask for now, the most urgent first; None when nothing is missing, or it is asked for already."""
        if self.asking is not None or now.monotonic_s < self.retry_s:
            return None
        if not self.series.is_joined:
            # What comes between the reply and the subscription would be lost; without a stream, history is better than nothing.
            if not self.subscribed and now.monotonic_s - self.wished_s < grace_ms / 1e3:
                return None
            until_ms = newest_closed_ms(now.exchange_ms, self.series.length_ms)
            return Ask(self.from_ms, until_ms, first=True, from_ms=self.from_ms)
        missing = self.series.gap() or self.series.missing_until(self.overdue_ms(now, grace_ms))
        return missing or self.series.contested() or self.series.before(self.from_ms)

    def overdue_ms(self, now: Now, grace_ms: float) -> int:
        """Open time of the newest bar that should have closed by now and has not come; 0 when none."""
        length_ms, settled_ms = self.series.length_ms, self.series.settled_ms
        if settled_ms == NEVER_MS:
            return 0
        overdue = overdue_ms(now.exchange_ms, now.rate, length_ms, settled_ms, grace_ms)
        lost_ms = newest_closed_ms(min(self.lost_until_ms, now.exchange_ms), length_ms)
        return max(overdue, lost_ms if lost_ms > settled_ms else 0)

    def answered(self, progress: bool, now_s: float, chance: Callable[[], float]) -> None:
        """The ask is over; after one that brought nothing the next has to wait, each time longer."""
        self.asking = None
        if progress:
            self.failures, self.retry_s = 0, now_s
            return
        self.failures += 1
        pause_s = full_jitter_s(self.failures - 1, chance, RETRY_FIRST_S, RETRY_MAX_S)
        self.retry_s = now_s + max(pause_s, RETRY_FIRST_S / 2)

    def subscribed_at(self, now: Now) -> None:
        """The exchange confirmed the stream: what closed until now will not come by it, the rest will."""
        self.subscribed, self.wished_s, self.lost_until_ms = True, now.monotonic_s, now.exchange_ms
        self.doubted_s = None
        # The exchange is there again: nobody has to wait for what failed while it was away.
        self.failures, self.retry_s = 0, now.monotonic_s

    def lost_at(self, now: Now) -> None:
        """The stream went with its connection."""
        self.subscribed, self.wished_s, self.doubted_s = False, now.monotonic_s, None

    @property
    def is_ready(self) -> bool:
        """Whether all wished history is there."""
        return self.series.is_joined and self.series.has_bars and self.series.covered_from_ms <= self.from_ms

    def state(self, now: Now, grace_ms: float) -> State:
        """One word for the series."""
        repairs = self.asking is not None and self.asking.is_repair
        return state_of(
            has_bars=self.series.has_bars,
            is_asking=repairs or self.series.gap() is not None,
            is_overdue=self.overdue_ms(now, grace_ms) > 0,
            is_vain=self.failures > 0 or (repairs and now.monotonic_s - self.asked_s > grace_ms / 1e3),
            is_uncertain=not self.subscribed or self.doubted_s is not None,
            is_deaf=self.is_deaf or self._is_cut_off(now, grace_ms) or self._is_ahead(now),
        )

    def _is_cut_off(self, now: Now, grace_ms: float) -> bool:
        return not self.subscribed and now.monotonic_s - self.wished_s > grace_ms / 1e3

    def _is_ahead(self, now: Now) -> bool:
        return self.series.next_ms > ahead_of(now)

    def reason(self, now: Now, grace_ms: float) -> str:
        """Why it is not live, in words; empty when it is."""
        state = self.state(now, grace_ms)
        if state is State.LIVE:
            return ""
        if state is State.NO_DATA:
            return "history is not here yet" if not self.series.is_joined else "the exchange has no closed bar"
        if self._is_ahead(now):
            until = iso_utc(self.series.next_ms)
            return f"its bars reach to {until}, ahead of the exchange's clock, which was set back: start again if it stays so"
        overdue_ms, next_ms = self.overdue_ms(now, grace_ms), self.series.next_ms
        if overdue_ms or self.series.gap() is not None or (self.asking is not None and self.asking.is_repair):
            vain = f", {self.failures} replies without it" if self.failures else ""
            return f"bar of {iso_utc(next_ms)} is missing, asked for over REST{vain}"
        if not self.subscribed:
            return f"no stream for {now.monotonic_s - self.wished_s:.0f} s, connecting and subscribing again"
        return "stream is silent although the exchange trades" + (", subscribed again" if self.is_deaf else "")
