"""How much one connection carries and how fast it speaks, after the exchange told it that it was too much. Pure.

The exchange's limits are known and kept; this is for those that are not: a proxy in between, or limits that changed.
"""

#: A connection that was told so carries and says less for so long, in seconds.
MODESTY_S = 3_600.0
#: Part of its streams that a connection gives away when it is cut for too much.
SHED_SHARE = 0.25
#: Least that it keeps then, as part of what connections may carry: a fault that goes on must not multiply connections.
KEPT_SHARE = 0.25
#: Least that it keeps when the exchange says that there is room for no more.
ROOM_SHARE = 1 / 16
#: Most that the pause between control frames is stretched.
PACE_MAX = 4.0


class Modesty:
    """Of one connection that may carry `max_streams`; times are monotonic seconds."""

    def __init__(self, max_streams: int) -> None:
        self._max_streams = max_streams
        self._capacity = max_streams
        self._pace = 1.0
        self._until_s = float("-inf")

    def capacity(self, now_s: float) -> int:
        """Most streams that it takes now."""
        return self._capacity if now_s < self._until_s else self._max_streams

    def pace(self, now_s: float) -> float:
        """By how much the pause between its control frames is stretched."""
        return self._pace if now_s < self._until_s else 1.0

    def cut_for_too_much(self, carried: int, now_s: float) -> int:
        """The exchange cut it for too many messages or streams; returns how many of those `carried` it keeps."""
        self._pace = min(PACE_MAX, 2.0 * self.pace(now_s))
        least = max(1, int(self._max_streams * KEPT_SHARE))
        keep = min(carried, max(least, carried - max(1, int(carried * SHED_SHARE))))
        return self._keep(keep, now_s)

    def no_room(self, carried: int, accepted: int, now_s: float) -> int:
        """The exchange has room for no more than it `accepted`; returns how many of those `carried` stay."""
        return self._keep(min(carried, max(1, int(self._max_streams * ROOM_SHARE), accepted)), now_s)

    def _keep(self, keep: int, now_s: float) -> int:
        self._capacity = min(self.capacity(now_s), max(1, keep))
        self._until_s = now_s + MODESTY_S
        return keep
