"""Evaluations that wait, per symbol in the order of their instants.

A symbol in somebody's hands is busy and gives out nothing until it is back: so what one filter says of one symbol is
always learnt in order. Not here: who gets what.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from engine.wire.messages import Item, Step


class Entry(NamedTuple):
    """One evaluation on its way; `cycle` is the submission it came with, `losses` the deaths it has lived through."""

    symbol: int
    as_of_ms: int
    forming: bool
    filter_ids: tuple[int, ...]
    cycle: int
    losses: int = 0


class Budget:
    """How much one task may hold, in questions and in expected CPU time; the first entry always fits."""

    def __init__(self, questions: int, cpu_us: float, cost_us: Callable[[tuple[int, ...]], float]) -> None:
        self._questions = questions
        self._cpu_us = cpu_us
        self._cost_us = cost_us
        self._empty = True

    def take(self, filter_ids: tuple[int, ...]) -> bool:
        """Whether one more symbol for these filters fits; if so it is booked."""
        questions, cost_us = len(filter_ids), self._cost_us(filter_ids)
        if not self._empty and (questions > self._questions or cost_us > self._cpu_us):
            return False
        self._empty = False
        self._questions -= questions
        self._cpu_us -= cost_us
        return True


class Queue:
    """Entries by symbol; `busy` is shared by all queues of one dispatcher."""

    def __init__(self, busy: set[int]) -> None:
        self._busy = busy
        # Symbols that have waited longest stand first.
        self._waiting: dict[int, deque[Entry]] = {}
        self.size = 0

    def add(self, entry: Entry) -> list[Entry]:
        """Queue behind all of the same or an earlier instant; returns time-driven entries, or parts, that gave way."""
        line = self._waiting.setdefault(entry.symbol, deque())
        gone = self._make_way(line, entry) if entry.forming and line else []
        if not line or line[-1].as_of_ms <= entry.as_of_ms:
            line.append(entry)
        else:
            line.insert(next(place for place, other in enumerate(line) if other.as_of_ms > entry.as_of_ms), entry)
        self.size += 1
        return gone

    def put_back(self, entry: Entry) -> list[Entry]:
        """Queue before all of the same or a later instant, for it was there earlier; returns what gave way to newer ones."""
        line = self._waiting.get(entry.symbol)
        if line is None:
            self._waiting[entry.symbol] = deque((entry,))
            self.size += 1
            return []
        gone: list[Entry] = []
        if entry.forming:
            newer = {id_ for other in line if other.forming and other.as_of_ms >= entry.as_of_ms for id_ in other.filter_ids}
            left, out = _parts(entry, newer)
            if out:
                gone.append(entry._replace(filter_ids=out))
                entry = entry._replace(filter_ids=left)
        if entry.filter_ids:
            places = (place for place, other in enumerate(line) if other.as_of_ms >= entry.as_of_ms)
            line.insert(next(places, len(line)), entry)
            self.size += 1
        return gone

    def _make_way(self, line: deque[Entry], newer: Entry) -> list[Entry]:
        gone: list[Entry] = []
        kept: list[Entry] = []
        filters = set(newer.filter_ids)
        for entry in line:
            if not entry.forming or entry.as_of_ms > newer.as_of_ms:
                kept.append(entry)
                continue
            left, out = ((), entry.filter_ids) if entry.filter_ids == newer.filter_ids else _parts(entry, filters)
            if out:
                gone.append(entry._replace(filter_ids=out))
            if left:
                kept.append(entry._replace(filter_ids=left))
        if gone:
            self.size += len(kept) - len(line)
            line.clear()
            line.extend(kept)
        return gone

    def free(self) -> list[int]:
        """Symbols that have something waiting and are in nobody's hands, longest waiting first."""
        if self._busy.isdisjoint(self._waiting):
            return list(self._waiting)
        return [symbol for symbol in self._waiting if symbol not in self._busy]

    def awaits(self, symbol: int) -> bool:
        """Whether something of this symbol waits here."""
        return symbol in self._waiting

    def take(self, symbols: Iterable[int], budget: Budget) -> list[Entry]:
        """As much of these symbols as fits, each symbol from its earliest instant on; what is taken makes it busy."""
        taken: list[Entry] = []
        for symbol in symbols:
            line = self._waiting[symbol]
            full = self._take_symbol(line, budget, taken)
            if taken and taken[-1].symbol == symbol:
                self._busy.add(symbol)
                del self._waiting[symbol]
                if line:
                    self._waiting[symbol] = line
            if full:
                break
        self.size -= len(taken)
        return taken

    @staticmethod
    def _take_symbol(line: deque[Entry], budget: Budget, taken: list[Entry]) -> bool:
        """Move entries from the line; True when the task is full."""
        seen: set[tuple[int, bool, tuple[int, ...]]] = set()
        while line:
            entry = line[0]
            key = (entry.as_of_ms, entry.forming, entry.filter_ids)
            # The same question twice cannot stand in one item: the second waits for the next task.
            if len(line) > 1 or seen:
                if key in seen:
                    return False
                seen.add(key)
            if not budget.take(entry.filter_ids):
                return True
            taken.append(line.popleft())
        return False

    def strip(self, filter_id: int) -> list[Entry]:
        """Take a filter out of everything that waits; returns its parts in order per symbol."""
        out: list[Entry] = []
        for symbol in list(self._waiting):
            line = self._waiting[symbol]
            if not any(filter_id in entry.filter_ids for entry in line):
                continue
            kept: deque[Entry] = deque()
            for entry in line:
                left, part = _parts(entry, {filter_id})
                if part:
                    out.append(entry._replace(filter_ids=part))
                if left:
                    kept.append(entry._replace(filter_ids=left) if part else entry)
            self.size += len(kept) - len(line)
            if kept:
                self._waiting[symbol] = kept
            else:
                del self._waiting[symbol]
        return out

    def empty(self) -> list[Entry]:
        """Take everything out, in order per symbol."""
        out = [entry for line in self._waiting.values() for entry in line]
        self._waiting.clear()
        self.size = 0
        return out


def _parts(entry: Entry, filters: set[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The entry's filters that are not in the set, and those that are."""
    if filters.isdisjoint(entry.filter_ids):
        return entry.filter_ids, ()
    left = tuple(filter_id for filter_id in entry.filter_ids if filter_id not in filters)
    return left, tuple(filter_id for filter_id in entry.filter_ids if filter_id in filters)


def compose(entries: Iterable[Entry]) -> tuple[Step, ...]:
    """The fewest steps and items that ask exactly these entries: instants ascending, equal filters side by side."""
    steps: dict[tuple[int, bool], dict[tuple[int, ...], list[int]]] = {}
    for symbol, as_of_ms, forming, filter_ids, _, _ in entries:
        steps.setdefault((as_of_ms, forming), {}).setdefault(filter_ids, []).append(symbol)
    return tuple(
        Step(as_of_ms, forming, tuple(Item(filter_ids, tuple(sorted(symbols))) for filter_ids, symbols in items.items()))
        for (as_of_ms, forming), items in sorted(steps.items(), key=lambda step: step[0])
    )
