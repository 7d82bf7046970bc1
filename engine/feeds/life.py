"""The life of a connection: when a socket is opened, and when one gives way to another. Pure; time and chance are passed in.

At most two sockets at a time: the one that carries the streams, and the one that will replace it.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

#: Part of its age by which a socket is replaced earlier or later than told, so that not all change at once.
AGE_JITTER = 0.03
#: A new socket that does not carry everything after so long is given up, in seconds.
COMPLETE_MAX_S = 120.0


class View(NamedTuple):
    """What is known of one socket. Times are monotonic seconds."""

    #: From when on it is to be replaced; infinity: not before it ends.
    replace_s: float
    #: It carries all that is wished and has shown that it delivers.
    ready: bool = False
    #: It was told to go and is on its way.
    going: bool = False


class Step(Enum):
    """What to do now."""

    WAIT = "wait"
    OPEN = "open"
    RETIRE = "retire"


def next_step(sockets: Sequence[View], now_s: float, open_at_s: float) -> tuple[Step, float]:
    """The next step, and until when to wait if nothing else happens; `sockets` in the order in which they were opened.

    No attempt is made before `open_at_s`.
    """
    if len(sockets) > 1:
        first, second = sockets[0], sockets[1]
        return (Step.RETIRE, now_s) if second.ready and not first.going else (Step.WAIT, float("inf"))
    wanted_s = max(open_at_s, sockets[0].replace_s) if sockets else open_at_s
    return (Step.OPEN, now_s) if wanted_s <= now_s else (Step.WAIT, wanted_s)


def age_limit_s(max_age_s: float, chance: Callable[[], float]) -> float:
    """At which age a socket is replaced: `max_age_s`, a little earlier or later. `chance` gives numbers in [0, 1)."""
    return max_age_s * (1.0 + AGE_JITTER * (2.0 * chance() - 1.0))


class Handover(NamedTuple):
    """How far the replacement of a socket is. Times are monotonic seconds."""

    opened_s: float
    #: Since when the new socket carries everything; None: not yet.
    complete_s: float | None
    #: Whether the new one, and the one before it, had events since then.
    delivered: bool
    predecessor_delivered: bool


def is_ready(handover: Handover, now_s: float, silence_s: float) -> bool:
    """Whether the new socket may take over.

    When neither delivers, the market is quiet, or the fault is not the socket's: after `silence_s` the confirmed list of
    subscriptions is enough.
    """
    if handover.complete_s is None:
        return False
    return handover.delivered or (not handover.predecessor_delivered and now_s - handover.complete_s >= silence_s)


def is_worthless(handover: Handover, now_s: float, silence_s: float) -> bool:
    """Whether the new socket will not do: it does not get everything, or delivers nothing while the one before it does."""
    if handover.complete_s is None:
        return now_s - handover.opened_s >= COMPLETE_MAX_S
    return not handover.delivered and handover.predecessor_delivered and now_s - handover.complete_s >= silence_s
