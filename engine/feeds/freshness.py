"""How fresh each series is: which closes are overdue, and one word for its state. Pure.

Bars close by the exchange's clock; patience with them is measured in real milliseconds, because a simulator whose time runs
fast does not make networks faster.
"""

from enum import StrEnum


class State(StrEnum):
    """What can be said of a series."""

    #: Nothing is missing that should be there.
    LIVE = "live"
    #: Bars are missing and the exchange is being asked for them, or the stream has just gone.
    REPAIRING = "repairing"
    #: A close stays out beyond the grace and asking has not brought it yet, or nothing comes by the stream any more.
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


def state_of(
    *,
    has_bars: bool,
    is_asking: bool,
    is_overdue: bool,
    is_vain: bool,
    is_uncertain: bool = False,
    is_deaf: bool = False,
) -> State:
    """One word for a series, the gravest that applies.

    `is_vain`: asking for what is missing has failed, or takes long. `is_uncertain`: its stream has just gone, or is silent while
    the exchange trades; `is_deaf`: that has lasted, so the open bar is old.
    """
    if not has_bars:
        return State.NO_DATA
    if is_deaf or (is_overdue and is_vain):
        return State.STALE
    return State.REPAIRING if is_asking or is_overdue or is_uncertain else State.LIVE
