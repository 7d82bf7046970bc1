"""Words of joining: where a series stands, what it asks for, and what is counted."""

from enum import Enum, auto
from math import inf
from typing import NamedTuple

from engine.feeds.incidents import Incidents

#: Far beyond any event, and still a time that fits into 64 bits with much added to it.
TIME_MAX_MS = float(1 << 61)
#: Before the first bar of all.
NEVER_MS = -1


class Phase(Enum):
    """Where a series stands."""

    EMPTY = auto()
    LIVE = auto()
    REPAIRING = auto()


class Ask(NamedTuple):
    """Bars to fetch: those that open from `start_ms` to `until_ms`, both included."""

    start_ms: int
    until_ms: int
    #: The first history of a series: goes on to the present, is collected whole and put at once.
    first: bool = False
    #: Bars before those that are there.
    older: bool = False
    #: Where the ask began, before pages were taken off it.
    from_ms: int = 0
    #: Bars up to this one closed long ago: later ones are held.
    closed_ms: int = NEVER_MS
    #: Nothing is known to be missing: the stream is silent, and the open bar tells whether the exchange trades.
    probe: bool = False
    #: A closed bar of which two different things were told: how it is now is asked.
    check: bool = False
    #: How many contradictions had been told when it was asked; a reply says nothing of later ones.
    contradictions: int = 0

    @property
    def is_repair(self) -> bool:
        """Whether bars are missing that should be there by now."""
        return not (self.probe or self.check or self.older)


class Tally:
    """What happened to bars, counted over all series of a feed; and the bounds of what is believed, which time moves."""

    def __init__(self, jump_share: float = inf) -> None:
        self.forming = 0
        self.closed = 0
        self.duplicates = 0
        #: Closed bars that came after later ones: stored if there is room, told to nobody.
        self.late = 0
        self.out_of_order = 0
        self.invalid = 0
        self.gaps = 0
        self.repaired = 0
        self.holes = 0
        self.incidents = Incidents()
        #: A close further than this share from the one before it is noted.
        self.jump_share = jump_share
        #: Events that claim to be later than this are not believed: one of them would stop a series for good.
        self.horizon_ms = TIME_MAX_MS
        #: Nor is a row of history that opens later than this: it would make the one before it look closed.
        self.latest_ms = inf

    @property
    def revised(self) -> int:
        """Closed bars that were corrected."""
        return self.incidents.revised

    @property
    def counts(self) -> dict[str, int]:
        """All counts by name."""
        names = ("invalid", "closed", "forming", "duplicates", "revised", "late", "out_of_order", "gaps", "repaired", "holes")
        return {**{name: getattr(self, name) for name in names}, "price_jumps": self.incidents.jumped}
