"""What all workers together have given up: the state of the sandbox, for status, health, metrics and the log. Pure.

Filters run in a worker only where the kernel keeps a list of system calls for it. An operator may allow it without by
name; then everything that shows the engine says so, again and again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from engine.base.errors import SandboxRefused
from engine.dispatch.lockdowns import Lockdown
from engine.supervisor.remedies import MEANING, remedy, surroundings
from engine.wire.measures import SECCOMP

#: Measures without which filters are not run, unless that is allowed by name.
REQUIRED: Final = frozenset({SECCOMP})
#: Said when the engine starts, and again so often.
REMIND_S: Final = 3_600.0
UNSANDBOXED: Final = "FILTERS RUN WITHOUT A SANDBOX"


class State(StrEnum):
    """How much holds in all workers."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    #: No worker has spoken yet, or none is there.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What holds in every worker, and what is missing in some, with the reason."""

    workers: int = 0
    in_force: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    #: Whether the operator allows to do without what is required.
    allow_unsandboxed: bool = False

    @property
    def state(self) -> State:
        if not self.workers:
            return State.UNKNOWN
        if REQUIRED - set(self.in_force):
            return State.NONE
        return State.PARTIAL if self.missing else State.FULL

    @property
    def is_unsandboxed(self) -> bool:
        """Filters run, and nothing but the policy holds them."""
        return self.state is State.NONE and self.allow_unsandboxed

    def document(self) -> dict[str, Any]:
        """The entry `sandbox` of `engine status --json`."""
        return {
            "policy": "allow-list",
            "lockdown": str(self.state),
            "workers": self.workers,
            "in_force": list(self.in_force),
            "missing": self.explained(),
            "allow_unsandboxed": self.allow_unsandboxed,
            "unsandboxed": self.is_unsandboxed,
        }

    def explained(self) -> list[dict[str, str]]:
        """Each measure that is missing: why, what that means, and what to do."""
        where = surroundings() if self.missing else None
        return [
            {"measure": name, "reason": why, "meaning": MEANING.get(name, ""), "advice": remedy(name, why, where)}
            for name, why in self.missing.items()
            if where is not None
        ]

    def line(self) -> str:
        """In one line."""
        if self.state is State.UNKNOWN:
            return "no worker has spoken of it yet"
        if self.is_unsandboxed:
            return f"{UNSANDBOXED}: {self.told_missing()}: anyone whose filter runs here can reach what this user can"
        held = f"{self.state}: {len(self.in_force)} measures in force"
        return f"{held}; missing: {self.told_missing()}" if self.missing else held

    def told_missing(self) -> str:
        """What is missing, with reasons."""
        return ", ".join(f"{name} ({why})" for name, why in self.missing.items())


def of_all(lockdowns: Iterable[Lockdown], *, allow_unsandboxed: bool) -> Sandbox:
    """The sandbox as weak as its weakest worker."""
    found = list(lockdowns)
    missing: dict[str, str] = {}
    for one in found:
        for name, why in one.missing:
            missing.setdefault(name, why)
    everywhere = set.intersection(*(set(one.in_force) for one in found)) if found else set()
    in_force = tuple(name for name in (found[0].in_force if found else ()) if name in everywhere)
    if found:
        for name in sorted(REQUIRED - everywhere):
            missing.setdefault(name, "the worker does not speak of it")
    return Sandbox(len(found), in_force, missing, allow_unsandboxed)


def refusal(measure: str, reason: str) -> SandboxRefused:
    """The error that says why no filter is run."""
    what = f"workers cannot be locked down, so no filter is run: {measure} not in force"
    anyway = "to run filters of people you trust all the same: --allow-unsandboxed"
    return SandboxRefused(what, reason, f"{remedy(measure, reason, surroundings())}; {anyway}")


class Reminder:
    """Says when something is to be said again: at once, and then every so often."""

    def __init__(self, every_s: float = REMIND_S) -> None:
        self._every_s = every_s
        self._next_s = 0.0

    def is_due(self, now_s: float) -> bool:
        """Whether it is time, by the monotonic clock; it counts as said then."""
        if now_s < self._next_s:
            return False
        self._next_s = now_s + self._every_s
        return True
