"""The budget of requests: how long to wait before one may be sent, so that the exchange never has to refuse it. Pure.

The exchange counts weight and requests per address in calendar windows of UTC: a minute begins at second zero, it does not
slide (documentation of the REST API, "Limits"). It counts a request when it arrives, and nobody here knows when that is: so a
request is charged to every window in which it may have arrived, from its sending to its reply, a doubt about clocks included.
Every reply tells what the address has used; what is not ours is other programs' and is subtracted from what we may use.
All hosts of the exchange share one budget. `now_ms` is the exchange's time. Pauses that it asks for are elsewhere.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.binance.messages import RateLimit

log = logging.getLogger(__name__)

WEIGHT: Final = "REQUEST_WEIGHT"
REQUESTS: Final = "RAW_REQUESTS"
MINUTE_MS: Final = 60_000
LENGTHS_MS: Final = {"SECOND": 1_000, "MINUTE": MINUTE_MS, "HOUR": 60 * MINUTE_MS, "DAY": 1_440 * MINUTE_MS}
#: What is allowed before `exchangeInfo` has told it: the lowest the exchange ever had (weight until August 2023).
LIMIT_UNTIL_KNOWN = 1_200
REQUESTS_UNTIL_KNOWN = 6_100
#: How far the exchange's clock may be from where we believe it, in ms, either way.
DOUBT_MS = 1_000
#: Pause while one request is out to learn what others have spent, in ms.
ASK_PAUSE_MS = 50
#: A limit beyond this is no number that anybody meant.
LIMIT_MAX = 10**9


@dataclass(slots=True, eq=False)
class Ticket:
    """One request in flight: its weight, and when it was sent."""

    weight: int
    sent_ms: float
    #: The last window of each kind that it is charged to.
    charged: dict["Window", int] = field(default_factory=dict)
    #: What of ours had been answered when it was sent, in the window of that instant.
    before: dict["Window", int] = field(default_factory=dict)


class Window:
    """Counts one kind of cost in calendar windows of one length."""

    def __init__(self, kind: str, length_ms: int, limit: int, percent: int) -> None:
        self.kind = kind
        self.length_ms = length_ms
        self.limit = limit
        self._percent = percent
        #: By number of window: what ours may have cost, what of it was answered, and what others spent, of which so much is sure.
        self._ours: dict[int, int] = {}
        self._counted: dict[int, int] = {}
        self._others: dict[int, int] = {}
        self._others_least: dict[int, int] = {}
        #: What others spent if a count near the turn of a window belongs to the later one.
        self._rumour: dict[int, int] = {}

    @property
    def allowance(self) -> int:
        """What we allow ourselves of the limit; never nothing."""
        return max(1, self.limit * self._percent // 100)

    def index(self, time_ms: float) -> int:
        """Number of the window in which that instant lies."""
        return int(time_ms // self.length_ms)

    def used(self, now_ms: float) -> int:
        """What is counted, ours and others', in the window of that instant."""
        index = self.index(now_ms)
        return self._ours.get(index, 0) + self._others.get(index, 0)

    def wait_s(self, weight: int, now_ms: float, flying: Collection[Ticket], keep_percent: int) -> float:
        """Seconds until this may be sent: 0.0, or the time to the end of the window that is full."""
        cost = self._cost(weight)
        allowed = self.allowance * (100 - keep_percent) // 100
        for index in range(self.index(now_ms - DOUBT_MS), self.index(now_ms + DOUBT_MS) + 1):
            late = sum(self._cost(one.weight) for one in flying if one.charged[self] < index)
            ours, others = self._ours.get(index, 0) + late, self._others.get(index, 0)
            # A request heavier than all that is allowed goes through alone, or it could never be sent.
            if ours + others and ours + others + cost > allowed:
                return ((index + 1) * self.length_ms + DOUBT_MS - now_ms) / 1e3
            rumour = self._rumour.get(index, 0) if index not in self._others else 0
            if rumour > others and ours + rumour + cost > allowed:
                # Soon a reply will be about this window for certain; one request asks for it, the others wait.
                settled_ms = index * self.length_ms + DOUBT_MS
                if now_ms < settled_ms or flying:
                    return max(ASK_PAUSE_MS, settled_ms - now_ms) / 1e3
        return 0.0

    def take(self, ticket: Ticket, now_ms: float) -> None:
        """Charge a request that is sent now."""
        first = self.index(now_ms - DOUBT_MS)
        for counts in (self._ours, self._counted, self._others, self._others_least, self._rumour):
            for old in [index for index in counts if index < first - 1]:
                del counts[old]
        ticket.charged[self] = first - 1
        ticket.before[self] = self._counted.get(first, 0)
        self.extend(ticket, now_ms)

    def extend(self, ticket: Ticket, now_ms: float) -> None:
        """The request was in flight until now: it may have arrived in any window since it was sent."""
        last = self.index(now_ms + DOUBT_MS)
        for index in range(ticket.charged[self] + 1, last + 1):
            self._ours[index] = self._ours.get(index, 0) + self._cost(ticket.weight)
        ticket.charged[self] = max(last, ticket.charged[self])

    def give_back(self, ticket: Ticket) -> None:
        """The request was never sent after all."""
        for index in range(self.index(ticket.sent_ms - DOUBT_MS), ticket.charged[self] + 1):
            if index in self._ours:
                self._ours[index] -= self._cost(ticket.weight)

    def settle(self, ticket: Ticket) -> None:
        """The request was answered, so it was counted: in one of the windows that it is charged to."""
        for index in range(self.index(ticket.sent_ms - DOUBT_MS), ticket.charged[self] + 1):
            self._counted[index] = self._counted.get(index, 0) + self._cost(ticket.weight)

    def told(self, ticket: Ticket, now_ms: float, used: int, flying: Iterable[Ticket]) -> None:
        """The reply to this request says what is used, by whomever.

        At most all of ours is in it, and at least what had been answered before this request was sent, and itself. A count
        that may belong to two windows is a rumour about the later one.
        """
        first, index = self.index(ticket.sent_ms - DOUBT_MS), self.index(now_ms + DOUBT_MS)
        ours = self._ours.get(index, 0) + sum(self._cost(one.weight) for one in flying if one.charged[self] < index)
        if first != index:
            self._rumour[index] = max(self._rumour.get(index, 0), used - ours)
            return
        least = self._others_least[index] = max(self._others_least.get(index, 0), used - ours)
        self._others[index] = max(least, used - self._cost(ticket.weight) - ticket.before.get(self, 0))

    def inherit(self, used: int, now_ms: float) -> None:
        """Count what was sent before this window was known."""
        self._ours[self.index(now_ms)] = used

    def _cost(self, weight: int) -> int:
        return weight if self.kind == WEIGHT else 1


