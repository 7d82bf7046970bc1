"""What can happen to the dispatcher, as plain facts; the brain is told nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.wire.messages import FilterLoaded, FilterRefusal, FilterResult, LoadFilter
from engine.wire.slots import IDLE, Status

#: Why a worker is gone. `killed`: by a SIGKILL that was not ours, so perhaps by the machine and not by a filter;
#: `nursery`: its parent died and took it along; `left`: exit code 0; `unreachable`: its socket was closed;
#: `crash`: any other signal or exit code; `deadline`, `lied`, `silent`, `boot` and `retired`: we had to kill it.
Cause = Literal["crash", "killed", "nursery", "left", "unreachable", "deadline", "lied", "silent", "boot", "retired"]


class Evaluation(NamedTuple):
    """Ask these filters about this symbol as of this instant; `forming` includes the bar that is not closed yet."""

    symbol: int
    as_of_ms: int
    forming: bool
    filter_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """These evaluations are to be done; together they are one cycle."""

    evaluations: Sequence[Evaluation]


@dataclass(frozen=True, slots=True)
class FilterKnown:
    """This filter may be named from now on."""

    message: LoadFilter


@dataclass(frozen=True, slots=True)
class FilterDropped:
    """This filter is not wanted any more; what is still queued of it is forgotten."""

    filter_id: int


@dataclass(frozen=True, slots=True)
class Resize:
    """So many workers are wished from now on."""

    target: int


@dataclass(frozen=True, slots=True)
class Stocked:
    """The nursery has loaded machine code that workers forked before lack."""


@dataclass(frozen=True, slots=True)
class WorkerForked:
    """The process exists; it should say Ready soon."""

    slot: int
    generation: int


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """It said Ready: it may be given work."""

    slot: int
    generation: int


@dataclass(frozen=True, slots=True)
class WorkerUnfit:
    """It said Ready, but is not locked down as it must be: it may not be given anything."""

    slot: int
    generation: int
    lacking: str


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The process is gone, or could not be made; `status` is what its slot said last."""

    slot: int
    generation: int
    cause: Cause
    status: Status = IDLE


@dataclass(frozen=True, slots=True)
class LoadedOn:
    """A worker holds a filter now."""

    slot: int
    generation: int
    message: FilterLoaded


@dataclass(frozen=True, slots=True)
class RefusedOn:
    """A worker refused a filter."""

    slot: int
    generation: int
    message: FilterRefusal


@dataclass(frozen=True, slots=True)
class TaskAnswered:
    """A worker says that it has done a task; nothing in it is believed before it was checked."""

    slot: int
    generation: int
    task_id: int
    results: Sequence[FilterResult]


@dataclass(frozen=True, slots=True)
class PongHeard:
    """A worker answered a ping."""

    slot: int
    generation: int
    sequence: int
    #: Memory that is the worker's alone, and how much of it the worker accounts for.
    own_bytes: int = 0
    held_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Nonsense:
    """A worker sent something that is no message, or none it may send now."""

    slot: int
    generation: int
    what: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A message for this worker could not be handed over."""

    slot: int
    generation: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; `statuses` by slot show whether busy workers get on."""

    statuses: Mapping[int, Status] = field(default_factory=dict)


Event = (
    Due
    | FilterKnown
    | FilterDropped
    | Resize
    | Stocked
    | WorkerForked
    | WorkerReady
    | WorkerUnfit
    | WorkerLost
    | LoadedOn
    | RefusedOn
    | TaskAnswered
    | PongHeard
    | Nonsense
    | Unreachable
    | Tick
)
