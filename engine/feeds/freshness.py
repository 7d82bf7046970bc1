"""How fresh each series is: which closes are overdue, and one word for its state. Pure.

Bars close by the exchange's clock; patience with them is measured in real milliseconds, because a simulator whose time runs
fast does not make networks faster.
"""

from enum import StrEnum


class State(StrEnum):
    """What can be said of a series."""

    #: Nothing is missing that should be there.
    LIVE = "live"
    #: Bars are missing, and the exchange is being asked for them.
    REPAIRING = "repairing"
    #: A close stays out beyond the grace, and asking has not brought it yet.
    STALE = "stale"
    #: There is no closed bar at all.
    NO_DATA = "no_data"


def newest_closed_ms(now_ms: int, length_ms: int) -> int:
    """Open time of the newest bar that has closed by `now_ms`: `[t, t + length)` closes when time passes `t + length`."""
    return now_ms - now_ms % length_ms - length_ms


def overdue_ms(now_ms: int, rate: float, length_ms: int, settled_ms: int, grace_ms: float) -> int:
    """Open time of the newest bar after `settled_ms` whose close stays out for longer than the grace; 0 when none does.

    `settled_ms` is the open time of the newest bar that is there, or known not to exist; `rate` how fast exchange time runs.
    """
    closed_long_ago_ms = int(now_ms - grace_ms * rate)
    newest_ms = newest_closed_ms(closed_long_ago_ms, length_ms)
    return newest_ms if newest_ms > settled_ms else 0


def state_of(*, has_bars: bool, is_asking: bool, is_overdue: bool, failures: int) -> State:
    """One word for a series, the gravest that applies."""
    if not has_bars:
        return State.NO_DATA
    if is_overdue and failures:
        return State.STALE
    return State.REPAIRING if is_asking or is_overdue else State.LIVE
