"""What the dispatcher knows of each filter: whether it is accepted, what it costs, and whether it is under suspicion.

A filter on which a worker died is asked alone until it has proved itself; one that kills again while alone is given up.
A SIGKILL from outside weighs less than a crash, since it may well be the machine's doing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from engine.dispatch.events import Cause
from engine.dispatch.lanes import TRIAL_FACTOR, TRIAL_SYMBOLS, is_heavy
from engine.dispatch.queue import Entry, Queue
from engine.wire.messages import FilterResult, LoadFilter, Task

#: Weight of one death by its cause; causes that are nobody's fault are not listed.
POINTS: Final[Mapping[Cause, int]] = {"crash": 2, "deadline": 2, "lied": 2, "left": 2, "killed": 1}
#: So many points, and the filter is given up: two crashes, or four kills from outside, in a row.
POINTS_MAX: Final = 4
#: Expected CPU time of one question of a filter that has not been measured yet, in µs: so much that it is asked about one
#: symbol first. Who knows what it does.
COST_US_UNKNOWN: Final = 1e6
#: Weight of the newest measurement in the running mean of a filter's cost.
COST_WEIGHT: Final = 0.3


class Standing(Enum):
    """Where a filter stands on its way to being asked."""

    NEW = "not loaded anywhere"
    PROBING = "one worker is loading it"
    ACCEPTED = "may be asked"
    REFUSED = "refused by the policy"
    GIVEN_UP = "it ends the workers that run it"


@dataclass(slots=True)
class Filter:
    """One filter and its record."""

    message: LoadFilter
    standing: Standing = Standing.NEW
    #: Slot of the worker that loads it first.
    probe_slot: int = -1
    points: int = 0
    cost_us: float = COST_US_UNKNOWN
    #: Symbols that its cost was measured on, and whether it takes so much that it is asked apart from others.
    measured: int = 0
    heavy: bool = False
    reason: str = ""
    #: Set while it is under suspicion: its evaluations, to be asked alone.
    alone: Queue | None = None
    #: Evaluations that came before it was accepted.
    held: list[Entry] = field(default_factory=list)


class Parts(NamedTuple):
    """A tuple of filters, sorted by how each must be treated."""

    plain: tuple[int, ...]
    apart: tuple[int, ...]


class Filters:
    """All filters by id."""

    def __init__(self) -> None:
        self._filters: dict[int, Filter] = {}
        self._parts: dict[tuple[int, ...], Parts] = {}
        self._costs_us: dict[tuple[int, ...], float] = {}
        #: Grows with every change of what workers should hold.
        self.epoch = 0
        self.accepted: dict[int, LoadFilter] = {}
        self.suspects: dict[int, Filter] = {}
        self.heavy: dict[int, Filter] = {}
        self.fresh: dict[int, Filter] = {}

    def __contains__(self, filter_id: int) -> bool:
        return filter_id in self._filters

    def get(self, filter_id: int) -> Filter | None:
        """The record of a filter, or None for one that is not known."""
        return self._filters.get(filter_id)

    def add(self, message: LoadFilter) -> None:
        """Know a filter; telling the same id twice changes nothing."""
        if message.filter_id not in self._filters:
            self.fresh[message.filter_id] = self._filters[message.filter_id] = Filter(message)

    def drop(self, filter_id: int) -> Filter | None:
        """Forget a filter."""
        found = self._filters.pop(filter_id, None)
        self._changed(filter_id)
        return found

    def probe(self, filter_id: int, slot: int) -> None:
        """A worker begins to load it, as the first."""
        found = self.fresh.pop(filter_id)
        found.standing, found.probe_slot = Standing.PROBING, slot

    def unprobe(self, slot: int) -> None:
        """The worker that was loading them first is gone: somebody else must try, in the order they came."""
        back = {id_: one for id_, one in self._filters.items() if one.standing is Standing.PROBING and one.probe_slot == slot}
        for one in back.values():
            one.standing, one.probe_slot = Standing.NEW, -1
        self.fresh = {**back, **self.fresh}

    def accept(self, filter_id: int) -> bool:
        """A worker holds it; True if it is the first to say so."""
        found = self._filters.get(filter_id)
        if found is None or found.standing is not Standing.PROBING:
            return False
        found.standing = Standing.ACCEPTED
        self._changed(filter_id)
        self.accepted[filter_id] = found.message
        return True

    def close(self, filter_id: int, standing: Standing, reason: str) -> None:
        """It is not asked any more, and why."""
        found = self._filters[filter_id]
        found.standing, found.reason, found.alone = standing, reason, None
        self._changed(filter_id)

    def suspect(self, found: Filter, busy: set[int]) -> Queue:
        """From now on it is asked alone."""
        if found.alone is None:
            found.alone = Queue(busy)
            self.suspects[found.message.filter_id] = found
            self._parts.clear()
        return found.alone

    def acquit(self, filter_id: int) -> list[Entry]:
        """It has proved itself; returns what was kept apart of it."""
        found = self.suspects.pop(filter_id)
        assert found.alone is not None
        entries = found.alone.empty()
        found.alone = None
        self._parts.clear()
        return entries

    def parts(self, filter_ids: tuple[int, ...]) -> Parts:
        """Those that may ride with others, and those that need treatment of their own."""
        known = self._parts.get(filter_ids)
        if known is None:
            together = self.accepted.keys() - self.suspects.keys() - self.heavy.keys()
            if together >= set(filter_ids):
                known = Parts(filter_ids, ())
            else:
                plain = tuple(id_ for id_ in filter_ids if id_ in together)
                known = Parts(plain, tuple(id_ for id_ in filter_ids if id_ not in plain))
            if len(self._parts) > 10_000:
                self._parts.clear()
            self._parts[filter_ids] = known
        return known

    def learn(self, task: Task, results: Iterable[FilterResult]) -> list[Filter]:
        """Remember what each filter cost; returns those that became heavy, or light again."""
        self._costs_us.clear()
        before: dict[int, bool] = {}
        for result in results:
            found = self._filters.get(result.filter_id)
            # Symbols behind an interruption were not asked, and say nothing.
            asked = len(task.steps[result.step].items[result.item].symbols) - len(result.unasked)
            if found is None or asked <= 0:
                continue
            before.setdefault(result.filter_id, found.heavy)
            weight = max(COST_WEIGHT, asked / (asked + found.measured))
            found.measured += asked
            found.cost_us += weight * (min(result.cpu_us / asked, 1e6) - found.cost_us)
            found.heavy = is_heavy(found.cost_us, found.measured, was_heavy=found.heavy)
        changed = [found for id_, was in before.items() if (found := self._filters[id_]).heavy is not was]
        for found in changed:
            self._weigh(found)
        return changed

    def _weigh(self, found: Filter) -> None:
        if found.heavy:
            self.heavy[found.message.filter_id] = found
        else:
            self.heavy.pop(found.message.filter_id, None)
        self._parts.clear()

    def cost_us(self, filter_ids: tuple[int, ...]) -> float:
        """Expected CPU time of asking all of them about one symbol."""
        cost_us = self._costs_us.get(filter_ids)
        if cost_us is None:
            filters = self._filters
            cost_us = sum(_expected_us(filters[id_]) for id_ in filter_ids if id_ in filters)
            self._costs_us[filter_ids] = cost_us
        return cost_us

    def cost_alone_us(self, filter_ids: tuple[int, ...]) -> float:
        """The same for a suspect: many symbols at once, so that the one it dies of is soon among them."""
        return sum(found.cost_us for id_ in filter_ids if (found := self._filters.get(id_)) is not None and found.measured)

    def _changed(self, filter_id: int) -> None:
        for table in (self.accepted, self.suspects, self.heavy, self.fresh):
            table.pop(filter_id, None)
        self._parts.clear()
        self.epoch += 1


def _expected_us(found: Filter) -> float:
    """What one question may take; the first few are given more room."""
    return found.cost_us * (TRIAL_FACTOR if 0 < found.measured < TRIAL_SYMBOLS else 1.0)
