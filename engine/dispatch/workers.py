"""One worker as the dispatcher sees it, and the only table of what may become of it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from engine.base.errors import RuleBroken
from engine.dispatch.events import Cause
from engine.dispatch.queue import Entry
from engine.wire.messages import Task


class State(Enum):
    """Life of a worker in its slot."""

    GONE = "gone"
    SPAWNING = "spawning"
    IDLE = "idle"
    BUSY = "busy"
    LEAVING = "leaving"
    DOOMED = "doomed"


#: From each state, the states that may follow; a slot whose worker is gone may be given to the next generation.
ALLOWED: Final[Mapping[State, frozenset[State]]] = {
    State.GONE: frozenset({State.SPAWNING}),
    State.SPAWNING: frozenset({State.IDLE, State.DOOMED, State.GONE}),
    State.IDLE: frozenset({State.BUSY, State.LEAVING, State.DOOMED, State.GONE}),
    State.BUSY: frozenset({State.IDLE, State.LEAVING, State.DOOMED, State.GONE}),
    State.LEAVING: frozenset({State.DOOMED, State.GONE}),
    State.DOOMED: frozenset({State.GONE}),
}


class Fate(Enum):
    """Life of a task."""

    SENT = "sent"
    ANSWERED = "answered"
    LOST = "lost"


#: A task that was answered or lost is history: nothing may become of it any more.
FATES: Final[Mapping[Fate, frozenset[Fate]]] = {
    Fate.SENT: frozenset({Fate.ANSWERED, Fate.LOST}),
    Fate.ANSWERED: frozenset(),
    Fate.LOST: frozenset(),
}


@dataclass(slots=True)
class Flight:
    """A task in the hands of a worker."""

    task: Task
    entries: list[Entry]
    sent_at: float
    #: When the worker is killed unless it gets on, and when in any case.
    deadline: float
    deadline_max: float
    #: The one filter of the task when it is asked alone, else None.
    alone: int | None = None
    #: Start of the filter's run that was seen last.
    mark: int = 0
    fate: Fate = Fate.SENT

    def end(self, fate: Fate) -> None:
        """What has become of it; raises RuleBroken for a second end."""
        if fate not in FATES[self.fate]:
            raise RuleBroken("a task cannot end like this", f"{self.task.task_id}: {self.fate.value} → {fate.value}")
        self.fate = fate


#: Seat of a worker that waits for one to become free.
SPARE: Final = -1


@dataclass(slots=True)
class Worker:
    """One slot of the pool and who lives in it; the slot keeps its place while its worker is replaced."""

    slot: int
    generation: int = 0
    #: Its place in the order that symbols are shared out by.
    seat: int = SPARE
    state: State = State.GONE
    flight: Flight | None = None
    #: It will not be replaced.
    leaving: bool = False
    #: Why we kill it, once we do.
    doom: Cause | None = None
    loaded: set[int] = field(default_factory=set)
    #: Filters sent and not answered yet, oldest first.
    loading: dict[int, None] = field(default_factory=dict)
    #: `Filters.epoch` that its filters correspond to.
    epoch: int = -1
    #: End of patience with a boot, with loading, with leaving or with dying.
    deadline: float | None = None
    #: `Crew.stock` when it was forked.
    stock: int = 0
    ready_at: float = 0.0
    respawn_at: float = 0.0
    #: Deaths in a row before anything useful was done.
    boots_failed: int = 0
    #: Memory beyond what it accounts for when it began; None before it has told.
    began_bytes: int | None = None
    #: It grew too much.
    worn: bool = False
    #: Questions answered: how much it has in its memory, roughly.
    questions: int = 0
    strays: int = 0
    pings: int = 0
    pinged_at: float = 0.0
    pong: int = 0
    history: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def move(self, to: State, why: str = "") -> None:
        """Go over to another state; raises RuleBroken, with what happened before, when the table does not allow it."""
        self.history.append(f"{self.generation}: {self.state.value} → {to.value} {why}".rstrip())
        if to not in ALLOWED[self.state]:
            raise RuleBroken(f"worker in slot {self.slot} cannot go this way", " | ".join(self.history))
        self.state = to

    def reborn(self) -> None:
        """Make room for the next generation."""
        self.generation += 1
        self.move(State.SPAWNING)
        self.flight, self.doom, self.deadline = None, None, None
        self.loaded, self.loading, self.epoch = set(), {}, -1
        self.began_bytes, self.worn = None, False
        self.questions = self.strays = self.pings = self.pong = 0

    @property
    def at_work(self) -> bool:
        """It is there and may be given something, now or after the task in hand."""
        return self.state is State.IDLE or self.state is State.BUSY
