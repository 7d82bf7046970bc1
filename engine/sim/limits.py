"""How much one address may ask: weights and requests by the calendar minute, refusals, bans, connection attempts.

Pure: the time is passed in, and it is this machine's wall clock, not the simulated one, so that a simulator that runs
faster gives no larger budget and no shorter ban.
"""

import math
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

MINUTE_S: Final = 60
FIVE_MINUTES_S: Final = 300
DAY_S: Final = 86_400


class Limits(NamedTuple):
    """What the exchange allows; exchangeInfo tells the first two."""

    weight_per_minute: int = 6_000
    requests_per_5_minutes: int = 300_000
    connections_per_5_minutes: int = 300
    #: Requests answered 429 within a minute before going on means a ban.
    refusals_before_ban: int = 10
    first_ban_s: int = 120
    longest_ban_s: int = 3 * DAY_S
    messages_per_second: int = 5
    streams_per_connection: int = 1_024
    #: A longer SUBSCRIBE is silently ignored.
    message_bytes: int = 4_096
    ping_every_s: float = 20.0
    pong_within_s: float = 60.0
    connection_lifetime_s: float = float(DAY_S)


class Verdict(NamedTuple):
    """Whether a request is answered, what its address has used of the minute, and how long to wait otherwise."""

    kind: Literal["ok", "too_much_weight", "too_many_requests", "banned"]
    used_weight: int
    retry_after_s: int = 0


@dataclass(slots=True)
class _Usage:
    """What one address did."""

    minute: int = -1
    weight: int = 0
    refusals: int = 0
    five_minutes: int = -1
    requests: int = 0
    connections: list[float] = field(default_factory=list)
    banned_until_s: float = 0.0
    last_ban_s: float = 0.0


class Gate:
    """Counts by address."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._usage: dict[str, _Usage] = {}

    def request(self, address: str, weight: int, now_s: float) -> Verdict:
        """Charge one request; a refused one costs as much as any other."""
        usage = self._usage.setdefault(address, _Usage())
        self._turn(usage, now_s)
        if now_s < usage.banned_until_s:
            return Verdict("banned", usage.weight, math.ceil(usage.banned_until_s - now_s))
        usage.weight += weight
        usage.requests += 1
        if usage.weight <= self.limits.weight_per_minute and usage.requests <= self.limits.requests_per_5_minutes:
            return Verdict("ok", usage.weight)
        usage.refusals += 1
        if usage.refusals > self.limits.refusals_before_ban:
            self._ban(usage, now_s)
            return Verdict("banned", usage.weight, math.ceil(usage.banned_until_s - now_s))
        if usage.weight > self.limits.weight_per_minute:
            return Verdict("too_much_weight", usage.weight, _until_next(MINUTE_S, now_s))
        return Verdict("too_many_requests", usage.weight, _until_next(FIVE_MINUTES_S, now_s))

    def connection(self, address: str, now_s: float) -> int:
        """Count one attempt to connect; 0, or the seconds after which another one may be made."""
        usage = self._usage.setdefault(address, _Usage())
        usage.connections = [at_s for at_s in usage.connections if at_s > now_s - FIVE_MINUTES_S]
        usage.connections.append(now_s)
        # Attempts beyond the limit are dropped from the list's far end, so it cannot grow without bound.
        usage.connections = usage.connections[-self.limits.connections_per_5_minutes - 1 :]
        if len(usage.connections) <= self.limits.connections_per_5_minutes:
            return 0
        return math.ceil(usage.connections[1] + FIVE_MINUTES_S - now_s)

    def _turn(self, usage: _Usage, now_s: float) -> None:
        """Begin a new calendar minute, or five."""
        if usage.minute != int(now_s // MINUTE_S):
            usage.minute, usage.weight, usage.refusals = int(now_s // MINUTE_S), 0, 0
        if usage.five_minutes != int(now_s // FIVE_MINUTES_S):
            usage.five_minutes, usage.requests = int(now_s // FIVE_MINUTES_S), 0

    def _ban(self, usage: _Usage, now_s: float) -> None:
        """Two minutes, and twice as long as the last time for who comes back within a day."""
        recently = usage.last_ban_s and now_s < usage.banned_until_s + DAY_S
        usage.last_ban_s = min(usage.last_ban_s * 2, self.limits.longest_ban_s) if recently else self.limits.first_ban_s
        usage.banned_until_s = now_s + usage.last_ban_s


class Throttle:
    """Incoming messages of one connection: more than so many within a second are too many."""

    def __init__(self, messages_per_second: int) -> None:
        self._allowed = messages_per_second
        self._times_s: list[float] = []

    def message(self, now_s: float) -> bool:
        """Count one message; False when it is one too many."""
        self._times_s = [at_s for at_s in self._times_s if at_s > now_s - 1.0]
        self._times_s.append(now_s)
        return self.within_1s <= self._allowed

    @property
    def within_1s(self) -> int:
        """Messages of the last second."""
        return len(self._times_s)


def _until_next(window_s: int, now_s: float) -> int:
    return max(1, math.ceil(window_s - now_s % window_s))
