"""How late messages are when their bars stand in the candles: a few measurements a second, at no cost to the others.

A frame is measured from the time that the exchange wrote into it to the moment after it was taken in, by the engine's idea of
the exchange's clock; what that clock is off shows here too.
"""

from collections import deque
from typing import NamedTuple

import msgspec

from engine.base.clock import ExchangeClock

#: Measurements kept: minutes of single events, or the last closes of a large market.
KEPT = 2_000


class Quantiles(NamedTuple):
    """In milliseconds; None before the first measurement."""

    p50_ms: float | None
    p99_ms: float | None


class Lags:
    """The last measurements, in ms; what seems to come from the future counts as no lag."""

    def __init__(self) -> None:
        self._last_ms: deque[float] = deque(maxlen=KEPT)

    def note(self, lag_ms: float) -> None:
        """One more."""
        self._last_ms.append(max(0.0, lag_ms))

    def quantiles(self) -> Quantiles:
        """Half of the last ones, and 99 in 100, were not later than this."""
        ordered = sorted(self._last_ms)
        if not ordered:
            return Quantiles(None, None)
        last = len(ordered) - 1
        return Quantiles(ordered[last // 2], ordered[round(last * 0.99)])


class _Stamp(msgspec.Struct):
    event_ms: int = msgspec.field(name="E")


class _Stamped(msgspec.Struct):
    data: _Stamp


_decode = msgspec.json.Decoder(_Stamped).decode


def event_ms_of(payload: bytes) -> int | None:
    """When the exchange sent the event in this frame; None when it holds none."""
    try:
        return _decode(payload).data.event_ms
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class EventLags(Lags):
    """Lags of events, in real time, whatever the speed of the exchange's."""

    def __init__(self, clock: ExchangeClock) -> None:
        super().__init__()
        self._clock = clock

    def note_frame(self, payload: bytes) -> None:
        """This frame was just taken in."""
        event_ms = event_ms_of(payload)
        if event_ms is not None and self._clock.rate > 0:
            self.note((self._clock.now_ms() - event_ms) / self._clock.rate)
