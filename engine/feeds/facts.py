"""What a feed tells of its series and its clock: plain records for whoever shows them."""

from typing import NamedTuple

from engine.feeds.freshness import State
from engine.feeds.needs import Now, Slot


class SeriesFacts(NamedTuple):
    """One series; times in ms since the epoch, by the exchange's clock."""

    symbol: str
    interval: str
    state: State
    #: Since when it has been in that state.
    since_ms: int
    #: When the exchange sent the newest event; 0 before the first.
    last_event_ms: int
    #: Open time of the newest closed bar; negative before the first.
    last_closed_ms: int
    #: Why it is not live, in words; empty when it is.
    reason: str


class ClockFacts(NamedTuple):
    """The exchange's clock beside ours."""

    #: How far the exchange is ahead of this machine's wall clock, in ms.
    offset_ms: float
    #: What that may be wrong by: half of the time that the best of the last questions took, in ms.
    error_ms: float
    #: How much faster the exchange's clock runs, in parts per million (1 ppm is 0.06 ms a minute); None while not known.
    drift_ppm: float | None
    #: How fast the exchange's time runs: 1, but for simulators.
    rate: float
    #: Whether the wall clock is off by more than a second.
    warned: bool
    #: How often the exchange's clock was set to another time.
    jumps: int


def facts_of(slot: Slot, now: Now, grace_ms: float) -> SeriesFacts:
    """What there is to tell of a slot: its state as it was shown last, the reason as it is now."""
    one = slot.series
    reason = "" if slot.shown is State.LIVE else slot.reason(now, grace_ms)
    return SeriesFacts(slot.symbol, slot.interval, slot.shown, slot.since_ms, one.event_ms, one.last_closed_ms, reason)
