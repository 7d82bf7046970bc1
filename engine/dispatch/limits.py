"""Figures the brain decides by, and what it counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All durations in seconds of the monotonic clock unless the name says otherwise."""

    #: Status slots there are; some above the largest pool, so that a new worker need not wait for one that leaves.
    slots: int = 16
    #: Workers beyond those wished that hold all filters and wait, so that one that dies is replaced at once.
    spares: int = 1
    #: A worker whose memory grew by so much, beyond what it accounts for, is replaced when it has answered.
    growth_bytes_max: int = 100 * 1024**2
    #: A worker that does not get on with a task for so long is killed.
    hard_limit_s: float = 5.0
    #: CPU time a filter may use for one item, enforced by the worker.
    soft_limit_ms: int = 500
    #: Questions (symbol × filter) in one task, so that a crash or a resize never costs much.
    questions_max: int = 20_000
    #: Expected CPU time of one task, for the same reason.
    task_cpu_us: float = 200_000.0
    #: Symbols of a busy worker's share are given to an idle one after so long: below, its warm memory is worth the wait.
    steal_after_s: float = 0.010
    #: From fork to Ready.
    boot_limit_s: float = 10.0
    ping_every_s: float = 5.0
    #: First and longest pause before a slot whose workers die without having done anything is tried again.
    respawn_after_s: float = 0.1
    respawn_after_max_s: float = 5.0
    #: Messages that answer nothing, after which a worker is not believed any more.
    strays_max: int = 20

    @property
    def watch_limit_s(self) -> float:
        """When the supervisor does what a worker's own timer should have done: a little later, so that the timer comes first."""
        return 1.1 * self.hard_limit_s


@dataclass(slots=True)
class Counts:
    """Totals since the start; metrics are made of them."""

    submitted: int = 0
    tasks: int = 0
    answered: int = 0
    given_up: int = 0
    superseded: int = 0
    dropped: int = 0
    lost_tasks: int = 0
    lost_workers: int = 0
    promoted: int = 0
    recycled: int = 0
    deadlines: int = 0
    lies: int = 0
    stolen: int = 0
    late_messages: int = 0
    strays: int = 0
    cycles: int = 0