class Budget:
    """What may be sent now, over all windows that the exchange told."""

    def __init__(self, percent: int = 80, limit: int = LIMIT_UNTIL_KNOWN) -> None:
        self._percent = percent
        self._windows = {
            (WEIGHT, MINUTE_MS): Window(WEIGHT, MINUTE_MS, limit, percent),
            (REQUESTS, 5 * MINUTE_MS): Window(REQUESTS, 5 * MINUTE_MS, REQUESTS_UNTIL_KNOWN, percent),
        }
        self._flying: set[Ticket] = set()
        self._looked_ms = 0.0
        self._complained: set[RateLimit] = set()

    def learn(self, limits: Iterable[RateLimit], now_ms: float | None = None) -> None:
        """Take over the exchange's own list; what makes no sense in it, or is absent, changes nothing."""
        now_ms = self._looked_ms if now_ms is None else now_ms
        found: dict[tuple[str, int], int] = {}
        for limit in limits:
            if limit.rate_limit_type not in (WEIGHT, REQUESTS):
                continue
            length_ms = LENGTHS_MS.get(limit.interval, 0) * limit.interval_num
            if 0 < length_ms <= LENGTHS_MS["DAY"] and 0 < limit.limit <= LIMIT_MAX:
                found[limit.rate_limit_type, length_ms] = limit.limit
            elif limit not in self._complained and len(self._complained) < 100:
                self._complained.add(limit)
                log.warning("a limit of the exchange makes no sense and is ignored: %s", limit)
        for kind in {kind for kind, _ in found}:
            self._replace(kind, {length_ms: limit for (one, length_ms), limit in found.items() if one == kind}, now_ms)

    def _replace(self, kind: str, limits: Mapping[int, int], now_ms: float) -> None:
        before = {length_ms: window for (one, length_ms), window in self._windows.items() if one == kind}
        used = max((window.used(now_ms) for window in before.values()), default=0)
        for length_ms in before.keys() - limits.keys():
            del self._windows[kind, length_ms]
        for length_ms, limit in limits.items():
            window = before.get(length_ms)
            if window is not None:
                window.limit = limit
                continue
            window = self._windows[kind, length_ms] = Window(kind, length_ms, limit, self._percent)
            window.inherit(used, now_ms)
            for ticket in self._flying:
                ticket.charged[window] = window.index(now_ms)

    @property
    def _weight(self) -> Window:
        """The window of weight that people know: of a minute, or the shortest there is."""
        minute = self._windows.get((WEIGHT, MINUTE_MS))
        return minute or min((one for one in self._windows.values() if one.kind == WEIGHT), key=lambda one: one.length_ms)

    @property
    def limit(self) -> int:
        """Weight that the exchange allows the address in a minute."""
        return self._weight.limit

    @property
    def allowance(self) -> int:
        """Weight that we allow ourselves in a minute."""
        return self._weight.allowance

    @property
    def used(self) -> int:
        """Weight used, by us and others behind our address, in the minute last looked at."""
        return self._weight.used(self._looked_ms)

    def wait_s(self, weight: int, now_ms: float, keep_percent: int = 0) -> float:
        """Seconds to wait before asking again whether so much may be sent; 0.0 when it may be sent now.

        `keep_percent` of what is allowed is left for requests that are more urgent.
        """
        self._looked_ms = now_ms
        return max(window.wait_s(weight, now_ms, self._flying, keep_percent) for window in self._windows.values())

    def take(self, weight: int, now_ms: float) -> Ticket:
        """Charge a request that is sent now; give the ticket back with `done` or `never_sent`."""
        self._looked_ms = now_ms
        ticket = Ticket(weight, now_ms)
        for window in self._windows.values():
            window.take(ticket, now_ms)
        self._flying.add(ticket)
        return ticket

    def done(self, ticket: Ticket, now_ms: float, told: Mapping[int, int] | None = None) -> None:
        """The request was answered, or given up (None).

        `told` is the weight used that its reply named, by length of window in ms.
        """
        self._looked_ms = now_ms
        if ticket not in self._flying:
            return
        self._flying.remove(ticket)
        for window in self._windows.values():
            window.extend(ticket, now_ms)
            if told is not None:
                window.settle(ticket)
            if told and window.kind == WEIGHT and window.length_ms in told:
                window.told(ticket, now_ms, told[window.length_ms], self._flying)

    def never_sent(self, ticket: Ticket) -> None:
        """No connection was made, so nothing arrived."""
        self._flying.discard(ticket)
        for window in self._windows.values():
            window.give_back(ticket)

    def seconds_for(self, weight: int, now_ms: float) -> float:
        """Least time that so much more weight takes, if everything else were infinitely fast and nobody else spent any."""
        window = self._weight
        beyond = weight - max(0, window.allowance - window.used(now_ms))
        if beyond <= 0:
            return 0.0
        to_turn_ms = window.length_ms - now_ms % window.length_ms
        return (to_turn_ms + (-(-beyond // window.allowance) - 1) * window.length_ms) / 1e3


def told_weights(headers: Mapping[str, str]) -> dict[int, int]:
    """Weights used that the headers of a reply name, by length of window in ms (`X-MBX-USED-WEIGHT-1M: 17`)."""
    units = {name[0]: length_ms for name, length_ms in LENGTHS_MS.items()}
    found: dict[int, int] = {}
    for name, value in headers.items():
        span = name.upper().removeprefix("X-MBX-USED-WEIGHT-")
        if span != name.upper() and span[:-1].isdecimal() and span[-1:] in units and value.isdecimal() and len(value) < 10:
            found[int(span[:-1]) * units[span[-1]]] = int(value)
    return found
