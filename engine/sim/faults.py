"""Which faults are on, and whether they strike: pure, seeded, in real (monotonic) seconds that are passed in.

What a strike does is decided elsewhere: sockets in `keeper`, events in `tampering`, replies in `spoiling`.
"""

from collections.abc import Iterable, Iterator
from random import Random

from engine.base.errors import SettingsError
from engine.sim.faultkinds import KINDS, Place
from engine.sim.faulttext import Fault


class Running:
    """One fault that was added, and how often it struck."""

    def __init__(self, number: int, fault: Fault, seed: int, added_s: float) -> None:
        self.number = number
        self.fault = fault
        self.struck = 0
        #: Set when there is nothing left for it to do.
        self.done = False
        self.removed = False
        self.random = Random(f"{seed} {number}")
        self.begins_s = added_s + fault.after_s
        self.ends_s = float("inf") if fault.for_s is None else self.begins_s + fault.for_s

    def active(self, now_s: float) -> bool:
        """Whether it may strike now."""
        return not self.done and self.begins_s <= now_s < self.ends_s

    def concerns(self, symbol: str, interval: str) -> bool:
        """Whether it may strike something of this symbol and interval; empty: of none."""
        symbols, intervals = self.fault.symbols, self.fault.intervals
        return (not symbols or symbol in symbols) and (not intervals or interval in intervals)

    def concerns_any(self, streams: Iterable[str]) -> bool:
        """Whether it may strike a socket that carries these streams, `btcusdt@kline_1m` and the like."""
        if not self.fault.symbols and not self.fault.intervals:
            return True
        return any(self.concerns(*_parts(name)) for name in streams)

    def strike(self) -> bool:
        """One occasion: whether it strikes this time."""
        if self.fault.chance < 1 and self.random.random() >= self.fault.chance:
            return False
        self.struck += 1
        if self.fault.count is not None and self.struck >= self.fault.count:
            self.done = True
        return True

    def number_of(self, name: str) -> float:
        """One of its own numbers, which the table guarantees."""
        return self.fault.numbers[name]

    def told(self, now_s: float) -> dict[str, object]:
        """How it stands."""
        return {"id": self.number, **self.fault.fields(), "struck": self.struck, "active": self.active(now_s)}


class Faults:
    """All faults of one simulator."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._added = 0
        self._running: dict[int, Running] = {}
        self._by_kind: dict[str, list[Running]] = {}
        self._places: frozenset[Place] = frozenset()
        #: Whether there is any for events at all: asked for each of thousands of events a second.
        self.on_events = False

    def add(self, fault: Fault, now_s: float) -> int:
        """Begin a fault; its number."""
        self._added += 1
        self._running[self._added] = Running(self._added, fault, self._seed, now_s)
        self._sort()
        return self._added

    def remove(self, number: int) -> None:
        """End a fault; raises SettingsError when there is none of that number."""
        if number not in self._running:
            raise SettingsError("there is no such fault", number, "GET /sim/faults lists them")
        running = self._running.pop(number)
        running.done = running.removed = True
        self._sort()

    def clear(self) -> None:
        """End all faults."""
        for number in list(self._running):
            self.remove(number)

    def told(self, now_s: float) -> list[dict[str, object]]:
        """How all of them stand."""
        return [running.told(now_s) for running in self._running.values()]

    def of(self, kind: str, now_s: float) -> Iterator[Running]:
        """Those of a kind that are active."""
        return (running for running in self._by_kind.get(kind, ()) if running.active(now_s))

    def has(self, place: Place) -> bool:
        """Whether there is a fault that acts there, be it active or not."""
        return place in self._places

    def strike(self, kind: str, now_s: float, symbol: str = "", interval: str = "") -> Running | None:
        """One occasion: the first fault of a kind that strikes something of this symbol and interval."""
        for running in self._by_kind.get(kind, ()):
            if running.active(now_s) and running.concerns(symbol, interval) and running.strike():
                return running
        return None

    def skew_ms(self, now_s: float) -> int:
        """By how much the exchange's clock is shown wrongly."""
        return int(sum(running.number_of("ms") for running in self.of("skew", now_s)))

    def _sort(self) -> None:
        self._by_kind = {}
        for running in self._running.values():
            self._by_kind.setdefault(running.fault.kind, []).append(running)
        self._places = frozenset(KINDS[kind].place for kind in self._by_kind)
        self.on_events = "events" in self._places


def _parts(name: str) -> tuple[str, str]:
    """Symbol and interval of a stream's name."""
    symbol, _, what = name.partition("@")
    interval = what.partition("_")[2].partition("@")[0] if what.startswith("kline_") else ""
    return symbol.upper(), interval
