"""What the brain wants done; whoever carries it out adds no decision of his own."""

from dataclasses import dataclass
from typing import NamedTuple

from engine.dispatch.events import Cause
from engine.wire.messages import FilterLoaded, FilterRefusal, FilterResult, LoadFilter, Task


class Outcome(NamedTuple):
    """What filters said about symbols as of an instant: one result a filter, checked against what was asked."""

    as_of_ms: int
    forming: bool
    symbols: tuple[int, ...]
    results: tuple[FilterResult, ...]


class Question(NamedTuple):
    """One symbol as of one instant, of a filter that is named beside it."""

    symbol: int
    as_of_ms: int
    forming: bool


@dataclass(frozen=True, slots=True)
class SpawnWorker:
    """Start a process in this slot."""

    slot: int
    generation: int


@dataclass(frozen=True, slots=True)
class KillWorker:
    """End this process by SIGKILL and say WorkerLost when it is gone."""

    slot: int
    generation: int
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class DrainWorker:
    """Ask this worker to leave after the task in hand."""

    slot: int
    generation: int


@dataclass(frozen=True, slots=True)
class LoadOn:
    """Send this filter to this worker."""

    slot: int
    generation: int
    message: LoadFilter


@dataclass(frozen=True, slots=True)
class DropOn:
    """Let this worker forget a filter."""

    slot: int
    generation: int
    filter_id: int


@dataclass(frozen=True, slots=True)
class SendTask:
    """Send this task to this worker."""

    slot: int
    generation: int
    task: Task


@dataclass(frozen=True, slots=True)
class PingWorker:
    """Ask this worker for a sign of life."""

    slot: int
    generation: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Report:
    """Hand these outcomes upward, in this order."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """These questions of this filter will not be answered, and why."""

    filter_id: int
    questions: tuple[Question, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Superseded:
    """Older time-driven questions of this filter gave way to newer ones before they were asked."""

    filter_ids: tuple[int, ...]
    question: Question


@dataclass(frozen=True, slots=True)
class Loaded:
    """A filter is accepted; hand upward what its code says of itself."""

    message: FilterLoaded


@dataclass(frozen=True, slots=True)
class Refused:
    """A filter is refused; tell its owner."""

    message: FilterRefusal


@dataclass(frozen=True, slots=True)
class CycleEnded:
    """Everything that was due together is answered or given up, this long after it was submitted."""

    seconds: float


Instruction = (
    SpawnWorker
    | KillWorker
    | DrainWorker
    | LoadOn
    | DropOn
    | SendTask
    | PingWorker
    | Report
    | GiveUp
    | Superseded
    | Loaded
    | Refused
    | CycleEnded
)
