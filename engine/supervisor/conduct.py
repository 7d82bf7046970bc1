"""How one version of a trader behaves: its strikes, which fade, its signals by the hour, and its CPU time by the cycle. Pure.

All of it is counted by the instants asked about, not by when the answer came. So catching up after a stop counts each late
signal in the hour in which it would have been found, a replay at sixty times the speed judges as live does, and a screen is
not blamed for the engine's absence.

What is a flood: a symbol that matches at the first question about it did not begin to match, it was found so. The first
answer on each symbol is therefore not counted: a screen over 500 symbols may find 300 of them at its start. A signal told
again for the same bar is one signal. Everything after that is the filter's choice and counts.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from engine.dispatch.stats import percentile

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
#: Minutes with signals that are remembered; more than catching up can reach back for any one symbol.
MINUTES_MAX: Final = 4_096
#: A strike is not forgotten before the trader was due so often again: one that runs each hour would never be caught.
STRIKE_REFRESHES: Final = 10
#: Cycles whose CPU time is kept for the percentiles.
CYCLES_MAX: Final = 256


class HourlyCount:
    """How many in any sixty minutes; events may come in any order."""

    def __init__(self) -> None:
        self._by_minute: dict[int, int] = {}
        self._minute = -1
        self._most = 0

    def add(self, at_ms: int) -> int:
        """One more at that instant; returns the largest number in any sixty minutes that hold it."""
        minute = at_ms // MINUTE_MS
        self._by_minute[minute] = self._by_minute.get(minute, 0) + 1
        if len(self._by_minute) > MINUTES_MAX:
            del self._by_minute[min(self._by_minute)]
        # A close brings many at once, and one more in the same minute is one more in each hour around it.
        self._most = self._most + 1 if minute == self._minute else self._most_around(minute)
        self._minute = minute
        return self._most

    def _most_around(self, minute: int) -> int:
        counts = [self._by_minute.get(one, 0) for one in range(minute - 59, minute + 60)]
        hour = most = sum(counts[:60])
        for entering, leaving in zip(counts[60:], counts, strict=False):
            hour += entering - leaving
            most = max(most, hour)
        return most


class Verdict(NamedTuple):
    """Why a trader must stop."""

    kind: str
    reason: str


class Conduct:
    """The record of one version, from its first answer to its change or resumption."""

    def __init__(self) -> None:
        self._strikes_ms: list[int] = []
        self._bars: dict[str, int] = {}
        self._signals = HourlyCount()
        self._cpu_us: OrderedDict[int, int] = OrderedDict()
        self.worst_hour = 0
        #: Matches that were not stored, since the circuit breaker stopped the trader.
        self.cut = 0

    # --- strikes ----------------------------------------------------------------------------------------------------

    def strike(self, as_of_ms: int) -> None:
        """It overran or answered nonsense as of this instant; however often then, it is one strike."""
        if as_of_ms not in self._strikes_ms:
            self._strikes_ms.append(as_of_ms)

    def strike_more(self, as_of_ms: int) -> None:
        """One symbol alone took more than all may take: that is beyond doubt, so it counts each time."""
        self._strikes_ms.append(as_of_ms)

    def strikes(self, as_of_ms: int, forget_ms: int, refresh_ms: int) -> int:
        """Strikes that are not forgotten by then."""
        kept_ms = max(forget_ms, STRIKE_REFRESHES * refresh_ms)
        self._strikes_ms = [at for at in self._strikes_ms if at > as_of_ms - kept_ms]
        return len(self._strikes_ms)

    # --- signals ----------------------------------------------------------------------------------------------------

    def signal(self, symbol: str, bar_open_ms: int, as_of_ms: int, *, first: bool) -> None:
        """A symbol began to match; `first` says that nothing was known of it before."""
        known = self._bars.get(symbol)
        self._bars[symbol] = bar_open_ms
        if first or known == bar_open_ms:
            return
        self.worst_hour = max(self.worst_hour, self._signals.add(as_of_ms))

    def flood(self, pause_at: int, stop_at: int) -> Verdict | None:
        """Whether there were too many in an hour; 0 means that there is no such limit."""
        if stop_at and self.worst_hour > stop_at:
            reason = f"circuit breaker: more than {stop_at} signals in an hour; further matches were not stored"
            return Verdict("breaker", reason)
        if pause_at and self.worst_hour > pause_at:
            return Verdict("flood", f"more than {pause_at} signals in an hour")
        return None

    # --- CPU time ---------------------------------------------------------------------------------------------------

    def used(self, as_of_ms: int, cpu_us: int) -> None:
        """CPU time of one answer; the answers as of one instant are one cycle."""
        self._cpu_us[as_of_ms] = self._cpu_us.get(as_of_ms, 0) + cpu_us
        if len(self._cpu_us) > CYCLES_MAX:
            self._cpu_us.popitem(last=False)

    def cycle_ms(self) -> dict[str, float | None]:
        """CPU time of a cycle over all symbols, in ms: mean, p50 and p99 of the last ones; None before the first."""
        ordered = sorted(self._cpu_us.values())
        if not ordered:
            return {"mean": None, "p50": None, "p99": None}
        mean_us = sum(ordered) / len(ordered)
        found = {"mean": mean_us, "p50": percentile(ordered, 0.5), "p99": percentile(ordered, 0.99)}
        return {name: round(value / 1e3, 3) for name, value in found.items()}
